package gateway_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// numbered returns a message of random size that begins with a number.
func numbered(number uint32) []byte {
	p := make([]byte, 4+rand.IntN(2000)*rand.IntN(3))
	binary.BigEndian.PutUint32(p, number)
	return p
}

func TestPooledMessagesKeepTheOrderOfTheirSession(t *testing.T) {
	const sessions, messages = 50, 200
	onEngines(t, func(t *testing.T, config gateway.Config) {
		config.Workers = 8
		var expected sync.Map // Session → *state
		var disorder, overlap atomic.Int32
		type state struct {
			next    uint32
			running atomic.Bool
		}
		h := hooks{
			open: func(s gateway.Session, _ *gateway.Request) { expected.Store(s, new(state)) },
			message: func(s gateway.Session, m gateway.Message) {
				value, _ := expected.Load(s)
				st := value.(*state)
				if !st.running.CompareAndSwap(false, true) {
					overlap.Add(1)
				}
				if binary.BigEndian.Uint32(m.Payload) != st.next {
					disorder.Add(1)
				}
				st.next++
				s.Send(m.Type, m.Payload)
				st.running.Store(false)
			},
		}
		n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
		var clients sync.WaitGroup
		for range sessions {
			c := n.Dial(t, "/")
			clients.Go(func() {
				for i := range uint32(messages) {
					c.Send(gateway.Binary, numbered(i))
				}
			})
			clients.Go(func() {
				for i := range uint32(messages) {
					if got := binary.BigEndian.Uint32(c.Receive().Payload); got != i {
						t.Errorf("received message %d, want %d", got, i)
						return
					}
				}
			})
		}
		clients.Wait()
		if disorder.Load() > 0 || overlap.Load() > 0 {
			t.Errorf("%d messages were handled out of order, %d at once with another of their session", disorder.Load(), overlap.Load())
		}
	})
}

func TestSlowHandlerHoldsOneWorker(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		config.Workers = 2
		release := make(chan struct{})
		h := hooks{message: func(s gateway.Session, m gateway.Message) {
			if string(m.Payload) == "block" {
				<-release
			}
			s.Send(m.Type, m.Payload)
		}}
		n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
		slow := n.Dial(t, "/")
		for _, text := range []string{"block", "behind"} {
			slow.SendText(text)
		}
		n.Eventually(t, func() bool { return n.Stats(t).Workers.Busy == 1 }, "the handler to block")
		for range 20 {
			other := n.Dial(t, "/")
			other.SendText("undisturbed")
			other.ExpectText("undisturbed")
		}
		close(release)
		slow.ExpectText("block")
		slow.ExpectText("behind")
	})
}

func TestBlockedHandlerPushesBackOnItsClient(t *testing.T) {
	payload := patterned(60_000)
	limits := map[string]gateway.Limits{
		"bytes":    {Inbound: 100_000},
		"messages": {InboundMessages: 3},
	}
	onVariants(t, func(t *testing.T, config gateway.Config) {
		for name, limit := range limits {
			t.Run(name, func(t *testing.T) {
				config.Limits = limit
				release := make(chan struct{})
				var handled atomic.Int64
				h := hooks{message: func(gateway.Session, gateway.Message) {
					<-release
					handled.Add(1)
				}}
				n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
				c := n.Dial(t, "/")

				frame := gatewaytest.Masked(ws.NewBinaryFrame(payload))
				sent, rest := writeUntilBlocked(t, c, frame)
				totals := n.Totals(t)
				if totals.ReadPauses == 0 {
					t.Error("ReadPauses is 0 though the client was blocked")
				}
				if held := int64(totals.MessagesIn); held > 8 {
					t.Errorf("the gateway took %d messages of %d bytes with limits %+v", held, len(payload), limit)
				}
				close(release)
				c.Write(rest)
				n.Eventually(t, func() bool { return handled.Load() == sent+1 }, "every message to be handled")
			})
		}
	})
}

