package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// awaitClose has every client wait for a close frame with code and that text.
func awaitClose(t *testing.T, clients []*gatewaytest.Client, code ws.StatusCode, text string) *sync.WaitGroup {
	all := new(sync.WaitGroup)
	for _, c := range clients {
		all.Go(func() {
			if got := c.ExpectClose(code); got != text {
				t.Errorf("closed with the text %q, want %q", got, text)
			}
		})
	}
	return all
}

// dialMany connects clients to the echo at /.
func dialMany(t *testing.T, n *gatewaytest.Node, count int) []*gatewaytest.Client {
	clients := make([]*gatewaytest.Client, count)
	for i := range clients {
		clients[i] = n.Dial(t, "/")
	}
	return clients
}

func TestDrainKeepsItsPace(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		const sessions, rate = 60, 120
		config.Drain = gateway.Drain{Rate: rate, Code: gateway.StatusServiceRestart, Reason: "new version"}
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		all := awaitClose(t, dialMany(t, n, sessions), gateway.StatusServiceRestart, "new version")
		began := time.Now()
		if err := shutDown(t, n.Gateway, gatewaytest.Patience); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		took := time.Since(began)
		all.Wait()
		// A slow machine is late; only haste is a fault.
		if least := time.Second * sessions / rate * 3 / 4; took < least {
			t.Errorf("%d sessions at %d a second have gone within %v, want %v or more", sessions, rate, took, least)
		}
	})
}

// askMany has clients ask for the echo at /, and does not wait for the answers.
func askMany(t *testing.T, n *gatewaytest.Node, count int) []net.Conn {
	conns := make([]net.Conn, count)
	for i := range conns {
		conns[i] = n.Raw(t)
		if _, err := conns[i].Write(gatewaytest.UpgradeRequest("/")); err != nil {
			t.Fatal(err)
		}
	}
	return conns
}

// expectFarewells has all who asked become sessions that are told to go, and then the
// drain end without an error.
func expectFarewells(t *testing.T, conns []net.Conn, ended <-chan error) {
	for _, conn := range conns {
		gatewaytest.Upgraded(t, conn).ExpectClose(ws.StatusGoingAway)
	}
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// TestDrainLetsInWhoWaits at the door: they were accepted before, and are told to go
// like everyone else.
func TestDrainLetsInWhoWaits(t *testing.T) {
	const clients, rate = 40, 25
	config := gateway.Config{Loops: 2}
	config.Admission.AcceptRate, config.Admission.AcceptBurst, config.Admission.AcceptQueue = rate, 1, 8*clients
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	conns := askMany(t, n, clients)
	ended := make(chan error, 1)
	go func() { ended <- shutDown(t, n.Gateway, gatewaytest.Patience) }()
	expectFarewells(t, conns, ended)
}

func TestDrainGraceStillServes(t *testing.T) {
	config := gateway.Config{Loops: 2, Drain: gateway.Drain{Grace: time.Hour}}
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	early := n.Dial(t, "/")
	ended := make(chan error, 1)
	go func() { ended <- shutDown(t, n.Gateway, time.Second/2) }()
	n.Eventually(t, func() bool { return !n.Gateway.Ready() }, "the drain to begin")

	late := n.Dial(t, "/")
	for _, c := range []*gatewaytest.Client{early, late} {
		c.SendText("in the grace")
		c.ExpectText("in the grace")
	}
	stats := n.Stats(t)
	if stats.Drain == nil || stats.Drain.Sessions != 1 || stats.Drain.Left != 2 {
		t.Errorf("the drain's figures are %+v; want 1 session when it began and 2 left", stats.Drain)
	}
	for _, c := range []*gatewaytest.Client{early, late} {
		c.ExpectClose(ws.StatusGoingAway) // for the deadline comes before the end of the grace
	}
	if err := <-ended; err == nil {
		t.Error("Shutdown says nothing of its deadline")
	}
}

func TestDrainDeadlineClosesTheRestTogether(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		const sessions = 30
		config.Drain.Rate = 1
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		all := awaitClose(t, dialMany(t, n, sessions), ws.StatusGoingAway, gateway.ReasonShutdown.Text())
		if err := shutDown(t, n.Gateway, 100*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v, want the end of its context", err)
		}
		all.Wait()
	})
}

