package pubsub_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/subprotocol"
	"github.com/sluicegate/sluice/gateway/token"
)

// One message reaches clients of every protocol, each in its own bytes.
func TestOneMessageForEveryProtocol(t *testing.T) {
	g := start(t, nil)
	m := &subprotocol.Message{Group: "g", Payload: subprotocol.Payload{Type: subprotocol.JSONData, Data: []byte(`{"a":1}`)}}
	for _, name := range append(subprotocol.Names(), "") {
		t.Run("protocol "+name, func(t *testing.T) {
			var offer []gatewaytest.Option
			if name != "" {
				offer = append(offer, gatewaytest.Subprotocols(name))
			}
			c := g.Dial(t, g.path(token.Client{Groups: []string{"g"}}), offer...)
			protocol, _ := subprotocol.Lookup(name)
			kind := gateway.MessageType(protocol.Encoding.OpCode(subprotocol.JSONData))
			if name == "" {
				g.Eventually(t, func() bool { return g.Gateway.Hub("chat").Group("g").Len() == 1 }, "the client to be a member")
			} else if m := c.Receive(); m.Type != kind { // the connected frame
				t.Fatalf("the first frame has type %d, want %d", m.Type, kind)
			}
			g.rest(t, inGroup, `{"a":1}`)
			want := m.Append(nil, protocol.Encoding)
			if protocol.Reliable {
				want = protocol.Encoding.AppendStamped(nil, want, 1)
			}
			c.Expect(kind, want)
			if err := g.service.Close(t.Context(), inGroup, ""); err != nil {
				t.Fatal(err)
			}
			if name != "" {
				c.Receive() // the disconnected frame
			}
			c.ExpectClose(1000)
			g.Eventually(t, func() bool { return g.Gateway.Hub("chat").Group("g").Len() == 0 }, "the client to be gone")
		})
	}
}

// A list has every member once, whether it has a session of the gateway's or not.
func TestMembersInPages(t *testing.T) {
	g := start(t, nil)
	there := make(map[string]bool)
	for i := range 7 {
		p := g.peer(t, []string{plainJSON, reliableJSON}[i%2], token.Client{User: fmt.Sprint(i), Groups: []string{"g"}})
		there[p.id] = true
	}
	after := ""
	for range 7 {
		page, err := g.service.Members(t.Context(), "g", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, member := range page {
			if !there[member.Connection] || member.User == "" {
				t.Errorf("%+v is listed twice, or is none", member)
			}
			delete(there, member.Connection)
			after = cmp.Or(member.Cursor, member.Connection)
		}
	}
	if len(there) > 0 {
		t.Errorf("%v were not listed", there)
	}
	if _, err := g.service.Members(t.Context(), "g", "never was", 2); err != api.ErrNotFound {
		t.Errorf("behind a connection that never was: %v, want %v", err, api.ErrNotFound)
	}
}

// A list goes on behind a member that has gone since.
func TestMembersBehindOneThatHasGone(t *testing.T) {
	for _, protocol := range []string{plainJSON, reliableJSON} {
		t.Run(protocol, func(t *testing.T) {
			g := start(t, nil)
			for range 2 {
				for _, other := range []string{plainJSON, reliableJSON} {
					g.peer(t, other, token.Client{User: other, Groups: []string{"g"}})
				}
			}
			all, err := g.service.Members(t.Context(), "g", "", 5)
			if err != nil || len(all) != 4 {
				t.Fatalf("%v, %v: want 4 members", all, err)
			}
			at := slices.IndexFunc(all, func(m api.Member) bool { return m.User == protocol })
			gone := api.Target{Scope: api.Connection, Name: all[at].Connection}
			if err := g.service.Close(t.Context(), api.Selection{Target: gone}, ""); err != nil {
				t.Fatal(err)
			}
			rest, err := g.service.Members(t.Context(), "g", cmp.Or(all[at].Cursor, all[at].Connection), 5)
			if err != nil || !slices.Equal(rest, all[at+1:]) {
				t.Errorf("%v, %v: want %v", rest, err, all[at+1:])
			}
		})
	}
}
