package gateway_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// introduced returns a handler that hands each new session to the test.
func introduced() (hooks, <-chan gateway.Session) {
	sessions := make(chan gateway.Session, 1024)
	return hooks{open: func(s gateway.Session, _ *gateway.Request) { sessions <- s }}, sessions
}

func TestSendsFromManyGoroutinesKeepTheOrderOfEach(t *testing.T) {
	const senders, messages = 8, 300
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.Outbound = 64 << 20
		h, sessions := introduced()
		n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
		c := n.Dial(t, "/")
		s := <-sessions
		var sending sync.WaitGroup
		for sender := range uint32(senders) {
			sending.Go(func() {
				for i := range uint32(messages) {
					p := make([]byte, 8+int(i%7)*5000) // across the size from which sends are shared
					binary.BigEndian.PutUint32(p, sender)
					binary.BigEndian.PutUint32(p[4:], i)
					if err := s.Send(gateway.Binary, p); err != nil {
						t.Errorf("send: %v", err)
					}
				}
			})
		}
		var next [senders]uint32
		for range senders * messages {
			p := c.Receive().Payload
			sender, i := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
			if next[sender] != i {
				t.Fatalf("message %d of sender %d came where %d was due", i, sender, next[sender])
			}
			next[sender]++
		}
		sending.Wait()
	})
}

func TestSendToTheZeroSession(t *testing.T) {
	var s gateway.Session
	if err := s.Send(gateway.Text, nil); !errors.Is(err, gateway.ErrEnded) {
		t.Errorf("Send: %v, want ErrEnded", err)
	}
	if err := s.SendFrame(codec.Encode(ws.OpText, nil)); !errors.Is(err, gateway.ErrEnded) {
		t.Errorf("SendFrame: %v, want ErrEnded", err)
	}
	if id := s.ID(); id != "" {
		t.Errorf("ID %q, want none", id)
	}
}

func TestSendToAnEndedSessionIsCounted(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		h, sessions := introduced()
		n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
		n.Dial(t, "/").Close()
		s := <-sessions
		n.Eventually(t, func() bool { return n.Totals(t).Sessions == 0 }, "the session to end")
		for range 3 {
			if err := s.Send(gateway.Text, []byte("anyone there?")); err != nil && !errors.Is(err, gateway.ErrEnded) {
				t.Errorf("Send: %v", err)
			}
		}
		if got := n.Totals(t).Undelivered; got != 3 {
			t.Errorf("Undelivered is %d, want 3", got)
		}
	})
}

func TestSendAfterShutdown(t *testing.T) {
	h, sessions := introduced()
	n := gatewaytest.Start(t, serving(gateway.Config{}, h, gateway.Inline))
	n.Dial(t, "/")
	s := <-sessions
	shutDown(t, n.Gateway, 10*time.Millisecond)
	if err := s.Send(gateway.Text, nil); !errors.Is(err, gateway.ErrEnded) {
		t.Errorf("Send: %v, want ErrEnded", err)
	}
}

// soak is how many clients the churn test connects; SLUICE_SOAK is for long
// runs.
func soak(t *testing.T) int64 {
	value := os.Getenv("SLUICE_SOAK")
	if value == "" {
		return 200
	}
	clients, err := strconv.ParseInt(value, 10, 64)
	if err != nil || clients < 1 {
		t.Fatalf("SLUICE_SOAK=%q: want a number of clients", value)
	}
	return clients
}

// TestStaleSessionsNeverReachTheNextClient connects clients on reused slots
// while goroutines send to all sessions there ever were. Every message says whom
// it is for.
func TestStaleSessionsNeverReachTheNextClient(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		var known sessionList
		h := hooks{open: func(s gateway.Session, _ *gateway.Request) {
			known.add(s)
			s.Send(gateway.Text, []byte(s.ID()))
		}}
		n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
		quit := make(chan struct{})
		var senders, clients sync.WaitGroup
		for range 2 {
			senders.Go(func() { known.sendToAll(quit) })
		}
		var crossed, received, left atomic.Int64
		left.Store(soak(t))
		for range 4 {
			clients.Go(func() {
				for left.Add(-1) >= 0 {
					c := n.Dial(t, "/")
					own := c.Receive().Payload
					for range 5 {
						received.Add(1)
						if !bytes.Equal(c.Receive().Payload, own) {
							crossed.Add(1)
						}
					}
					c.Close()
				}
			})
		}
		clients.Wait()
		close(quit)
		senders.Wait()
		undelivered := n.Totals(t).Undelivered
		t.Logf("%d messages received, %d of them another session's; %d sends met an ended session", received.Load(), crossed.Load(), undelivered)
		if crossed.Load() > 0 {
			t.Errorf("%d of %d messages went to another session than they were sent to", crossed.Load(), received.Load())
		}
		if undelivered == 0 {
			t.Error("no send met an ended session: the test has tested nothing")
		}
	})
}

// sessionList is every session there ever was.
type sessionList struct {
	mu  sync.Mutex
	all []gateway.Session
}

func (l *sessionList) add(s gateway.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, s)
}

// recent returns the last sessions, ended ones among them.
func (l *sessionList) recent() []gateway.Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all[max(0, len(l.all)-64):]
}

func (l *sessionList) sendToAll(quit <-chan struct{}) {
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for {
		for _, s := range l.recent() {
			s.Send(gateway.Text, []byte(s.ID()))
		}
		select {
		case <-quit:
			return
		case <-pace.C:
		}
	}
}