// A client whose connection was accepted just before the listeners closed has
// sent no request yet. It is served, and then closed like the others.
func TestDrainWaitsForLateComers(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		conn := n.Raw(t)
		n.Eventually(t, func() bool { return n.Totals(t).Connections == 1 }, "the connection")
		ended := make(chan error, 1)
		go func() { ended <- shutDown(t, n.Gateway, gatewaytest.Patience) }()
		n.Eventually(t, func() bool { return !n.Gateway.Ready() }, "the drain to begin")
		conn.Write(gatewaytest.UpgradeRequest("/"))
		gatewaytest.Upgraded(t, conn).ExpectClose(ws.StatusGoingAway)
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

// A client whose upgrade takes too long to be decided on is told when to come back. Had
// it become a session, it would be closed at once.
func TestDrainAnswersTheUndecided(t *testing.T) {
	for name, patience := range map[string]time.Duration{"late": gatewaytest.Patience, "at the deadline": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			onVariants(t, func(t *testing.T, config gateway.Config) {
				o := newCourt()
				n := gatewaytest.Start(t, o.deciding(config, gateway.Pooled))
				conn, one := o.apply(t, n)
				ended := make(chan error, 1)
				go func() { ended <- shutDown(t, n.Gateway, patience) }()
				b := &browser{t, conn, bufio.NewReader(conn)}
				answer, text := b.answer()
				if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || text != "shutting down\n" {
					t.Errorf("answered %v %q, want 503 and when to come back", answer, text)
				}
				one.expectEnd(t)
				conn.Close()
				if err := <-ended; err != nil && name == "late" {
					t.Errorf("Shutdown: %v", err)
				}
			})
		})
	}
}

// Whoever waits for the end of a long drain reads in the log how far it is.
func TestDrainTellsWhoIsLeft(t *testing.T) {
	var book logBook
	n := gatewaytest.Start(t, echoing(gateway.Config{Drain: gateway.Drain{Rate: 1}, Logger: slog.New(slog.NewTextHandler(&book, nil))}, gateway.Inline))
	dialMany(t, n, 20)
	shutDown(t, n.Gateway, 7*time.Second)
	for _, want := range []string{"msg=draining sessions=20", "msg=draining left=", "msg=drained left=0"} {
		if !strings.Contains(book.String(), want) {
			t.Errorf("the log has no %q: %s", want, book.String())
		}
	}
}

func TestDrainFaults(t *testing.T) {
	for _, tc := range []struct {
		drain gateway.Drain
		field string
	}{
		{gateway.Drain{Grace: 2 * time.Hour}, "Drain.Grace"},
		{gateway.Drain{Grace: -1}, "Drain.Grace"},
		{gateway.Drain{Rate: -1}, "Drain.Rate"},
		{gateway.Drain{Code: ws.StatusNormalClosure}, "Drain.Code"},
		{gateway.Drain{Reason: strings.Repeat("x", 124)}, "Drain.Reason"},
		{gateway.Drain{Reason: "\xff"}, "Drain.Reason"},
	} {
		t.Run(fmt.Sprint(tc.drain), func(t *testing.T) {
			fault, ok := errors.AsType[*gateway.Fault](gateway.Config{Drain: tc.drain}.Validate())
			if !ok || fault.Field != tc.field {
				t.Errorf("fault %v, want one of %s", fault, tc.field)
			}
		})
	}
}

// TestDrainLetsInWhoQueues: those whom the kernel has accepted and the loop has not are
// sessions too, though for a moment nobody is left.
func TestDrainLetsInWhoQueues(t *testing.T) {
	const clients = 200 // of which a turn accepts 64
	held, proceed := make(chan struct{}), make(chan struct{})
	hold := hooks{close: func(gateway.Session, gateway.Reason) { close(held); <-proceed }}
	config := echoing(gateway.Config{Loops: 1}, gateway.Inline)
	config.Routes = append(config.Routes, gateway.Route{Path: "/hold", Handler: hold, Dispatch: gateway.Inline})
	n := gatewaytest.Start(t, config)
	holder := n.Raw(t)
	holder.Write(gatewaytest.UpgradeRequest("/hold"))
	gatewaytest.Upgraded(t, holder)
	holder.SetLinger(0)
	holder.Close() // a reset is dealt with ahead of new connections and of the mail
	<-held
	conns := askMany(t, n, clients)
	ended := make(chan error, 1)
	go func() { ended <- shutDown(t, n.Gateway, gatewaytest.Patience) }()
	n.Eventually(t, func() bool { return !n.Gateway.Ready() }, "the drain to begin")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	n.Gateway.Stats(ctx) // the loop cannot answer; by the end the drain has asked, too
	close(proceed)
	expectFarewells(t, conns, ended)
}