// writeUntilBlocked writes frame again and again until TCP has pushed back for a
// while. It returns how many were written whole and what is missing of the last.
func writeUntilBlocked(t *testing.T, c *gatewaytest.Client, frame []byte) (whole int64, rest []byte) {
	t.Helper()
	const most = 100 << 20
	for whole*int64(len(frame)) < most {
		rest = frame
		c.Conn().SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		size, err := c.Conn().Write(frame)
		if rest = frame[size:]; err != nil {
			return whole, rest
		}
		whole++
	}
	t.Fatalf("the gateway took %d MiB that no handler takes", most>>20)
	return 0, nil
}

func TestHandlerPanicEndsOnlyItsSession(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		panics := map[string]hooks{
			"in Open": {
				open: func(_ gateway.Session, r *gateway.Request) {
					if r.Query == "panic" {
						panic("out of Open")
					}
				},
				message: func(s gateway.Session, m gateway.Message) { s.Send(m.Type, m.Payload) },
			},
			"in Message": {message: func(s gateway.Session, m gateway.Message) {
				if string(m.Payload) == "panic" {
					panic("out of Message")
				}
				s.Send(m.Type, m.Payload)
			}},
		}
		for where, h := range panics {
			t.Run(where, func(t *testing.T) {
				closes := make(chan gateway.Reason, 10)
				h.close = func(_ gateway.Session, r gateway.Reason) { closes <- r }
				n := gatewaytest.Start(t, serving(config, h, d))
				other := n.Dial(t, "/")
				for i := range 3 {
					c := n.Dial(t, "/?panic")
					if where == "in Message" {
						c.SendText("panic")
					}
					c.ExpectClose(ws.StatusInternalServerError)
					if r := <-closes; r != gateway.ReasonHandlerPanic {
						t.Errorf("the handler heard %v", r)
					}
					n.AwaitReason(t, gateway.ReasonHandlerPanic, uint64(i+1))
				}
				other.SendText("undisturbed")
				other.ExpectText("undisturbed")
			})
		}
	})
}

// A pooled handler may end its goroutine, as a failed test does: that is no end of a
// worker, and a panic for the session.
func TestGoexitInAPooledHandlerEndsOnlyItsSession(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		config.Workers = 1
		closes := make(chan gateway.Reason, 10)
		h := hooks{
			message: func(s gateway.Session, m gateway.Message) {
				if string(m.Payload) == "exit" {
					runtime.Goexit()
				}
				s.Send(m.Type, m.Payload)
			},
			close: func(_ gateway.Session, r gateway.Reason) { closes <- r },
		}
		n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
		other := n.Dial(t, "/")
		for range 3 {
			c := n.Dial(t, "/")
			var wire []byte
			for _, text := range []string{"before", "exit", "behind"} {
				wire = append(wire, gatewaytest.Masked(ws.NewTextFrame([]byte(text)))...)
			}
			c.Write(wire)
			c.ExpectText("before")
			c.ExpectClose(ws.StatusInternalServerError)
			if r := <-closes; r != gateway.ReasonHandlerPanic {
				t.Errorf("the handler heard %v", r)
			}
			other.SendText("undisturbed")
			other.ExpectText("undisturbed")
		}
	})
}

func TestOnlyCloseFollowsAPanic(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		calls := make(chan string, 10)
		h := hooks{
			message: func(_ gateway.Session, m gateway.Message) {
				calls <- string(m.Payload)
				panic("out of Message")
			},
			close: func(_ gateway.Session, r gateway.Reason) { calls <- r.String() },
		}
		c := gatewaytest.Start(t, serving(config, h, d)).Dial(t, "/")
		var wire []byte
		for _, text := range []string{"first", "second", "third"} {
			wire = append(wire, gatewaytest.Masked(ws.NewTextFrame([]byte(text)))...)
		}
		c.Write(wire)
		c.ExpectClose(ws.StatusInternalServerError)
		for _, want := range []string{"first", "handler_panic"} {
			if got := <-calls; got != want {
				t.Errorf("call %q, want %q", got, want)
			}
		}
	})
}

