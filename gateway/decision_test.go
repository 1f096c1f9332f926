package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// court is a Decide whose decisions a test makes.
type court struct {
	cases chan *trial
}

// trial is one call of the Decide.
type trial struct {
	ctx     context.Context
	request *gateway.Request
	verdict chan error
}

func newCourt() *court { return &court{make(chan *trial, 64)} }

// decide waits for the verdict, or for the end of its context.
func (o *court) decide(ctx context.Context, r *gateway.Request) error {
	one := &trial{ctx, r, make(chan error, 1)}
	o.cases <- one
	select {
	case err := <-one.verdict:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// next returns the next case.
func (o *court) next(t *testing.T) *trial {
	t.Helper()
	select {
	case one := <-o.cases:
		return one
	case <-time.After(gatewaytest.Patience):
		t.Fatal("no upgrade is brought to a decision")
		return nil
	}
}

// expectEnd waits for the end of the case's context.
func (o *trial) expectEnd(t *testing.T) {
	t.Helper()
	select {
	case <-o.ctx.Done():
	case <-time.After(gatewaytest.Patience):
		t.Error("the context of the decision does not end")
	}
}

// deciding returns config with one hub, echo, whose upgrades the court decides on.
func (o *court) deciding(config gateway.Config, d gateway.Dispatch) gateway.Config {
	config.Hubs = []gateway.HubConfig{{Name: "echo", Handler: gateway.Echo(), Dispatch: d, Decide: o.decide}}
	return config
}

var echoPath = gateway.HubPath("echo")

// apply sends an upgrade and returns the connection and its case.
func (o *court) apply(t *testing.T, n *gatewaytest.Node, behind ...byte) (net.Conn, *trial) {
	t.Helper()
	conn := n.Raw(t)
	conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	if _, err := conn.Write(append(gatewaytest.UpgradeRequest(echoPath), behind...)); err != nil {
		t.Fatal(err)
	}
	return conn, o.next(t)
}

func frames(texts ...string) (all []byte) {
	for _, text := range texts {
		all = append(all, gatewaytest.Masked(ws.NewTextFrame([]byte(text)))...)
	}
	return all
}

func TestFramesBeforeADecisionAreHandledAfterItInOrder(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		o := newCourt()
		n := gatewaytest.Start(t, o.deciding(config, d))
		conn := n.Raw(t)
		conn.Write(append(gatewaytest.UpgradeRequest(echoPath), frames("with the head", "too")...))
		one := o.next(t)
		read := n.Totals(t).BytesIn
		half := frames("cut in two")
		conn.Write(append(frames("undecided"), half[:7]...))
		n.Eventually(t, func() bool { return n.Totals(t).BytesIn > read }, "the frames to be read")
		if totals := n.Totals(t); totals.Undecided != 1 || totals.Sessions != 0 || totals.MessagesIn != 0 {
			t.Errorf("%d undecided, %d sessions, %d messages; want 1, 0 and 0", totals.Undecided, totals.Sessions, totals.MessagesIn)
		}
		one.verdict <- nil
		c := gatewaytest.Upgraded(t, conn)
		c.Write(half[7:])
		c.SendText("decided")
		for _, text := range []string{"with the head", "too", "undecided", "cut in two", "decided"} {
			c.ExpectText(text)
		}
		one.expectEnd(t)
	})
}

func TestDecisionOverTLS(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		o := newCourt()
		config, trust := secured(t, o.deciding(config, gateway.Pooled))
		n := gatewaytest.Start(t, config)
		conn := tls.Client(n.Raw(t), trust)
		conn.Write(append(gatewaytest.UpgradeRequest(echoPath), frames("with the head")...))
		one := o.next(t)
		conn.Write(frames("undecided"))
		one.verdict <- nil
		c := gatewaytest.Upgraded(t, conn)
		c.ExpectText("with the head")
		c.ExpectText("undecided")
	})
}

func TestDecisionsThatRefuse(t *testing.T) {
	for _, test := range []struct {
		name    string
		verdict error
		status  int
		reason  gateway.Reason
	}{
		{"an error", errors.New("no"), http.StatusUnauthorized, gateway.ReasonUnauthorized},
		{"a refusal", &gateway.Refusal{Status: http.StatusTeapot, Text: "short and stout"}, http.StatusTeapot, gateway.ReasonUnauthorized},
		{"an outage", &gateway.Refusal{Status: http.StatusBadGateway, Text: "nobody answers"}, http.StatusBadGateway, gateway.ReasonDecisionFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			onVariants(t, func(t *testing.T, config gateway.Config) {
				o := newCourt()
				n := gatewaytest.Start(t, o.deciding(config, gateway.Pooled))
				conn := n.Raw(t)
				conn.Write(append(gatewaytest.UpgradeRequest(echoPath), frames("never handled")...))
				o.next(t).verdict <- test.verdict
				if answer, _ := readAnswer(t, conn); answer.StatusCode != test.status {
					t.Errorf("status %d, want %d", answer.StatusCode, test.status)
				}
				conn.Close()
				n.AwaitReason(t, test.reason, 1)
				n.Eventually(t, func() bool { return n.Gateway.Hub("echo").Sessions() == 0 }, "the places to be free")
			})
		})
	}
}

