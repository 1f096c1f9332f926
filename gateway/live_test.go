package gateway_test

import (
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// A session that is silent for quiet is pinged in the tests of this file, and
// has patience to answer.
const (
	quiet    = 40 * time.Millisecond
	patience = 400 * time.Millisecond
)

func pinging(config gateway.Config) gateway.Config {
	config.Timeouts.Ping, config.Timeouts.Pong = quiet, patience
	return echoing(config, gateway.Pooled)
}

func TestAnyInputAnswersAPing(t *testing.T) {
	frame := gatewaytest.Masked(ws.NewTextFrame([]byte("message")))
	answers := map[string]func(c *gatewaytest.Client, pings int, payload []byte){
		"pong": func(c *gatewaytest.Client, _ int, payload []byte) {
			c.SendFrame(ws.NewPongFrame(payload))
		},
		"unsolicited pong": func(c *gatewaytest.Client, _ int, _ []byte) {
			c.SendFrame(ws.NewPongFrame([]byte("hi")))
		},
		"ping": func(c *gatewaytest.Client, _ int, _ []byte) {
			c.SendFrame(ws.NewPingFrame(nil))
		},
		"one byte of a frame": func(c *gatewaytest.Client, pings int, _ []byte) {
			c.Write(frame[pings : pings+1])
		},
	}
	onEngines(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, pinging(config))
		for name, answer := range answers {
			t.Run(name, func(t *testing.T) {
				c := n.Dial(t, "/")
				defer c.Close()
				began := time.Now()
				for pings := 0; pings < 12; {
					f := c.ReceiveFrame()
					if f.Header.OpCode == ws.OpPing { // no pong to a ping of ours
						answer(c, pings, f.Payload)
						pings++
					}
				}
				if time.Since(began) < patience {
					t.Fatalf("12 pings within %v: the test has not outlasted a pong deadline", time.Since(began))
				}
			})
		}
		if got := n.Reason(t, gateway.ReasonPongTimeout); got != 0 {
			t.Errorf("%d pong timeouts though every ping was answered", got)
		}
	})
}

func TestMissingPongEndsTheSession(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, pinging(config))
		began := time.Now() // not after the session did, however late this client is told
		c := n.Dial(t, "/")
		if f := c.ReceiveFrame(); f.Header.OpCode != ws.OpPing {
			t.Fatalf("received opcode %#x, want a ping", f.Header.OpCode)
		}
		pinged := time.Since(began)
		c.ExpectEnd()
		const tick = time.Millisecond // of the loop's coarse clock
		if ended := time.Since(began); pinged < quiet-tick || ended < quiet+patience-2*tick {
			t.Errorf("pinged after %v and ended after %v, with timeouts of %v and %v behind it", pinged, ended, quiet, patience)
		}
		n.AwaitReason(t, gateway.ReasonPongTimeout, 1)
	})
}

func TestBusySessionsAreNotPinged(t *testing.T) {
	config := gateway.Config{}
	config.Timeouts.Ping = time.Second
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	c := n.Dial(t, "/")
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	for range 30 { // longer than the ping interval
		<-pace.C
		c.SendText("busy")
		if f := c.ReceiveFrame(); f.Header.OpCode != ws.OpText {
			t.Fatalf("received opcode %#x, want the echo", f.Header.OpCode)
		}
	}
}

func TestNegativePingSendsNone(t *testing.T) {
	config := gateway.Config{}
	config.Timeouts.Ping = -1
	config.Timeouts.Idle = 200 * time.Millisecond // ends the test
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	if f := n.Dial(t, "/").ReceiveFrame(); f.Header.OpCode != ws.OpClose {
		t.Errorf("received opcode %#x, want nothing before the close frame", f.Header.OpCode)
	}
}

func TestIdleSessionsAreClosed(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Timeouts.Idle = 300 * time.Millisecond
		n := gatewaytest.Start(t, pinging(config))
		c := n.Dial(t, "/")
		began := time.Now()
		// ExpectClose answers pings: a pong is no message.
		if reason := c.ExpectClose(ws.StatusGoingAway); reason == "" {
			t.Error("the close frame gives no reason")
		}
		if lived := time.Since(began); lived < config.Timeouts.Idle*9/10 {
			t.Errorf("closed as idle after %v, with a timeout of %v", lived, config.Timeouts.Idle)
		}
		n.AwaitReason(t, gateway.ReasonIdle, 1)
	})
}

func TestBlockedHandlerDoesNotMakeItsClientSilent(t *testing.T) {
	config := gateway.Config{}
	config.Limits.InboundMessages = 1
	config.Timeouts.Ping, config.Timeouts.Pong = quiet, patience
	release := make(chan struct{})
	h := hooks{message: func(s gateway.Session, m gateway.Message) {
		<-release
		s.Send(m.Type, m.Payload)
	}}
	n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
	c := n.Dial(t, "/")
	const messages = 10
	for range messages {
		c.SendText("held up by the handler")
	}
	n.Eventually(t, func() bool { return n.Totals(t).ReadPauses > 0 }, "the session not to be read")
	<-time.After(2 * (quiet + patience))
	close(release)
	for range messages {
		c.ExpectText("held up by the handler")
	}
}

func TestStalledWriteEndsTheSession(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		config.Limits.Outbound = 64 << 20
		config.Timeouts.WriteStall = 200 * time.Millisecond
		h, sessions := introduced()
		n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
		n.Frozen(t, "/")
		(<-sessions).SendFrame(flood)
		n.Eventually(t, func() bool { return n.Totals(t).Sessions == 0 }, "the session to end")
		n.AwaitReason(t, gateway.ReasonWriteStalled, 1)
	})
}

// The kernel holds the unread output here, not the gateway, so it is the missing
// pong that shows the peer's state. Were the kernel's own timeout shorter, it would
// drop the connection first, and a peer that sends nothing would never know.
func TestAPeerThatReadsNothingIsLeftToThePongTimeout(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		config.Timeouts.WriteStall = 50 * time.Millisecond
		config.Timeouts.Ping, config.Timeouts.Pong = 600*time.Millisecond, 200*time.Millisecond
		h, sessions := introduced()
		n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
		n.Frozen(t, "/")
		(<-sessions).Send(gateway.Binary, patterned(16<<10))
		n.AwaitReason(t, gateway.ReasonPongTimeout, 1)
	})
}

func TestSlowReaderThatKeepsReadingIsNotStalled(t *testing.T) {
	config := gateway.Config{}
	config.Limits.Outbound = 64 << 20
	config.Timeouts.WriteStall = time.Second
	h, sessions := introduced()
	n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
	c := n.Dial(t, "/", gatewaytest.ReceiveBuffer(64<<10))
	s := <-sessions
	const messages = 60 // they take longer than a stall may
	payload := make([]byte, 200_000)
	for range messages {
		s.Send(gateway.Binary, payload)
	}
	pace := time.NewTicker(25 * time.Millisecond)
	defer pace.Stop()
	for range messages {
		<-pace.C
		c.Expect(gateway.Binary, payload)
	}
}
