package gateway_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// class returns the figures of a class of a hub.
func class(t *testing.T, s gateway.Stats, hub, name string) gateway.ClassStats {
	t.Helper()
	for _, c := range s.Classes {
		if c.Hub == hub && c.Class == name {
			return c
		}
	}
	t.Fatalf("no class %s of hub %q in %+v", name, hub, s.Classes)
	return gateway.ClassStats{}
}

// deliver publishes to target and returns what became of it.
func deliver(t *testing.T, target interface {
	Deliver(context.Context, gateway.Publication) (gateway.Reach, error)
}, p gateway.Publication) gateway.Reach {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), gatewaytest.Patience)
	defer cancel()
	reach, err := target.Deliver(ctx, p)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	return reach
}

// waitingFor returns what waits for the hub's sessions, asked of each.
func waitingFor(t *testing.T, h *gateway.Hub) (messages, bytes int, dropped uint64) {
	t.Helper()
	infos, err := h.List(t.Context(), gateway.Listing{})
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		messages += info.QueuedMessages
		bytes += info.QueuedBytes
		dropped += info.Dropped
	}
	return messages, bytes, dropped
}

func TestFiguresOfSlowSessionsAreThoseOfEachAddedUp(t *testing.T) {
	for _, policy := range []gateway.Policy{gateway.CloseSlow, gateway.DropNewest, gateway.DropOldest, gateway.Conflate} {
		t.Run(policy.String(), func(t *testing.T) {
			n := gatewaytest.Start(t, gateway.Config{
				Loops:  1,
				Limits: gateway.Limits{Outbound: 200_000},
				Hubs:   []gateway.HubConfig{{Name: "a", Delivery: gateway.Delivery{Policy: policy}}},
			})
			hub := n.Gateway.Hub("a")
			frozen := []*gatewaytest.Client{n.Frozen(t, "/client/hubs/a"), n.Frozen(t, "/client/hubs/a")}
			var reached gateway.Reach
			for i := range 100 {
				one := deliver(t, hub, gateway.Publication{Type: gateway.Binary, Payload: make([]byte, 10_000), Key: fmt.Sprint(i % 3)})
				reached.Sent += one.Sent
				reached.Dropped += one.Dropped
				reached.Closed += one.Closed
			}
			n.Eventually(t, func() bool {
				messages, bytes, _ := waitingFor(t, hub)
				totals := n.Totals(t)
				return totals.QueuedMessages == messages && totals.QueuedBytes+totals.OutboundBytes == bytes
			}, "the figures of the loop to equal those of its sessions")

			c, totals := class(t, n.Stats(t), "a", "hub"), n.Totals(t)
			if want := uint64(reached.Sent + reached.Dropped + reached.Closed); c.Offered != want || c.Policy != policy {
				t.Errorf("class %+v after %d messages were offered", c, want)
			}
			_, _, dropped := waitingFor(t, hub)
			switch policy {
			case gateway.CloseSlow:
				if c.Dropped != 0 || c.Closed != 2 || reached.Closed != 2 || totals.SlowSessions != 0 {
					t.Errorf("class %+v, %+v reached, %d slow; want both sessions closed", c, reached, totals.SlowSessions)
				}
			default:
				if c.Dropped == 0 || c.Dropped != dropped || c.Closed != 0 || totals.SlowSessions != 2 || totals.QueuedMessages == 0 {
					t.Errorf("class %+v, %d dropped by sessions, %d slow with %d messages; want drops for both", c, dropped, totals.SlowSessions, totals.QueuedMessages)
				}
			}
			if policy == gateway.DropNewest && c.Dropped != uint64(reached.Dropped) {
				t.Errorf("%d dropped, of which publishers were told %d", c.Dropped, reached.Dropped)
			}
			frozen[0].Close() // with a queue, or without
			n.Eventually(t, func() bool { return hub.Sessions() == n.Totals(t).SlowSessions }, "the figures without the session that has gone")
		})
	}
}

