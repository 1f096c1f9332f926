package gateway_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/gateway"
)

func TestGroupReachesItsMembersAndNoOthers(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		l := openLobby(t, config, gateway.HubConfig{})
		red, blue := l.hub.Group("red"), l.hub.Group("blue")
		both, onlyRed, none := l.enterMany(6, "red", "blue"), l.enterMany(6, "red"), l.enterMany(3)
		if red.Len() != 12 || blue.Len() != 6 {
			t.Errorf("%d and %d members, want 12 and 6", red.Len(), blue.Len())
		}
		must(t, red.Publish(text("to red")))
		for _, m := range append(both, onlyRed...) {
			m.ExpectText("to red")
		}
		for _, m := range both[:3] {
			must(t, red.Leave(m.session))
		}
		for _, m := range both[3:] {
			must(t, m.session.LeaveAll())
			l.info(m)
		}
		must(t, red.Publish(text("to red again")))
		must(t, blue.Publish(text("to blue")))
		for _, m := range onlyRed {
			m.ExpectText("to red again")
		}
		for _, m := range both[:3] {
			m.ExpectText("to blue")
		}
		must(t, l.hub.Publish(text("the end")))
		for _, m := range append(append(both, onlyRed...), none...) {
			m.ExpectText("the end")
		}
		if red.Len() != 6 || blue.Len() != 3 {
			t.Errorf("%d and %d members, want 6 and 3", red.Len(), blue.Len())
		}
	})
}

func TestMembershipEndsWithTheSession(t *testing.T) {
	l := openLobby(t, gateway.Config{Loops: 2}, gateway.HubConfig{})
	red := l.hub.Group("red")
	for i, m := range l.enterMany(10, "red", "blue") {
		if i%2 == 0 {
			reset(m.Client)
		} else {
			m.Close()
		}
	}
	l.Eventually(t, func() bool { return red.Len() == 0 && l.hub.Group("blue").Len() == 0 }, "the groups to be empty")
	if got := l.reach(red.Deliver, text("anyone there?")); got != (gateway.Reach{}) {
		t.Errorf("an empty group is reached: %+v", got)
	}
}

func TestGroupNames(t *testing.T) {
	l := openLobby(t, gateway.Config{Loops: 1}, gateway.HubConfig{})
	m := l.enter("")
	for _, test := range []struct {
		what, name string
		ok         bool
	}{
		{"none", "", false},
		{"one character", "x", true},
		{"any characters", "a b/c\x00\n", true},
		{"1,024 characters of two bytes", strings.Repeat("ö", 1024), true},
		{"1,025 characters", strings.Repeat("x", 1025), false},
		{"no UTF-8", "\xff", false},
	} {
		t.Run(test.what, func(t *testing.T) {
			g := l.hub.Group(test.name)
			err := g.Join(m.session)
			if test.ok != (err == nil) || !test.ok && !errors.Is(err, gateway.ErrGroupName) {
				t.Fatalf("Join: %v", err)
			}
			if !test.ok {
				return
			}
			must(t, g.Publish(text("to the group")))
			m.ExpectText("to the group")
			if got := l.info(m).Groups; len(got) != 1 || got[0] != test.name {
				t.Errorf("the session is in %.40q", got)
			}
			must(t, g.Leave(m.session))
			l.info(m)
			if g.Len() != 0 {
				t.Errorf("%d members are left", g.Len())
			}
		})
	}
}

func TestSessionIsInSoManyGroupsAtMost(t *testing.T) {
	config := gateway.Config{Loops: 1}
	config.Limits.Groups = 3
	l := openLobby(t, config, gateway.HubConfig{})
	m := l.enter("", "a", "b", "c", "d", "a", "e")
	if got := l.info(m).Groups; !sameTexts(got, []string{"a", "b", "c"}) {
		t.Errorf("the session is in %q, want a, b and c", got)
	}
	must(t, l.hub.Group("b").Leave(m.session))
	must(t, l.hub.Group("d").Join(m.session))
	if got := l.info(m).Groups; !sameTexts(got, []string{"a", "c", "d"}) {
		t.Errorf("the session is in %q, want a, c and d", got)
	}
	if n := l.hub.Group("e").Len(); n != 0 {
		t.Errorf("group e has %d members", n)
	}
}

