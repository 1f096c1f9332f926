package gateway_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

func TestShutdownSaysGoodbye(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, echoing(config, gateway.Pooled))
		clients := make([]*gatewaytest.Client, 10)
		for i := range clients {
			clients[i] = n.Dial(t, "/")
			clients[i].SendText("hello")
		}
		half := n.Raw(t) // not a session yet
		n.Eventually(t, func() bool {
			now := n.Totals(t)
			return now.Connections == 11 && now.MessagesOut == 10
		}, "the connections, and the echoes to be on their way")
		var reading sync.WaitGroup
		for _, c := range clients {
			reading.Go(func() {
				c.ExpectText("hello")
				c.ExpectClose(ws.StatusGoingAway)
			})
		}
		if err := shutDown(t, n.Gateway, gatewaytest.Patience); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		reading.Wait()
		half.SetReadDeadline(time.Now().Add(gatewaytest.Patience))
		if _, err := half.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a connection without a request outlives the shutdown: %v", err)
		}
		if conn, err := net.Dial("tcp", n.Addr()); err == nil {
			conn.Close()
			t.Error("the port still accepts")
		}
		if n.Gateway.Ready() {
			t.Error("Ready after the shutdown")
		}
		if err := n.Gateway.Serve(t.Context()); !errors.Is(err, gateway.ErrServed) {
			t.Errorf("second Serve: %v, want ErrServed", err)
		}
	})
}

func TestShutdownLetsMessagesArriveFirst(t *testing.T) {
	const count = 20
	h, sessions := introduced()
	n := gatewaytest.Start(t, serving(gateway.Config{}, h, gateway.Inline))
	c := n.Dial(t, "/")
	s := <-sessions
	for range count {
		s.Send(gateway.Text, []byte("before the end"))
	}
	ended := make(chan error, 1)
	go func() { ended <- shutDown(t, n.Gateway, gatewaytest.Patience) }()
	for range count {
		c.ExpectText("before the end")
	}
	c.ExpectClose(ws.StatusGoingAway)
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		for range 10 { // the close frame competes with the end of the loop
			g, serving := start(t, echoing(config, gateway.Inline))
			conn, err := net.Dial("tcp", g.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.Write(gatewaytest.UpgradeRequest("/"))
			c := gatewaytest.Upgraded(t, conn)
			c.SendText("hello")
			c.ExpectText("hello")
			serving.cancel()
			c.ExpectClose(ws.StatusGoingAway)
			serving.expectNil(t)
		}
	})
}

// served is a Serve that is under way.
type served struct {
	cancel context.CancelFunc
	ended  chan error
}

// start serves without the test harness.
func start(t *testing.T, config gateway.Config) (*gateway.Gateway, served) {
	t.Helper()
	gatewaytest.CheckLeaks(t)
	config.Listen = "127.0.0.1:0"
	g, err := gateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := served{cancel, make(chan error, 1)}
	go func() { s.ended <- g.Serve(ctx) }()
	t.Cleanup(cancel)
	return g, s
}

func (s served) expectNil(t *testing.T) {
	t.Helper()
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("Serve: %v, want nil", err)
		}
	case <-time.After(gatewaytest.Patience):
		t.Error("Serve does not return")
	}
}

func TestShutdownAtTheMomentOfServe(t *testing.T) { isolated(t, shutdownAtTheMomentOfServe) }

func shutdownAtTheMomentOfServe(t *testing.T) {
	for range 20 {
		g, serving := start(t, gateway.Config{})
		if err := shutDown(t, g, gatewaytest.Patience); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		select {
		case <-serving.ended: // what it returns depends on who was first
		case <-time.After(gatewaytest.Patience):
			t.Fatal("Serve does not return")
		}
	}
}

func TestShutdownWithoutServeReleasesThePort(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		gatewaytest.CheckLeaks(t)
		config.Listen = "127.0.0.1:0"
		g, err := gateway.New(config)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := shutDown(t, g, gatewaytest.Patience); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
		}
		l, err := net.Listen("tcp", g.Addr().String())
		if err != nil {
			t.Fatalf("the port is still taken: %v", err)
		}
		l.Close()
	})
}

func TestServeAfterShutdownIsAnError(t *testing.T) { isolated(t, serveAfterShutdownIsAnError) }

func serveAfterShutdownIsAnError(t *testing.T) {
	gatewaytest.CheckLeaks(t)
	g, err := gateway.New(gateway.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	shutDown(t, g, gatewaytest.Patience)
	ctx, cancel := context.WithTimeout(t.Context(), gatewaytest.Patience)
	defer cancel()
	if err := g.Serve(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("Serve of a gateway that was shut down: %v, want an error at once", err)
	}
}

func TestShutdownDoesNotWaitForABlockedHandlerForEver(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		release, entered := make(chan struct{}), make(chan struct{})
		h := hooks{message: func(gateway.Session, gateway.Message) {
			close(entered)
			<-release
		}}
		n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
		n.Dial(t, "/").SendText("block")
		<-entered
		if err := shutDown(t, n.Gateway, 50*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v, want the end of its context", err)
		}
		close(release) // the workers must end by the end of the test
	})
}