func TestPanicInCloseIsSurvived(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		h := hooks{
			message: func(s gateway.Session, m gateway.Message) { s.Send(m.Type, m.Payload) },
			close:   func(gateway.Session, gateway.Reason) { panic("out of Close") },
		}
		n := gatewaytest.Start(t, serving(config, h, d))
		other := n.Dial(t, "/")
		for range 3 {
			n.Dial(t, "/").Close()
		}
		n.Eventually(t, func() bool { return n.Totals(t).Sessions == 1 }, "the sessions to end")
		if got := n.Totals(t).Reasons[gateway.ReasonHandlerPanic]; got != 0 {
			t.Errorf("%d sessions ended for a panic, and had all ended before", got)
		}
		other.SendText("undisturbed")
		other.ExpectText("undisturbed")
	})
}

// flood is more than a kernel takes for a peer that does not read.
var flood = codec.Encode(ws.OpBinary, make([]byte, 5<<20))

// lives records the calls for each session and finds those out of order.
type lives struct {
	mu     sync.Mutex
	states map[gateway.Session]string
	faults []string
	closed int
}

func newLives() *lives { return &lives{states: make(map[gateway.Session]string)} }

func (l *lives) step(s gateway.Session, from, to string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := l.states[s]; at != from {
		l.faults = append(l.faults, fmt.Sprintf("%s when it was %q", to, at))
	}
	l.states[s] = to
}

func (l *lives) Open(s gateway.Session, _ *gateway.Request) { l.step(s, "", "open") }

func (l *lives) Message(s gateway.Session, m gateway.Message) {
	l.step(s, "open", "open")
	obey(s, m)
}

// obey does what a message says.
func obey(s gateway.Session, m gateway.Message) {
	switch string(m.Payload) {
	case "close":
		s.Close(1000, "")
	case "panic":
		panic("asked to")
	case "flood":
		for range 4 {
			s.SendFrame(flood)
		}
	}
}

func (l *lives) Close(s gateway.Session, _ gateway.Reason) {
	l.step(s, "open", "closed")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed++
}

// check fails the test unless opened sessions were all closed, once, and in
// order.
func (l *lives) check(t *testing.T, n *gatewaytest.Node, opened int) {
	t.Helper()
	closed := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.closed
	}
	n.Eventually(t, func() bool { return closed() >= opened }, "the handler to hear of every end")
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed != opened || len(l.states) != opened || len(l.faults) > 0 {
		t.Errorf("%d sessions, %d seen, %d ends; faults: %v", opened, len(l.states), l.closed, l.faults)
	}
}

func TestCloseIsCalledOnceHoweverASessionEnds(t *testing.T) {
	ends := []struct {
		name   string
		reason gateway.Reason
		end    func(c *gatewaytest.Client)
	}{
		{"peer closes", gateway.ReasonClosedByPeer, func(c *gatewaytest.Client) {
			c.SendFrame(ws.NewCloseFrame(nil))
			c.ExpectClose(1005)
		}},
		{"handler closes", gateway.ReasonClosedByHandler, func(c *gatewaytest.Client) {
			c.SendText("close")
			c.ExpectClose(1000)
		}},
		{"handler closes, peer leaves", gateway.ReasonClosedByHandler, func(c *gatewaytest.Client) {
			c.SendText("close")
			c.ReceiveFrame()
			c.Close()
		}},
		{"peer leaves", gateway.ReasonPeerGone, func(c *gatewaytest.Client) { c.Close() }},
		{"peer resets", gateway.ReasonPeerReset, func(c *gatewaytest.Client) { reset(c) }},
		{"protocol error", gateway.ReasonProtocolError, func(c *gatewaytest.Client) {
			c.Write([]byte{0xff, 0xff})
			c.ExpectClose(1002)
		}},
		{"panic", gateway.ReasonHandlerPanic, func(c *gatewaytest.Client) {
			c.SendText("panic")
			c.ExpectClose(1011)
		}},
		{"slow consumer", gateway.ReasonSlowConsumer, func(c *gatewaytest.Client) { c.SendText("flood") }},
		{"pong timeout", gateway.ReasonPongTimeout, func(c *gatewaytest.Client) {}},
	}
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		config.Timeouts.Close = 200 * time.Millisecond
		config.Timeouts.Pong = 50 * time.Millisecond
		config.Timeouts.Ping = 200 * time.Millisecond
		l := newLives()
		n := gatewaytest.Start(t, serving(config, l, d))
		for i, tc := range ends {
			t.Run(tc.name, func(t *testing.T) {
				c := n.Dial(t, "/", gatewaytest.ReceiveBuffer(1))
				c.SendText("hello")
				tc.end(c)
				n.Eventually(t, func() bool { return n.Totals(t).Sessions == 0 }, "the session to end")
				l.check(t, n, i+1)
				n.Eventually(t, func() bool { return n.Reason(t, tc.reason) >= 1 }, "the reason to be counted")
			})
		}
	})
}