// TestDecisionThatFailsIsLogged with its cause, which is none of the client's business.
func TestDecisionThatFailsIsLogged(t *testing.T) {
	const status = http.StatusBadGateway
	for name, verdict := range map[string]error{
		"nobody answers": &gateway.Refusal{Status: status, Text: "nobody answers"},
		"no such host":   fmt.Errorf("%w: dial tcp: no such host", &gateway.Refusal{Status: status, Text: "try again"}),
	} {
		t.Run(name, func(t *testing.T) {
			var book logBook
			o := newCourt()
			n := gatewaytest.Start(t, o.deciding(gateway.Config{Logger: slog.New(slog.NewTextHandler(&book, nil))}, gateway.Pooled))
			conn := n.Raw(t)
			conn.Write(gatewaytest.UpgradeRequest(echoPath))
			o.next(t).verdict <- verdict
			if _, body := readAnswer(t, conn); strings.Contains(body, "dial") {
				t.Errorf("the client is told %q", body)
			}
			conn.Close()
			n.AwaitReason(t, gateway.ReasonDecisionFailed, 1)
			want := fmt.Sprintf("cause=%q\n", verdict.Error())
			n.Eventually(t, func() bool { return strings.Contains(book.String(), want) }, want)
		})
	}
}

// TestDecisionThatPanicsRefuses as one does that ends its goroutine, and neither keeps a
// place among decisions.
func TestDecisionThatPanicsRefuses(t *testing.T) {
	for name, decide := range map[string]func(){
		"panic":  func() { panic("asked") },
		"Goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			config := gateway.Config{Routes: []gateway.Route{{Path: "/", Handler: gateway.Echo(),
				Decide: func(context.Context, *gateway.Request) error { decide(); return nil }}}}
			config.Limits.Decisions, config.Limits.Undecided = 1, 1
			n := gatewaytest.Start(t, config)
			for i := range 3 {
				conn := n.Raw(t)
				conn.Write(gatewaytest.UpgradeRequest("/"))
				if answer, _ := readAnswer(t, conn); answer.StatusCode != http.StatusInternalServerError {
					t.Fatalf("upgrade %d: status %d, want 500", i, answer.StatusCode)
				}
				conn.Close()
				n.AwaitReason(t, gateway.ReasonInternal, uint64(i+1))
			}
		})
	}
}

func TestDecisionThatTakesTooLong(t *testing.T) {
	release := make(chan struct{})
	for _, test := range []struct {
		name   string
		decide gateway.Decide
	}{
		{"heeds its context", func(ctx context.Context, _ *gateway.Request) error { <-ctx.Done(); return ctx.Err() }},
		{"heeds it and grants", func(ctx context.Context, _ *gateway.Request) error { <-ctx.Done(); return nil }},
		{"heeds nothing", func(context.Context, *gateway.Request) error { <-release; return nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := gateway.Config{Loops: 1, Routes: []gateway.Route{{Path: "/", Handler: gateway.Echo(), Decide: test.decide}}}
			config.Timeouts.Decide = 40 * time.Millisecond
			n := gatewaytest.Start(t, config)
			conn := n.Raw(t)
			conn.Write(gatewaytest.UpgradeRequest("/"))
			if answer, _ := readAnswer(t, conn); answer.StatusCode != http.StatusGatewayTimeout || answer.Header.Get("Retry-After") == "" {
				t.Errorf("status %d, Retry-After %q", answer.StatusCode, answer.Header.Get("Retry-After"))
			}
			conn.Close()
			n.AwaitReason(t, gateway.ReasonUndecided, 1)
			if test.name == "heeds nothing" {
				close(release)
			}
		})
	}
}

func TestDecisionEndsWithItsClient(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		o := newCourt()
		config.Limits.Sessions, config.Limits.SessionsPerAddress = 1, 1
		n := gatewaytest.Start(t, o.deciding(config, gateway.Pooled))
		for i := range 3 {
			conn, one := o.apply(t, n)
			refused := n.Raw(t) // the one that is undecided has the place
			refused.Write(gatewaytest.UpgradeRequest(echoPath))
			if answer, _ := readAnswer(t, refused); answer.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("beyond the limit: status %d, want 503", answer.StatusCode)
			}
			conn.Close()
			one.expectEnd(t)
			n.AwaitReason(t, gateway.ReasonHandshakeAborted, uint64(i+1))
		}
		_, one := o.apply(t, n)
		one.verdict <- nil
		n.Eventually(t, func() bool { return n.Totals(t).Sessions == 1 }, "the session to open")
	})
}

