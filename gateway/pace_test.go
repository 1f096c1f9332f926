package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

func TestASessionBeyondItsRateIsDelayed(t *testing.T) {
	for name, rates := range map[string]gateway.Rates{
		"messages": {Messages: 50, MessageBurst: 5},
		"bytes":    {Bytes: 500, ByteBurst: 50},
	} {
		t.Run(name, func(t *testing.T) {
			onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
				config.Rates = rates
				config.Timeouts.Pong = 50 * time.Millisecond
				n := gatewaytest.Start(t, serving(config, gateway.Echo(), d))
				c, began := n.Dial(t, "/"), time.Now()
				const messages = 25 // of 10 bytes: 20 too many, 0.4 s
				for i := range messages {
					c.SendText(fmt.Sprintf("message %02d", i))
				}
				for i := range messages {
					c.ExpectText(fmt.Sprintf("message %02d", i))
				}
				// What one read has brought is handled before the pause.
				c.SendText("the last 1")
				c.ExpectText("the last 1")
				if took := time.Since(began); took < 300*time.Millisecond {
					t.Errorf("%d messages within %v", messages+1, took)
				}
				if got := n.Totals(t).RateExcess; got == 0 {
					t.Error("no delay is counted")
				}
			})
		})
	}
}

func TestADelayedSessionMayLeave(t *testing.T) {
	config := gateway.Config{Rates: gateway.Rates{Messages: 1}}
	n := gatewaytest.Start(t, serving(config, gateway.Echo(), gateway.Inline))
	c := n.Dial(t, "/")
	for range 3 {
		c.SendText("x")
	}
	n.Eventually(t, func() bool { return n.Totals(t).RateExcess > 0 }, "a delay")
	reset(c)
	n.AwaitReason(t, gateway.ReasonPeerReset, 1)
	next := n.Dial(t, "/") // in the same slot: it owes nothing
	next.SendText("y")
	next.ExpectText("y")
}

func TestADelayedSessionIsClosedInOrder(t *testing.T) {
	config := gateway.Config{Rates: gateway.Rates{Messages: 1}}
	l := openLobby(t, config, gateway.HubConfig{})
	m := l.enter("ann")
	for range 100 {
		m.SendText("x")
	}
	l.Eventually(t, func() bool { return l.Totals(t).RateExcess > 0 }, "a delay")
	must(t, m.session.Close(1000, "bye"))
	m.ExpectClose(1000)
	l.AwaitReason(t, gateway.ReasonClosedByHandler, 1)
}

func TestMessagesBeyondTheRateAreDropped(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		config.Rates = gateway.Rates{Messages: 1, MessageBurst: 3, Excess: gateway.Drop}
		n := gatewaytest.Start(t, serving(config, gateway.Echo(), d))
		c := n.Dial(t, "/")
		for i := range 10 {
			c.SendText(fmt.Sprint(i))
		}
		for i := range 3 {
			c.ExpectText(fmt.Sprint(i))
		}
		n.Eventually(t, func() bool { return n.Totals(t).RateExcess == 7 }, "the others to be dropped")
	})
}

// What is dropped for one rate is not charged to the other: else who sends too many
// messages would not be left what it may send.
func TestDroppedMessagesAreNotCharged(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		config.Rates = gateway.Rates{Messages: 5, MessageBurst: 1, Bytes: 1, ByteBurst: 100, Excess: gateway.Drop}
		n := gatewaytest.Start(t, serving(config, gateway.Echo(), d))
		c := n.Dial(t, "/")
		for range 5 {
			c.Send(gateway.Binary, make([]byte, 40))
		}
		n.Eventually(t, func() bool { return n.Totals(t).RateExcess == 4 }, "all but one to be dropped")
		n.Eventually(t, func() bool {
			c.Send(gateway.Binary, make([]byte, 40))
			return n.Totals(t).MessagesOut == 2
		}, "a second message, of 80 bytes of the 100")
	})
}

func TestASessionBeyondItsRateIsClosed(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		config.Rates = gateway.Rates{Bytes: 10, Excess: gateway.Disconnect}
		n := gatewaytest.Start(t, serving(config, gateway.Echo(), d))
		c := n.Dial(t, "/")
		c.SendText("0123456789")
		c.SendText("x")
		c.ExpectText("0123456789")
		if reason := c.ExpectClose(1008); reason != gateway.ReasonRateExceeded.Text() {
			t.Errorf("closed with %q", reason)
		}
		n.AwaitReason(t, gateway.ReasonRateExceeded, 1)
	})
}

// Open sessions are held to new rates as those to come are, and let go.
func TestReconfigureChangesRates(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		n := gatewaytest.Start(t, serving(config, gateway.Echo(), d))
		follow := func(r gateway.Rates) {
			config.Rates = r
			reconfigure(t, n, serving(config, gateway.Echo(), d))
			n.Totals(t) // the loops have answered
		}
		expect := func(c *gatewaytest.Client, count int) {
			t.Helper()
			for i := range count {
				c.ExpectText(fmt.Sprint(i))
			}
		}
		send := func(c *gatewaytest.Client) {
			t.Helper()
			for i := range 10 {
				c.SendText(fmt.Sprint(i))
			}
		}
		first := n.Dial(t, "/")
		send(first)
		expect(first, 10)

		follow(gateway.Rates{Messages: 1, MessageBurst: 3, Excess: gateway.Drop})
		second := n.Dial(t, "/")
		for i, c := range []*gatewaytest.Client{first, second} {
			send(c)
			expect(c, 3)
			n.Eventually(t, func() bool { return n.Totals(t).RateExcess == uint64(i+1)*7 }, "the others to be dropped")
		}

		follow(gateway.Rates{Bytes: 1})
		for i := range 2 {
			first.Send(gateway.Binary, make([]byte, 1000))
			first.Expect(gateway.Binary, make([]byte, 1000))
			if i == 0 {
				n.Eventually(t, func() bool { return n.Totals(t).RateExcess > 14 }, "a delay of 1,000 s")
				follow(gateway.Rates{})
			}
		}
		send(first)
		expect(first, 10)
	})
}
