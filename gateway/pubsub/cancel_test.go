package pubsub_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/token"
)

// Whoever asks may leave while the loops still do what was asked: that is done to its
// end, and nobody waits for it.
func TestWhoAsksMayLeave(t *testing.T) {
	g := start(t, nil)
	p := g.peer(t, plainJSON, token.Client{User: "ana", Roles: everything})
	gone, leave := context.WithCancel(t.Context())
	leave()
	user := api.Selection{Target: api.Target{Scope: api.User, Name: "ana"}}
	permitted := api.Permission{Action: api.SendToGroup, Group: "g"}
	session, _ := g.Gateway.Session(p.id)
	for _, tc := range []struct {
		name string
		ask  func(int) error
	}{
		{"Join", func(i int) error { _, err := g.service.Join(gone, user, []string{fmt.Sprint(i)}); return err }},
		{"Leave", func(i int) error { return g.service.Leave(gone, user, []string{fmt.Sprint(i)}) }},
		{"Grant", func(int) error { return g.service.Grant(gone, p.id, permitted) }},
		{"Allows", func(int) error { _, err := g.service.Allows(gone, p.id, permitted); return err }},
		{"Connection", func(int) error { _, err := g.service.Connection(gone, session); return err }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			release := g.holdLoops(t)
			for i := range 10 {
				if err := tc.ask(i); !errors.Is(err, context.Canceled) {
					t.Fatalf("%v, want %v", err, context.Canceled)
				}
			}
			release()
			p.SendText(`{"type":"ping"}`)
			if f := p.frame(); f.Type != "pong" {
				t.Errorf("received %+v, want a pong", f)
			}
		})
	}
}

// holdLoops has every loop that has a session of the hub wait until release is called.
func (g *rig) holdLoops(t testing.TB) (release func()) {
	t.Helper()
	held := make(chan struct{})
	if err := g.Gateway.Hub(g.hub).Each(gateway.Selection{}, func(*gateway.Recipient) { <-held }); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { close(held) })
	t.Cleanup(release)
	return release
}
