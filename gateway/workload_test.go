package gateway_test

import (
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// TestBusyWorkersPushBackOnAll has every worker blocked: those with messages
// that wait are read no longer, though each has far less than its own limit.
func TestBusyWorkersPushBackOnAll(t *testing.T) {
	const senders = 4
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Workers = 2
		config.Limits.Backlog = 400_000
		config.Limits.Inbound = 64 << 20
		release := make(chan struct{})
		var handled atomic.Int64
		h := hooks{message: func(s gateway.Session, m gateway.Message) {
			if string(m.Payload) == "echo" {
				s.Send(m.Type, m.Payload)
				return
			}
			<-release
			handled.Add(1)
		}}
		n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
		payload := patterned(30_000)
		frame := gatewaytest.Masked(ws.NewBinaryFrame(payload))
		rest := make(map[*gatewaytest.Client][]byte)
		var sent int64
		for range senders {
			c := n.Dial(t, "/")
			whole, missing := writeUntilBlocked(t, c, frame)
			rest[c] = missing
			sent += whole + 1
		}
		// Each session has one read more than the backlog, at most.
		if taken, most := n.Totals(t).MessagesIn, uint64(400_000/30_000+senders*4+4); taken > most {
			t.Errorf("the gateway took %d messages of %d bytes, want %d at most", taken, len(payload), most)
		}
		close(release)
		for c, missing := range rest {
			c.Write(missing)
		}
		n.Eventually(t, func() bool { return handled.Load() == sent }, "every message to be handled")
		for c := range rest {
			c.SendText("echo")
			c.ExpectText("echo")
		}
	})
}

// TestSleepingHandlersLeaveTheOthersServed has 1 % of the sessions in handlers
// that sleep, while one worker remains.
func TestSleepingHandlersLeaveTheOthersServed(t *testing.T) {
	const sessions = 300
	onEngines(t, func(t *testing.T, config gateway.Config) {
		config.Workers = sessions/100 + 1
		release := make(chan struct{})
		h := hooks{message: func(s gateway.Session, m gateway.Message) {
			if string(m.Payload) == "sleep" {
				<-release
			}
			s.Send(m.Type, m.Payload)
		}}
		n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
		clients := make([]*gatewaytest.Client, sessions)
		for i := range clients {
			clients[i] = n.Dial(t, "/")
		}
		asleep, awake := clients[:sessions/100], clients[sessions/100:]
		for _, c := range asleep {
			c.SendText("sleep")
		}
		n.Eventually(t, func() bool { return n.Stats(t).Workers.Busy == len(asleep) }, "the handlers to sleep")
		for range 3 {
			for _, c := range awake {
				c.SendText("awake")
			}
			for _, c := range awake {
				c.ExpectText("awake")
			}
		}
		close(release)
		for _, c := range asleep {
			c.ExpectText("sleep")
		}
	})
}