func TestHandlerMayPanicAfterTheShutdown(t *testing.T) { isolated(t, handlerMayPanicAfterTheShutdown) }

func handlerMayPanicAfterTheShutdown(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{})
	h := hooks{message: func(gateway.Session, gateway.Message) {
		close(entered)
		<-release
		panic("too late for the log")
	}}
	n := gatewaytest.Start(t, serving(gateway.Config{}, h, gateway.Pooled))
	n.Dial(t, "/").SendText("block")
	<-entered
	shutDown(t, n.Gateway, 20*time.Millisecond)
	close(release) // what is checked is that the process and no worker survives
}

func TestShutdownLetsRequestsFinish(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		release, entered := make(chan struct{}), make(chan struct{})
		config.HTTP = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-release
			w.Write([]byte("finished"))
		})
		n := gatewaytest.Start(t, config)
		b := browse(t, n)
		b.conn.Write(get("/"))
		<-entered
		ended := make(chan error, 1)
		go func() { ended <- shutDown(t, n.Gateway, gatewaytest.Patience) }()
		n.Eventually(t, func() bool { return !n.Gateway.Ready() }, "the shutdown to begin")
		close(release)
		if _, body := b.ask(nil); body != "finished" {
			t.Errorf("answered %q", body)
		}
		b.conn.Close()
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

// TestShutdownThatCutsARequestOffIsAnError as it is for a session.
func TestShutdownThatCutsARequestOffIsAnError(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		release, entered := make(chan struct{}), make(chan struct{})
		config.HTTP = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(entered)
			<-release
		})
		n := gatewaytest.Start(t, config)
		n.Raw(t).Write(get("/"))
		<-entered
		if err := shutDown(t, n.Gateway, 50*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v, want the end of its context", err)
		}
		close(release)
	})
}

// TestShutdownAmidRequestsLeaksNothing ends with the check for descriptors.
func TestShutdownAmidRequestsLeaksNothing(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		for range 5 {
			n := gatewaytest.Start(t, pages(config))
			for range 30 {
				n.Raw(t).Write(get("/"))
			}
			if err := shutDown(t, n.Gateway, gatewaytest.Patience); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
		}
	})
}

func TestStatsAfterShutdownIsAnError(t *testing.T) {
	n := gatewaytest.Start(t, gateway.Config{})
	shutDown(t, n.Gateway, gatewaytest.Patience)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := n.Gateway.Stats(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("Stats of a gateway that was shut down: %v, want an error at once", err)
	}
}

// TestShutdownThatTakesTooLongAnswersCloseFrames: a peer whose close frame came while a
// handler was busy is owed one, too (RFC 6455 §5.5.1).
func TestShutdownThatTakesTooLongAnswersCloseFrames(t *testing.T) {
	began, proceed := make(chan struct{}), make(chan struct{})
	h := hooks{message: func(gateway.Session, gateway.Message) {
		close(began)
		<-proceed
	}}
	n := gatewaytest.Start(t, serving(gateway.Config{Loops: 1}, h, gateway.Pooled))
	c := n.Dial(t, "/")
	c.Write(append(frames("busy"), gatewaytest.Masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "")))...))
	<-began
	ended, end := context.WithCancel(t.Context())
	end()
	down := make(chan error, 1)
	go func() { down <- n.Gateway.Shutdown(ended) }()
	c.ExpectClose(1000)
	close(proceed)
	if err := <-down; !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v, want %v", err, context.Canceled)
	}
}

// TestShutdownInNoTime is one without an error, where nobody is cut off.
func TestShutdownInNoTime(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	n := gatewaytest.Start(t, echoing(gateway.Config{Drain: gateway.Drain{Grace: time.Hour}}, gateway.Pooled))
	c := n.Dial(t, "/")
	c.Close()
	n.Eventually(t, func() bool { return n.Totals(t).Connections == 0 }, "the client to be gone")
	for range 20 { // those after the first have nothing to do
		if err := n.Gateway.Shutdown(ended); err != nil {
			t.Fatalf("Shutdown: %v", err)
		}
	}
}

func TestShutdownInNoTimeWithoutServe(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for range 20 { // chance must not decide
		g, err := gateway.New(gateway.Config{Listen: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Shutdown(ended); err != nil {
			t.Fatalf("Shutdown: %v", err)
		}
	}
}
