package gateway_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// withoutBob leaves two out: one by name, and one by filter.
func withoutBob(except *member) gateway.Selection {
	return gateway.Selection{Except: []gateway.Session{except.session}, Filter: func(r *gateway.Recipient) bool { return r.User() != "bob" }}
}

// TestCloseAllClosesWhoIsSelected closes for a hub, a group and a user in turn.
func TestCloseAllClosesWhoIsSelected(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		for name, closeAll := range map[string]func(*lobby) func(gateway.Selection, ws.StatusCode, string) error{
			"hub": func(l *lobby) func(gateway.Selection, ws.StatusCode, string) error { return l.hub.CloseAll },
			"group": func(l *lobby) func(gateway.Selection, ws.StatusCode, string) error {
				return l.hub.Group("room").CloseAll
			},
			"user": func(l *lobby) func(gateway.Selection, ws.StatusCode, string) error { return l.hub.User("ann").CloseAll },
		} {
			t.Run(name, func(t *testing.T) {
				l := openLobby(t, config, gateway.HubConfig{})
				excepted, bob := l.enter("ann", "room"), l.enter("bob", "room")
				closed := []*member{l.enter("ann", "room"), l.enter("ann", "room")}
				must(t, l.hub.Publish(text("good night")))
				must(t, closeAll(l)(withoutBob(excepted), 1012, "a restart"))
				for _, m := range closed {
					m.ExpectText("good night")
					if reason := m.ExpectClose(1012); reason != "a restart" {
						t.Errorf("closed for %q", reason)
					}
				}
				l.AwaitReason(t, gateway.ReasonClosedByHandler, uint64(len(closed)))
				must(t, l.hub.Publish(text("good morning")))
				for _, m := range []*member{excepted, bob} {
					m.ExpectText("good night")
					m.ExpectText("good morning")
				}
				if err := closeAll(l)(gateway.Selection{}, 1005, ""); err == nil {
					t.Error("code 1005 is accepted")
				}
			})
		}
	})
}

// TestCloseAllOfManyIsSliced ends more sessions than one slice serves, in a window
// that it does not wait for.
func TestCloseAllOfManyIsSliced(t *testing.T) {
	const members = 300
	config := gateway.Config{Loops: 2}
	l := openLobby(t, config, gateway.HubConfig{Delivery: gateway.Delivery{Window: 10e9}})
	all := l.enterMany(members, "room")
	must(t, l.hub.Group("room").Publish(text("good night")))
	must(t, l.hub.Group("room").CloseAll(gateway.Selection{}, 4000, ""))
	for _, m := range all {
		m.ExpectText("good night")
		m.ExpectClose(4000)
	}
}

// TestEachJoinsByAFilter puts the sessions of a hub that a filter chooses into a
// group, and takes them out again.
func TestEachJoinsByAFilter(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		l := openLobby(t, config, gateway.HubConfig{})
		all := l.enterMany(80)
		even := gateway.Selection{Filter: func(r *gateway.Recipient) bool { return r.User()[len(r.User())-1]%2 == 0 }}
		group := l.hub.Group("even")
		if n := l.visit(l.hub.Visit, even, func(r *gateway.Recipient) { group.Join(r.Session()) }); n != 40 {
			t.Errorf("%d sessions were visited, want 40", n)
		}
		// The loops have carried out the joins once they answer.
		l.Stats(t)
		if n := group.Len(); n != 40 {
			t.Errorf("%d sessions have joined, want 40", n)
		}
		must(t, l.hub.Publish(text("to all")))
		for _, m := range all {
			m.ExpectText("to all")
		}
		l.visit(group.Visit, gateway.Selection{}, func(r *gateway.Recipient) { group.Leave(r.Session()) })
		l.Stats(t)
		if n := group.Len(); n != 0 {
			t.Errorf("%d members are left", n)
		}
	})
}

// visit calls one of the Visit methods.
func (l *lobby) visit(visit func(context.Context, gateway.Selection, func(*gateway.Recipient)) (int, error), which gateway.Selection, do func(*gateway.Recipient)) int {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), gatewaytest.Patience)
	defer cancel()
	n, err := visit(ctx, which, do)
	must(l.t, err)
	return n
}

