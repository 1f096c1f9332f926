package gateway_test

import (
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// sessionsOf connects count clients and returns their sessions.
func sessionsOf(t testing.TB, count int) (*gatewaytest.Node, []gateway.Session) {
	h, opened := introduced()
	n := gatewaytest.Start(t, serving(gateway.Config{Loops: 2}, h, gateway.Inline))
	sessions := make([]gateway.Session, count)
	for i := range sessions {
		n.Dial(t, "/")
		sessions[i] = <-opened
	}
	return n, sessions
}

func TestSessionIDs(t *testing.T) {
	n, sessions := sessionsOf(t, 50)
	seen := make(map[string]bool)
	for _, s := range sessions {
		id := s.ID()
		if len(id) != 24 || seen[id] {
			t.Errorf("id %q: want 24 characters, each id once", id)
		}
		seen[id] = true
		if got, ok := n.Gateway.Session(id); !ok || got != s {
			t.Errorf("Session(%q) is %v, %v; want the session it came from", id, got, ok)
		}
	}
}

func TestIDsThatWereNotGivenOutAreRefused(t *testing.T) {
	n, sessions := sessionsOf(t, 1)
	other, _ := sessionsOf(t, 0)
	id := sessions[0].ID()
	if _, ok := other.Gateway.Session(id); ok {
		t.Error("another gateway takes the id")
	}
	for i := range id {
		tampered := []byte(id)
		tampered[i] = 'A'
		if id[i] == 'A' {
			tampered[i] = 'B'
		}
		if _, ok := n.Gateway.Session(string(tampered)); ok {
			t.Errorf("Session takes %q, which is %q changed at %d", tampered, id, i)
		}
	}
	for _, bad := range []string{"", id[:23], id + "A", id + "=", id + "\n", "\r" + id, id[:12] + "\n" + id[12:]} {
		if _, ok := n.Gateway.Session(bad); ok {
			t.Errorf("Session takes %q", bad)
		}
	}
}

func FuzzSessionID(f *testing.F) {
	n, sessions := sessionsOf(f, 1)
	id := sessions[0].ID()
	for _, seed := range []string{"", id, id[1:], "AAAAAAAAAAAAAAAAAAAAAAAA", "//8AAAAAAAAAAAAAAAAAAAAA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if s, ok := n.Gateway.Session(id); ok && s.ID() != id {
			t.Errorf("Session takes %q for %q", id, s.ID())
		}
	})
}
