package gateway_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// asker is a handler that answers each message when it is let: by end, which it
// sends the turn to, or at once.
type asker struct {
	hooks
	kept chan gateway.Turn
	take func(gateway.Session, gateway.Message, gateway.Turn)
}

func (a *asker) Take(s gateway.Session, m gateway.Message, t gateway.Turn) { a.take(s, m, t) }

func TestTurnThatIsKeptHoldsItsSessionAndNoWorker(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		config.Workers = 1
		config.Limits.InboundMessages = 8
		a := &asker{kept: make(chan gateway.Turn, 1)}
		a.take = func(s gateway.Session, m gateway.Message, turn gateway.Turn) {
			if string(m.Payload) == "keep" {
				turn.Keep()
				a.kept <- turn
				return
			}
			s.Send(m.Type, m.Payload)
		}
		ended := make(chan gateway.Reason, 1)
		a.close = func(_ gateway.Session, r gateway.Reason) { ended <- r }
		n := gatewaytest.Start(t, serving(config, a, gateway.Pooled))
		waiting, other := n.Dial(t, "/"), n.Dial(t, "/")
		waiting.SendText("keep")
		for i := range 40 {
			waiting.SendText(fmt.Sprint("behind ", i))
		}
		turn := <-a.kept
		other.SendText("not disturbed")
		other.ExpectText("not disturbed")
		n.Eventually(t, func() bool {
			stats, err := n.Gateway.Stats(t.Context())
			return err == nil && stats.Loops[0].ReadPauses+stats.Loops[1].ReadPauses == 1
		}, "the session to be read no more")

		turn.End()
		for i := range 40 {
			waiting.ExpectText(fmt.Sprint("behind ", i))
		}
		waiting.SendText("keep")
		turn = <-a.kept
		waiting.Close()
		n.AwaitReason(t, gateway.ReasonPeerGone, 1)
		select {
		case r := <-ended:
			t.Fatalf("Close(%v) during the turn", r)
		default:
		}
		turn.End()
		if r := <-ended; r != gateway.ReasonPeerGone {
			t.Errorf("Close(%v), want %v", r, gateway.ReasonPeerGone)
		}
	})
}

func TestTurnMayEndBeforeTakeReturns(t *testing.T) {
	a := &asker{take: func(s gateway.Session, m gateway.Message, turn gateway.Turn) {
		turn.Keep()
		if string(m.Payload) == "from another goroutine" {
			go turn.End()
		} else {
			turn.End()
		}
		s.Send(m.Type, m.Payload)
	}}
	n := gatewaytest.Start(t, serving(gateway.Config{Workers: 2}, a, gateway.Pooled))
	c := n.Dial(t, "/")
	for range 100 {
		for _, text := range []string{"at once", "from another goroutine"} {
			c.SendText(text)
		}
	}
	for range 100 {
		c.ExpectText("at once")
		c.ExpectText("from another goroutine")
	}
}

func TestPanicEndsATurn(t *testing.T) {
	a := &asker{take: func(_ gateway.Session, _ gateway.Message, turn gateway.Turn) {
		turn.Keep()
		panic("out of turn")
	}}
	n := gatewaytest.Start(t, serving(gateway.Config{}, a, gateway.Pooled))
	c := n.Dial(t, "/")
	c.SendText("x")
	c.ExpectClose(1011)
}

func TestGreetingComesFirst(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		greet := func(r *gateway.Request) error {
			r.Greeting = gateway.Message{Type: gateway.Text, Payload: []byte(r.Session.ID())}
			r.Identity.Groups = []string{"all"}
			return nil
		}
		config.Hubs = []gateway.HubConfig{
			{Name: "authorized", Dispatch: d, Authorize: greet},
			{Name: "decided", Dispatch: d, Decide: func(_ context.Context, r *gateway.Request) error { return greet(r) }},
		}
		n := gatewaytest.Start(t, config)
		for _, hub := range []string{"authorized", "decided"} {
			c := n.Dial(t, gateway.HubPath(hub))
			id := string(c.Receive().Payload)
			s, known := n.Gateway.Session(id)
			if !known {
				t.Fatalf("%s: greeted with %q, which is no connection id", hub, id)
			}
			if err := s.Send(gateway.Text, []byte("it is")); err != nil {
				t.Fatal(err)
			}
			c.ExpectText("it is")
		}
	})
}

// TestTurnOfAPanicIsNobodyElses has a turn that was kept, and has ended in a panic, be
// ended once more during that of a session which came later.
func TestTurnOfAPanicIsNobodyElses(t *testing.T) {
	past, present := make(chan gateway.Turn, 1), make(chan gateway.Turn, 1)
	var ended, early atomic.Bool
	a := &asker{}
	a.take = func(s gateway.Session, m gateway.Message, turn gateway.Turn) {
		switch string(m.Payload) {
		case "panic":
			turn.Keep()
			past <- turn
			panic("out of turn")
		case "keep":
			turn.Keep()
			present <- turn
			(<-past).End()
			return
		case "behind":
			early.Store(!ended.Load())
		}
		s.Send(m.Type, m.Payload)
	}
	n := gatewaytest.Start(t, serving(gateway.Config{Loops: 1, Workers: 1}, a, gateway.Pooled))
	idle := func() {
		t.Helper()
		n.Eventually(t, func() bool { return n.Totals(t).Inboxes == 0 }, "no session to have anything for its handler")
	}
	first := n.Dial(t, "/")
	first.SendText("panic")
	first.ExpectClose(1011)
	idle()
	second, other := n.Dial(t, "/"), n.Dial(t, "/")
	idle()
	second.Write(frames("keep", "behind"))
	n.Eventually(t, func() bool { return n.Totals(t).MessagesIn == 3 }, "the messages to arrive")
	other.SendText("not disturbed")
	other.ExpectText("not disturbed")
	if early.Load() {
		t.Error("a message was delivered while the turn before it lasts")
	}
	ended.Store(true)
	(<-present).End()
	second.ExpectText("behind")
}