func TestVisitsReachThoseTheyAreFor(t *testing.T) {
	l := openLobby(t, gateway.Config{Loops: 2}, gateway.HubConfig{})
	ann, bob := l.enter("ann", "room"), l.enter("bob", "room")
	l.enter("cem")
	for _, test := range []struct {
		name  string
		visit func(context.Context, gateway.Selection, func(*gateway.Recipient)) (int, error)
		want  []string
	}{
		{"hub", l.hub.Visit, []string{"ann", "bob", "cem"}},
		{"group", l.hub.Group("room").Visit, []string{"ann", "bob"}},
		{"empty group", l.hub.Group("nowhere").Visit, nil},
		{"user", l.hub.User("cem").Visit, []string{"cem"}},
		{"unknown user", l.hub.User("dan").Visit, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			met := make(chan string, 8)
			if n := l.visit(test.visit, gateway.Selection{}, func(r *gateway.Recipient) { met <- r.User() }); n != len(test.want) {
				t.Errorf("%d sessions were visited, want %d", n, len(test.want))
			}
			close(met)
			var got []string
			for user := range met {
				got = append(got, user)
			}
			if !sameTexts(got, test.want) {
				t.Errorf("visited %q, want %q", got, test.want)
			}
		})
	}
	t.Run("one session", func(t *testing.T) {
		var user string
		must(t, bob.session.Visit(t.Context(), func(r *gateway.Recipient) { user = r.User() }))
		if user != "bob" {
			t.Errorf("visited %q, want bob", user)
		}
	})
	t.Run("an ended session", func(t *testing.T) {
		ann.Close()
		l.Eventually(t, func() bool { return l.hub.Sessions() == 2 }, "the session to end")
		for _, s := range []gateway.Session{ann.session, {}} {
			if err := s.Visit(t.Context(), func(*gateway.Recipient) { t.Error("visited") }); !errors.Is(err, gateway.ErrEnded) {
				t.Errorf("Visit: %v, want ErrEnded", err)
			}
		}
	})
}

// TestVisitFindsTheHandler is how a program comes to what it keeps of a session.
func TestVisitFindsTheHandler(t *testing.T) {
	sessions := make(chan gateway.Session, 1)
	type keeper struct {
		hooks
		permissions []string
	}
	hub := gateway.HubConfig{Name: "chat", Dispatch: gateway.Inline, Authorize: func(r *gateway.Request) error {
		r.Handler = &keeper{hooks: hooks{open: func(s gateway.Session, _ *gateway.Request) { sessions <- s }}}
		return nil
	}}
	n := gatewaytest.Start(t, gateway.Config{Loops: 1, Hubs: []gateway.HubConfig{hub}})
	n.Dial(t, gateway.HubPath("chat"))
	s := <-sessions
	must(t, s.Visit(t.Context(), func(r *gateway.Recipient) {
		k := r.Handler().(*keeper)
		k.permissions = append(k.permissions, "join")
	}))
	must(t, s.Visit(t.Context(), func(r *gateway.Recipient) {
		if got := r.Handler().(*keeper).permissions; !slices.Equal(got, []string{"join"}) {
			t.Errorf("the handler keeps %q", got)
		}
	}))
}

func TestPanicOfAnErrandEndsWithItsSession(t *testing.T) {
	l := openLobby(t, gateway.Config{Loops: 1}, gateway.HubConfig{})
	all := l.enterMany(3)
	var calls atomic.Int32
	n := l.visit(l.hub.Visit, gateway.Selection{}, func(r *gateway.Recipient) {
		calls.Add(1)
		if r.User() == "user-1" {
			panic("visited")
		}
	})
	if n != 2 || calls.Load() != 3 {
		t.Errorf("%d of %d visits are counted, want 2 of 3", n, calls.Load())
	}
	must(t, l.hub.Publish(text("next")))
	for _, m := range all {
		m.ExpectText("next")
	}
}
