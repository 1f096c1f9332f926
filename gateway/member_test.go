package gateway_test

import (
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// enrolled is a handler that is told of groups.
type enrolled struct {
	hooks
	told chan string
}

func (m *enrolled) Joined(_ gateway.Session, group string) {
	m.told <- "joined " + group
	if group == "fault" {
		panic("no such group")
	}
}

func (m *enrolled) Left(_ gateway.Session, group string) { m.told <- "left " + group }

func TestHandlerIsToldOfGroups(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		m := &enrolled{told: make(chan string, 10)}
		m.message = func(s gateway.Session, _ gateway.Message) { s.Send(gateway.Text, []byte("here")) }
		opened := make(chan gateway.Session, 1)
		m.open = func(s gateway.Session, _ *gateway.Request) { opened <- s }
		config.Hubs = []gateway.HubConfig{{Name: "hub", Handler: m, Dispatch: d, Authorize: func(r *gateway.Request) error {
			r.Identity.Groups = []string{"first"}
			return nil
		}}}
		n := gatewaytest.Start(t, config)
		c := n.Dial(t, gateway.HubPath("hub"))
		s := <-opened
		for range 2 { // the second is none
			if err := n.Gateway.Hub("hub").Group("fault").Join(s); err != nil {
				t.Fatal(err)
			}
		}
		if err := n.Gateway.Hub("hub").Group("fault").Leave(s); err != nil {
			t.Fatal(err)
		}
		c.SendText("are you there?")
		c.ExpectText("here") // a panic ends nobody
		c.Close()
		for _, want := range []string{"joined first", "joined fault", "left fault", "left first"} {
			if got := <-m.told; got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		}
	})
}

// What becomes of a join is told on the loop, for every session that it may fail for.
func TestJoinThenTellsWhatCameOfIt(t *testing.T) {
	config := gateway.Config{Loops: 2}
	config.Limits.Groups = 2
	l := openLobby(t, config, gateway.HubConfig{})
	m, gone := l.enter("ana", "a"), l.enter("ben")
	gone.Close()
	l.Eventually(t, func() bool { return l.hub.Sessions() == 1 }, "the other session to end")
	told := make(chan error, 1)
	for _, tc := range []struct {
		group   string
		session gateway.Session
		want    error
	}{
		{"b", m.session, nil},
		{"c", m.session, gateway.ErrTooManyGroups},
		{"a", m.session, nil},
		{"a", gone.session, gateway.ErrEnded},
	} {
		must(t, l.hub.Group(tc.group).JoinThen(tc.session, func(err error) { told <- err }))
		if err := <-told; err != tc.want {
			t.Errorf("joining %s: %v, want %v", tc.group, err, tc.want)
		}
	}
	elsewhere := l.Gateway.Hub("elsewhere").Group("a")
	must(t, elsewhere.JoinThen(m.session, func(err error) { told <- err }))
	if err := <-told; err != gateway.ErrEnded || elsewhere.Len() != 0 {
		t.Errorf("joining a group of another hub: %v, and it has %d members", err, elsewhere.Len())
	}
}

// What is called on a loop is the program's own, and its loop serves others too.
func TestPanicOfWhatAJoinTellsEndsThere(t *testing.T) {
	l := openLobby(t, gateway.Config{}, gateway.HubConfig{})
	m := l.enter("ana")
	must(t, l.hub.Group("a").JoinThen(m.session, func(error) { panic("a fault of the program") }))
	told := make(chan error, 1)
	must(t, l.hub.Group("b").JoinThen(m.session, func(err error) { told <- err }))
	if err := <-told; err != nil || l.hub.Group("a").Len() != 1 {
		t.Errorf("joining another group: %v, and the first has %d members", err, l.hub.Group("a").Len())
	}
}
