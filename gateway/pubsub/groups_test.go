package pubsub_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/token"
)

// A client may be in as many groups as [gateway.Limits] say, whoever has it join them.
func TestGroupsOfAClientAreBounded(t *testing.T) {
	for _, protocol := range []string{plainJSON, reliableJSON} {
		t.Run(protocol, func(t *testing.T) {
			g := start(t, nil)
			p := g.peer(t, protocol, token.Client{Roles: everything, Groups: []string{"first"}})
			most := g.Gateway.Limits().Groups
			for i := 1; i < most; i++ {
				p.join(fmt.Sprint(i), i)
				p.expectAck(i, "")
			}
			p.join("one too many", most)
			p.expectAck(most, "BadRequest")
			p.join("first", most+1) // it is a member
			p.expectAck(most+1, "")
			if is, err := g.service.Has(t.Context(), api.Target{Scope: api.Group, Name: "one too many"}); is || err != nil {
				t.Errorf("the group has a member: %v, %v", is, err)
			}

			which := api.Selection{Target: api.Target{Scope: api.Connection, Name: p.id}}
			if n, err := g.service.Join(t.Context(), which, []string{"one too many"}); n != 1 || !errors.Is(err, api.ErrTooManyGroups) {
				t.Errorf("Join of a group too many: %d, %v, want 1, %v", n, err, api.ErrTooManyGroups)
			}
			if err := g.service.Leave(t.Context(), which, []string{"first"}); err != nil {
				t.Fatal(err)
			}
			if n, err := g.service.Join(t.Context(), which, []string{"another"}); n != 1 || err != nil {
				t.Errorf("Join: %d, %v, want 1 connection", n, err)
			}
			if is, err := g.service.Has(t.Context(), api.Target{Scope: api.Group, Name: "another"}); !is || err != nil {
				t.Errorf("once Join has returned, the group has no member: %v, %v", is, err)
			}
		})
	}
}

// A client that was closed is not there any more, even if it does not answer.
func TestWhoWasClosedIsGone(t *testing.T) {
	for _, protocol := range []string{plainJSON, reliableJSON} {
		for _, by := range []api.Scope{api.All, api.Group, api.User, api.Connection} {
			g := start(t, nil)
			p := g.peer(t, protocol, token.Client{User: "ana", Groups: []string{"g"}})
			names := [...]string{api.All: "", api.Group: "g", api.User: "ana", api.Connection: p.id}
			for _, closed := range []bool{false, true} {
				for _, scope := range []api.Scope{api.Group, api.User, api.Connection} {
					if is, err := g.service.Has(t.Context(), api.Target{Scope: scope, Name: names[scope]}); is == closed || err != nil {
						t.Errorf("%s, closed by %d: %v, scope %d: is there: %v, %v", protocol, by, closed, scope, is, err)
					}
				}
				if err := g.service.Close(t.Context(), api.Selection{Target: api.Target{Scope: by, Name: names[by]}}, "go"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