func TestDecisionsWaitInLine(t *testing.T) {
	o := newCourt()
	config := o.deciding(gateway.Config{Loops: 1}, gateway.Pooled)
	config.Limits.Decisions, config.Limits.Undecided = 1, 2
	n := gatewaytest.Start(t, config)
	first, one := o.apply(t, n)
	second := n.Raw(t)
	second.Write(gatewaytest.UpgradeRequest(echoPath))
	n.Eventually(t, func() bool { return n.Totals(t).Undecided == 2 }, "the second to stand in line")
	if deciding := n.Stats(t).Deciding; deciding != 1 {
		t.Errorf("%d upgrades are decided on, want 1", deciding)
	}
	third := n.Raw(t)
	third.Write(gatewaytest.UpgradeRequest(echoPath))
	if answer, body := readAnswer(t, third); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("the third is answered with %d %q", answer.StatusCode, body)
	}
	third.Close()
	n.AwaitReason(t, gateway.ReasonUndecidedFull, 1)
	select {
	case <-o.cases:
		t.Error("two upgrades are decided on at once")
	default:
	}
	one.verdict <- &gateway.Refusal{Status: 403, Text: "no"}
	if status, err := io.ReadAll(first); err != nil || !bytes.HasPrefix(status, []byte("HTTP/1.1 403")) {
		t.Errorf("the first is answered with %q, %v", status, err)
	}
	first.Close()
	o.next(t).verdict <- nil
	gatewaytest.Upgraded(t, second).Close()
}

// TestUndecidedClientIsReadWithinBounds has a client send much more than it may
// before a decision. All of it arrives afterwards.
func TestUndecidedClientIsReadWithinBounds(t *testing.T) {
	const messages, size = 64, 32 << 10
	onEngines(t, func(t *testing.T, config gateway.Config) {
		o := newCourt()
		config.Limits.Outbound = 2 * messages * size // the echoes may all wait for a client that still writes
		n := gatewaytest.Start(t, o.deciding(config, gateway.Pooled))
		payload := patterned(size)
		conn := n.Raw(t)
		conn.Write(gatewaytest.UpgradeRequest(echoPath))
		one := o.next(t)
		written := make(chan error, 1)
		go func() {
			conn.SetWriteDeadline(time.Now().Add(gatewaytest.Patience))
			frame := gatewaytest.Masked(ws.NewBinaryFrame(payload))
			for range messages {
				if _, err := conn.Write(frame); err != nil {
					written <- err
					return
				}
			}
			written <- nil
		}()
		n.Eventually(t, func() bool { return n.Totals(t).BytesIn > 16<<10 }, "the client to be read")
		for range 20 { // turns in which the loop could read more
			n.Stats(t)
		}
		if in := n.Totals(t).BytesIn; in > 128<<10 {
			t.Errorf("%d bytes were read before the decision", in)
		}
		one.verdict <- nil
		c := gatewaytest.Upgraded(t, conn)
		for range messages {
			c.Expect(gateway.Binary, payload)
		}
		must(t, <-written)
	})
}

// TestClientsThatSendAheadAreHeldToABudget has them send more together than the node
// keeps.
func TestClientsThatSendAheadAreHeldToABudget(t *testing.T) {
	o := newCourt()
	config := o.deciding(gateway.Config{Loops: 1}, gateway.Pooled)
	config.Limits.Backlog = 10 << 10
	n := gatewaytest.Start(t, config)
	ahead := frames(string(patterned(6 << 10)))
	first, one := o.apply(t, n, ahead...)
	second, other := o.apply(t, n)
	second.Write(ahead)
	other.expectEnd(t)
	if answer, err := io.ReadAll(second); err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 503")) {
		t.Errorf("answered with %.40q, %v", answer, err)
	}
	second.Close()
	n.AwaitReason(t, gateway.ReasonUndecidedFull, 1)
	one.verdict <- nil
	gatewaytest.Upgraded(t, first).ExpectText(string(patterned(6 << 10)))
	third, again := o.apply(t, n, ahead...) // what the others have sent is kept no more
	again.verdict <- nil
	gatewaytest.Upgraded(t, third).ExpectText(string(patterned(6 << 10)))
}