func TestSlowConsumerIsClosedAndOthersAreServed(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.Outbound = 256 << 10
		config.Timeouts.Close = 100 * time.Millisecond
		h, sessions := introduced()
		h.message = func(s gateway.Session, m gateway.Message) { s.Send(m.Type, m.Payload) }
		n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
		frozen := n.Frozen(t, "/")
		slow := <-sessions
		other := n.Dial(t, "/")
		payload := patterned(20_000)
		n.Eventually(t, func() bool {
			slow.Send(gateway.Binary, payload)
			other.SendText("undisturbed")
			other.ExpectText("undisturbed")
			totals := n.Totals(t)
			if totals.OutboundBytes > 1<<20 {
				t.Fatalf("%d bytes wait with a limit of %d", totals.OutboundBytes, config.Limits.Outbound)
			}
			return totals.Sessions == 1
		}, "the slow consumer to end")
		n.AwaitReason(t, gateway.ReasonSlowConsumer, 1)
		frozen.Close()
	})
}

func TestSlowConsumerThatReadsAtLastIsToldWhy(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		config.Limits.Outbound = 256 << 10
		h, sessions := introduced()
		n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
		frozen := n.Frozen(t, "/")
		slow := <-sessions
		payload := patterned(20_000)
		n.Eventually(t, func() bool {
			slow.Send(gateway.Binary, payload)
			return n.Totals(t).Undelivered > 0 // closing sessions take no more
		}, "the slow consumer to be closed")
		f := frozen.ReceiveFrame()
		for f.Header.OpCode == ws.OpBinary {
			if !bytes.Equal(f.Payload, payload) {
				t.Fatal("a message arrives damaged")
			}
			f = frozen.ReceiveFrame()
		}
		code, reason := ws.ParseCloseFrameData(f.Payload)
		if f.Header.OpCode != ws.OpClose || code != 1013 || reason == "" {
			t.Errorf("received opcode %#x with %d %q, want a close frame with 1013 and a reason", f.Header.OpCode, code, reason)
		}
	})
}

func TestMessageLargerThanTheOutboundLimitArrives(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.Outbound = 64 << 10
		h, sessions := introduced()
		n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
		c := n.Dial(t, "/")
		s := <-sessions
		big := patterned(8 << 20)
		for range 3 {
			s.Send(gateway.Binary, big)
			c.Expect(gateway.Binary, big)
			n.Eventually(t, func() bool { return n.Totals(t).OutboundBytes == 0 }, "the message to leave")
		}
	})
}

func TestLargeSendsFromOpenArrive(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		for _, tc := range []struct {
			name        string
			count, size int
		}{{"one", 1, 6 << 20}, {"large", 60, 100_000}, {"small", 6000, 1000}} {
			t.Run(tc.name, func(t *testing.T) {
				config.Limits.Outbound = 8 << 20
				payload := patterned(tc.size)
				h := hooks{open: func(s gateway.Session, _ *gateway.Request) {
					for range tc.count {
						if err := s.Send(gateway.Binary, payload); err != nil {
							t.Errorf("send: %v", err)
						}
					}
				}}
				c := gatewaytest.Start(t, serving(config, h, d)).Dial(t, "/")
				for range tc.count {
					c.Expect(gateway.Binary, payload)
				}
			})
		}
	})
}

// TestFrozenClientThatThawsGetsEverything also finds output that is kept
// waiting for an event that has passed.
func TestFrozenClientThatThawsGetsEverything(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.Outbound, config.Limits.OutboundMessages = 16<<20, 1<<20
		for _, size := range []int{500, 10_000, 200_000} {
			count := (8 << 20) / size
			h, sessions := introduced()
			n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
			c := n.Frozen(t, "/")
			s := <-sessions
			payload := patterned(size)
			for range count {
				s.Send(gateway.Binary, payload)
			}
			n.Eventually(t, func() bool { return n.Totals(t).MessagesOut == uint64(count) }, "the messages to be sent")
			c.Conn().(interface{ SetReadBuffer(int) error }).SetReadBuffer(1 << 20)
			for i := range count {
				m := c.Receive()
				if !bytes.Equal(m.Payload, payload) {
					t.Fatalf("message %d of %d arrives damaged", i, count)
				}
			}
			s.Send(gateway.Text, []byte("the end"))
			c.ExpectText("the end")
			c.Close()
		}
	})
}

// queuedSize is the payload of each message of behindAFullQueue.
const queuedSize = 10_000

// behindAFullQueue returns a client that has not read any of count messages.
func behindAFullQueue(t *testing.T, config gateway.Config, count uint64) (*gatewaytest.Node, *gatewaytest.Client) {
	t.Helper()
	config.Limits.Outbound = 64 << 20
	h, sessions := introduced()
	n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
	c := n.Frozen(t, "/")
	s := <-sessions
	payload := patterned(queuedSize)
	for range count {
		s.Send(gateway.Binary, payload)
	}
	n.Eventually(t, func() bool { return n.Totals(t).MessagesOut == count }, "the messages to be sent")
	return n, c
}

func TestPongPassesAFullQueue(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		const count = 2000
		n, c := behindAFullQueue(t, config, count)
		c.Conn().(interface{ SetReadBuffer(int) error }).SetReadBuffer(1 << 20)
		in := n.Totals(t).BytesIn
		c.SendFrame(ws.NewPingFrame([]byte("let me pass")))
		n.Eventually(t, func() bool { return n.Totals(t).BytesIn > in }, "the ping to arrive")
		kernel := int(n.Totals(t).BytesOut) / queuedSize // what no pong can pass any more
		for before := range count {
			f := c.ReceiveFrame()
			if f.Header.OpCode != ws.OpPong {
				continue
			}
			if string(f.Payload) != "let me pass" || before > kernel+2*(64<<10)/queuedSize {
				t.Errorf("a pong with %q came after %d messages, of which the kernel held %d", f.Payload, before, kernel)
			}
			return
		}
		t.Error("no pong came before the messages had been read")
	})
}