func TestCloseIsCalledOnceAtShutdown(t *testing.T) {
	const sessions = 40
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		l := newLives()
		n := gatewaytest.Start(t, serving(config, l, d))
		hello := gatewaytest.Masked(ws.NewTextFrame([]byte("hello")))
		for range sessions {
			n.Dial(t, "/", gatewaytest.Behind(hello))
		}
		n.Eventually(t, func() bool { return n.Totals(t).MessagesIn == sessions }, "the messages")
		shutDown(t, n.Gateway, 50*time.Millisecond) // nobody answers the close frames
		l.check(t, n, sessions)
	})
}

// TestPanicIsHeardOfByALoopThatIsTooBusy fills the mailbox of a loop before a handler
// panics.
func TestPanicIsHeardOfByALoopThatIsTooBusy(t *testing.T) {
	began, proceed, after := make(chan struct{}), make(chan struct{}), make(chan struct{})
	h, sessions := introduced()
	h.message = func(_ gateway.Session, m gateway.Message) {
		if string(m.Payload) == "after" {
			close(after)
			return
		}
		close(began)
		<-proceed
		panic("unheard")
	}
	n := gatewaytest.Start(t, gateway.Config{Loops: 1, Workers: 1, Hubs: []gateway.HubConfig{{Name: "room", Handler: h}}})
	dial := func() (*gatewaytest.Client, gateway.Session) { return n.Dial(t, gateway.HubPath("room")), <-sessions }
	former, gone := dial()
	former.Close()
	n.AwaitReason(t, gateway.ReasonPeerGone, 1)
	panics, _ := dial()
	follows, _ := dial()
	panics.SendText("panic")
	<-began
	follows.SendText("after")
	n.Eventually(t, func() bool { return n.Totals(t).MessagesIn == 2 }, "the messages to arrive")

	blocked, unblock := make(chan struct{}, 2), make(chan struct{})
	must(t, n.Gateway.Hub("room").Each(gateway.Selection{}, func(*gateway.Recipient) {
		blocked <- struct{}{}
		<-unblock
	}))
	<-blocked
	must(t, gone.SendFrame(codec.Encode(ws.OpBinary, make([]byte, 64<<20))))
	if err := gone.Send(gateway.Text, nil); err != gateway.ErrBusy {
		t.Errorf("Send to a loop that is too busy: %v, want %v", err, gateway.ErrBusy)
	}
	close(proceed)
	<-after
	close(unblock)
	panics.ExpectClose(1011)
	n.AwaitReason(t, gateway.ReasonHandlerPanic, 1)
}

// TestVerdictThatComesTooLateIsNoSend: what counts as undelivered is what programs
// send, and not how a session was to end that has not waited for its handler.
func TestVerdictThatComesTooLateIsNoSend(t *testing.T) {
	config := gateway.Config{}
	config.Timeouts.Close = 10 * time.Millisecond
	release := make(chan struct{})
	h := hooks{message: func(gateway.Session, gateway.Message) { <-release }}
	n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
	c := n.Dial(t, "/")
	c.SendText("block")
	c.SendFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
	if f := c.ReceiveFrame(); f.Header.OpCode != ws.OpClose {
		t.Fatalf("received opcode %#x, want a close frame", f.Header.OpCode)
	}
	close(release)
	n.Eventually(t, func() bool { return n.Totals(t).Inboxes == 0 }, "the handler to return")
	if got := n.Totals(t).Undelivered; got != 0 {
		t.Errorf("%d sends count as undelivered, and there were none", got)
	}
}