func TestFiguresOfFanOut(t *testing.T) {
	const window = 100 * time.Millisecond
	n := gatewaytest.Start(t, gateway.Config{
		Loops: 1,
		Hubs:  []gateway.HubConfig{{Name: "a", Groups: []gateway.GroupClass{{Name: "slow", Prefix: "s", Delivery: gateway.Delivery{Window: window}}}}},
	})
	hub := n.Gateway.Hub("a")
	clients := dialHub(t, n, "a", 3)
	sessions, err := hub.List(t.Context(), gateway.Listing{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sessions {
		hub.Group("s").Join(s.Session)
	}
	for range 2 {
		if err := hub.Group("s").Publish(gateway.Publication{Type: gateway.Text, Payload: []byte("hello")}); err != nil {
			t.Fatal(err)
		}
	}
	const frame = 2 + len("hello")
	if f := n.Totals(t).Fanout; f.Passes == 0 && (f.Messages != 2 || f.Bytes != 2*frame) {
		t.Errorf("in the window: %+v, want 2 messages of %d bytes", f, frame)
	}
	for _, c := range clients {
		c.ExpectText("hello")
		c.ExpectText("hello")
	}
	n.Eventually(t, func() bool { return n.Totals(t).Fanout.Messages == 0 }, "the pass to end")
	f := n.Totals(t).Fanout
	if f.Bytes != 0 || f.Passes != 1 || f.Members != 3 || f.Latency.Count() != 2 {
		t.Errorf("after the window: %+v, want one pass of 3 members and 2 messages", f)
	}
	// The window begins with the first message, a little before the second.
	if f.Latency.Sum < window || f.Latency.Sum > 2*gatewaytest.Patience {
		t.Errorf("two messages took %v together, with a window of %v", f.Latency.Sum, window)
	}
	if c := class(t, n.Stats(t), "a", "slow"); c.Offered != 6 || c.Dropped != 0 || c.Policy != gateway.CloseSlow {
		t.Errorf("class %+v, want 6 offered", c)
	}
}

func TestFiguresOfUsersAndGroups(t *testing.T) {
	n := gatewaytest.Start(t, gateway.Config{
		Limits: gateway.Limits{Groups: 2},
		Hubs: []gateway.HubConfig{{Name: "a", Authorize: func(r *gateway.Request) error {
			r.Identity = gateway.Identity{User: r.Header("User"), Groups: []string{"x"}}
			return nil
		}}},
	})
	hub := n.Gateway.Hub("a")
	for _, user := range []string{"ann", "ann", "bob"} {
		n.Dial(t, "/client/hubs/a", gatewaytest.Header("User", user))
	}
	sessions, err := hub.List(t.Context(), gateway.Listing{User: "bob"})
	if err != nil || len(sessions) != 1 {
		t.Fatalf("%d sessions of bob, %v", len(sessions), err)
	}
	bob := sessions[0].Session
	hub.Group("y").Join(bob)
	hub.Group("z").Join(bob)
	if h := n.Stats(t).Hubs[0]; h.Sessions != 3 || h.Users != 2 || h.Groups != 2 {
		t.Errorf("%+v, want 3 sessions, 2 users, 2 groups", h)
	}
	bob.LeaveAll()
	if h := n.Stats(t).Hubs[0]; h.Groups != 1 {
		t.Errorf("%+v, want 1 group", h)
	}
	if totals := n.Totals(t); totals.Joined != 4 || totals.Left != 2 || totals.JoinsRefused != 1 {
		t.Errorf("%d joins, %d leaves, %d refused; want 4, 2, 1", totals.Joined, totals.Left, totals.JoinsRefused)
	}
}

func TestFiguresOfTheWaitForAWorker(t *testing.T) {
	entered, release := make(chan struct{}, 2), make(chan struct{})
	n := gatewaytest.Start(t, serving(gateway.Config{Loops: 1, Workers: 1}, gateway.HandlerFunc(func(gateway.Session, gateway.Message) {
		entered <- struct{}{}
		<-release
	}), gateway.Pooled))
	n.Dial(t, "/").SendText("keeps the worker")
	<-entered
	n.Dial(t, "/").SendText("waits")
	n.Eventually(t, func() bool { return n.Stats(t).Workers.Waiting == 1 }, "the second message to wait")
	const wait = 30 * time.Millisecond
	since := time.Now()
	n.Eventually(t, func() bool { return time.Since(since) >= wait }, "a while")
	close(release)
	n.Eventually(t, func() bool { return n.Totals(t).WorkerWait.Count() == 2 }, "both messages to be handled")
	if took := n.Totals(t).WorkerWait.Sum; took < wait || took > 2*gatewaytest.Patience {
		t.Errorf("two messages waited %v together, want at least %v", took, wait)
	}
}

func TestFiguresOfTheLoop(t *testing.T) {
	n := gatewaytest.Start(t, serving(gateway.Config{Loops: 1}, gateway.Echo(), gateway.Inline))
	before := n.Totals(t)
	c := n.Dial(t, "/")
	c.SendText("hello")
	c.ExpectText("hello")
	after := n.Totals(t)
	if turns, timed := after.Turns-before.Turns, after.TurnTime.Count()-before.TurnTime.Count(); turns == 0 || timed != turns {
		t.Errorf("%d turns, of which %d were timed", turns, timed)
	}
	if after.TurnTime.Sum <= before.TurnTime.Sum || after.Letters <= before.Letters {
		t.Errorf("turn time %v and %d letters, before %v and %d", after.TurnTime.Sum, after.Letters, before.TurnTime.Sum, before.Letters)
	}
}
