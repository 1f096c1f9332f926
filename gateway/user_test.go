package gateway_test

import (
	"testing"

	"github.com/sluicegate/sluice/gateway"
)

func TestUserIsReachedOnAllItsSessions(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		l := openLobby(t, config, gateway.HubConfig{})
		var alices []*member
		for range 5 {
			alices = append(alices, l.enter("alice"))
		}
		bob := l.enter("bob")
		alice := l.hub.User("alice")
		if got := len(alice.Sessions()); got != len(alices) {
			t.Errorf("alice has %d sessions, want %d", got, len(alices))
		}
		must(t, alice.Publish(text("hello, alice")))
		if got := l.reach(alice.Deliver, text("are you there?")); got != (gateway.Reach{Sent: len(alices)}) {
			t.Errorf("a delivery reports %+v, want %d sent", got, len(alices))
		}
		for _, m := range alices {
			m.ExpectText("hello, alice")
			m.ExpectText("are you there?")
		}
		must(t, l.hub.User("bob").Publish(text("hello, bob")))
		bob.ExpectText("hello, bob")

		alices[0].Close()
		l.Eventually(t, func() bool { return len(alice.Sessions()) == len(alices)-1 }, "a session of alice to end")
		p := text("the others")
		p.Except = []gateway.Session{alices[1].session}
		if got := l.reach(alice.Deliver, p); got != (gateway.Reach{Sent: len(alices) - 2}) {
			t.Errorf("a delivery reports %+v, want %d sent", got, len(alices)-2)
		}
		must(t, alice.Publish(text("all of you")))
		alices[1].ExpectText("all of you")
		for _, m := range alices[2:] {
			m.ExpectText("the others")
			m.ExpectText("all of you")
		}
	})
}

func TestUserWhoIsNotThere(t *testing.T) {
	l := openLobby(t, gateway.Config{}, gateway.HubConfig{})
	l.enter("alice").Close()
	l.Eventually(t, func() bool { return l.hub.Sessions() == 0 }, "the session to end")
	for _, id := range []string{"alice", "nobody", ""} {
		u := l.hub.User(id)
		must(t, u.Publish(text("anyone there?")))
		if got := l.reach(u.Deliver, text("anyone there?")); got != (gateway.Reach{}) || len(u.Sessions()) != 0 {
			t.Errorf("user %q: %+v, %d sessions", id, got, len(u.Sessions()))
		}
	}
}