func TestWhatADecisionMayMakeOfARequest(t *testing.T) {
	for _, test := range []struct {
		name        string
		change      func(*gateway.Request)
		subprotocol string
		refused     bool
	}{
		{"nothing", func(*gateway.Request) {}, "v1.chat", false},
		{"another subprotocol", func(r *gateway.Request) { r.Subprotocol = "v9.chat" }, "v9.chat", false},
		{"no subprotocol", func(r *gateway.Request) { r.Subprotocol = "" }, "", false},
		{"a subprotocol that is not offered", func(r *gateway.Request) { r.Subprotocol = "v7.chat" }, "", true},
		{"a form too many", func(r *gateway.Request) { r.Form = gateway.Forms }, "", true},
		{"a group without a name", func(r *gateway.Request) { r.Identity.Groups = []string{""} }, "", true},
		{"a user and groups", func(r *gateway.Request) {
			r.Identity = gateway.Identity{User: "ann", Groups: []string{"a", "b"}}
		}, "v1.chat", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			hub := gateway.HubConfig{Name: "chat", Handler: gateway.Echo(), Subprotocols: []string{"v1.chat"}}
			hub.Decide = func(_ context.Context, r *gateway.Request) error { test.change(r); return nil }
			n := gatewaytest.Start(t, gateway.Config{Loops: 1, Hubs: []gateway.HubConfig{hub}})
			conn := n.Raw(t)
			conn.Write(gatewaytest.UpgradeRequest(gateway.HubPath("chat"), "Sec-WebSocket-Protocol: v9.chat, v1.chat"))
			if test.refused {
				if answer, _ := readAnswer(t, conn); answer.StatusCode != http.StatusInternalServerError {
					t.Errorf("status %d, want 500", answer.StatusCode)
				}
				conn.Close()
				n.AwaitReason(t, gateway.ReasonInternal, 1)
				return
			}
			if c := gatewaytest.Upgraded(t, conn); c.Subprotocol != test.subprotocol {
				t.Errorf("subprotocol %q, want %q", c.Subprotocol, test.subprotocol)
			}
		})
	}
}

// TestDecisionsUnderChurn has clients come and go while few decisions are made at a
// time: some leave before theirs, in line or not. The test harness checks that all
// places are free in the end.
func TestDecisionsUnderChurn(t *testing.T) {
	const clients, rounds = 24, 10
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.Decisions, config.Limits.Sessions, config.Limits.SessionsPerAddress = 3, clients, clients
		config.Hubs = []gateway.HubConfig{{Name: "echo", Handler: gateway.Echo(), SessionsPerUser: clients,
			Decide: func(ctx context.Context, r *gateway.Request) error {
				r.Identity = gateway.Identity{User: "someone", Groups: []string{"room"}}
				select {
				case <-time.After(time.Millisecond):
				case <-ctx.Done():
				}
				if r.Query == "refused" {
					return errors.New("no")
				}
				return nil
			}}}
		n := gatewaytest.Start(t, config)
		var running sync.WaitGroup
		var granted atomic.Int32
		for i := range clients {
			running.Go(func() {
				for round := range rounds {
					conn := n.Raw(t)
					path := echoPath
					if (i+round)%3 == 1 {
						path += "?refused"
					}
					conn.Write(append(gatewaytest.UpgradeRequest(path), frames("hello")...))
					if (i+round)%3 == 0 {
						conn.Close()
						continue
					}
					answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
					if err == nil && answer.StatusCode == http.StatusSwitchingProtocols {
						granted.Add(1)
					}
					conn.Close()
				}
			})
		}
		running.Wait()
		n.Eventually(t, func() bool { return n.Totals(t).Connections == 0 && n.Stats(t).Deciding == 0 }, "all to have gone")
		if n := granted.Load(); n == 0 || n > clients*rounds/3 {
			t.Errorf("%d of %d upgrades were granted", n, clients*rounds)
		}
		for slot := range clients { // the places of all who have left
			c := n.Dial(t, echoPath)
			defer c.Close()
			if c.SendText("hello"); slot == 0 {
				c.ExpectText("hello")
			}
		}
	})
}

// TestNobodyChoosesAmongTheUndecided: there is no session yet that a filter could ask.
func TestNobodyChoosesAmongTheUndecided(t *testing.T) {
	o := newCourt()
	n := gatewaytest.Start(t, o.deciding(gateway.Config{}, gateway.Inline))
	conn, one := o.apply(t, n)
	var asked atomic.Bool
	p := text("too soon")
	p.Filter = func(r *gateway.Recipient) bool {
		asked.Store(true)
		return r.Hub() == "echo"
	}
	must(t, one.request.Session.Publish(p))
	if got := n.Totals(t).Undelivered; got != 1 || asked.Load() {
		t.Errorf("%d messages were undelivered, want 1; the filter was asked: %v", got, asked.Load())
	}
	one.verdict <- nil
	c := gatewaytest.Upgraded(t, conn)
	c.SendText("now")
	c.ExpectText("now")
}