func TestMemberThatJoinsTwiceIsSentOne(t *testing.T) {
	l := openLobby(t, gateway.Config{Loops: 1}, gateway.HubConfig{})
	m := l.enter("", "red", "red", "red")
	g := l.hub.Group("red")
	if g.Len() != 1 {
		t.Errorf("%d members, want 1", g.Len())
	}
	for _, message := range []string{"first", "second"} {
		must(t, g.Publish(text("%s", message)))
		m.ExpectText(message)
	}
	must(t, g.Leave(m.session))
	must(t, g.Publish(text("too late")))
	l.info(m)
	must(t, m.session.Send(gateway.Text, []byte("the end")))
	m.ExpectText("the end")
}

func TestSessionDoesNotJoinAGroupOfAnotherHub(t *testing.T) {
	l := openLobby(t, gateway.Config{Loops: 1}, gateway.HubConfig{})
	m := l.enter("", "red")
	elsewhere := l.Gateway.Hub("elsewhere").Group("red")
	must(t, elsewhere.Join(m.session))
	must(t, elsewhere.Leave(m.session))
	must(t, elsewhere.Publish(text("elsewhere")))
	if got := l.info(m).Groups; len(got) != 1 || elsewhere.Len() != 0 || l.hub.Group("red").Len() != 1 {
		t.Errorf("the session is in %q; the groups have %d and %d members, want 0 and 1", got, elsewhere.Len(), l.hub.Group("red").Len())
	}
	must(t, l.hub.Group("red").Publish(text("here")))
	m.ExpectText("here")
}

func TestJoinsOfTheEndedAndOfNobody(t *testing.T) {
	l := openLobby(t, gateway.Config{Loops: 1}, gateway.HubConfig{})
	m := l.enter("")
	m.Close()
	l.Eventually(t, func() bool { return l.hub.Sessions() == 0 }, "the session to end")
	g := l.hub.Group("red")
	for _, s := range []gateway.Session{m.session, {}} {
		for what, err := range map[string]error{"Join": g.Join(s), "Leave": g.Leave(s), "LeaveAll": s.LeaveAll()} {
			if err != nil && !errors.Is(err, gateway.ErrEnded) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	l.Stats(t) // the loop has dealt with them
	if g.Len() != 0 {
		t.Errorf("%d members, want none", g.Len())
	}
}

// TestJoinPublishLeaveInOneGoroutine has every member's goroutine join a group,
// publish to it and leave, over and over, while the others do so too.
func TestJoinPublishLeaveInOneGoroutine(t *testing.T) {
	const members, rounds = 8, 200
	onEngines(t, func(t *testing.T, config gateway.Config) {
		l := openLobby(t, config, gateway.HubConfig{})
		shared := l.hub.Group("shared")
		var running sync.WaitGroup
		for i, m := range l.enterMany(members) {
			own := func(round int) string { return fmt.Sprintf("round %d of %d", round, i) }
			running.Go(func() {
				for round := range rounds {
					for what, err := range map[string]error{
						"join":    shared.Join(m.session),
						"publish": shared.Publish(text("%s", own(round))),
						"leave":   shared.Leave(m.session),
					} {
						if err != nil {
							t.Errorf("%s: %v", what, err)
						}
					}
				}
				m.session.Send(gateway.Text, []byte("the end"))
			})
			running.Go(func() {
				round := 0
				for {
					got := string(m.Receive().Payload)
					if got == "the end" {
						break
					}
					if round < rounds && got == own(round) {
						round++
					}
				}
				if round != rounds {
					t.Errorf("member %d has received its own messages up to %d of %d", i, round, rounds)
				}
			})
		}
		running.Wait()
		if n := shared.Len(); n != 0 {
			t.Errorf("%d members are left", n)
		}
	})
}
