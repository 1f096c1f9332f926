package gateway_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// lobby is a node with a hub whose sessions a test knows.
type lobby struct {
	*gatewaytest.Node
	t        *testing.T
	hub      *gateway.Hub
	sessions chan gateway.Session
}

// member is a client and its session.
type member struct {
	*gatewaytest.Client
	session gateway.Session
}

// openLobby serves a hub called lobby, and one called elsewhere. A client is
// the user whom its query names, and is noted for its remark.
func openLobby(t *testing.T, config gateway.Config, hub gateway.HubConfig) *lobby {
	t.Helper()
	l := &lobby{t: t, sessions: make(chan gateway.Session, 1024)}
	hub.Name = "lobby"
	if hub.Handler == nil {
		hub.Handler = hooks{open: func(s gateway.Session, _ *gateway.Request) { l.sessions <- s }}
	}
	if hub.Authorize == nil {
		hub.Authorize = func(r *gateway.Request) error {
			r.Identity.User = r.Query
			r.Identity.Metadata = map[string]string{"remark": "is " + r.Query}
			return nil
		}
	}
	config.Hubs = []gateway.HubConfig{hub, {Name: "elsewhere"}}
	l.Node = gatewaytest.Start(t, config)
	l.hub = l.Gateway.Hub("lobby")
	return l
}

// enter connects a client of a user that is a member of groups.
func (l *lobby) enter(user string, groups ...string) *member {
	l.t.Helper()
	return l.admit(l.Dial(l.t, gateway.HubPath("lobby")+"?"+user), groups)
}

// enterFrozen is enter for a client that does not read.
func (l *lobby) enterFrozen(groups ...string) *member {
	l.t.Helper()
	return l.admit(l.Frozen(l.t, gateway.HubPath("lobby")), groups)
}

func (l *lobby) admit(c *gatewaytest.Client, groups []string) *member {
	l.t.Helper()
	m := &member{c, <-l.sessions}
	for _, name := range groups {
		must(l.t, l.hub.Group(name).Join(m.session))
	}
	l.info(m)
	return m
}

// enterMany connects n clients.
func (l *lobby) enterMany(n int, groups ...string) []*member {
	l.t.Helper()
	all := make([]*member, n)
	for i := range all {
		all[i] = l.enter(fmt.Sprintf("user-%d", i), groups...)
	}
	return all
}

// info returns what is known of m, once all that it was sent and made to join
// was dealt with.
func (l *lobby) info(m *member) gateway.SessionInfo {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), gatewaytest.Patience)
	defer cancel()
	info, err := m.session.Info(ctx)
	must(l.t, err)
	return info
}

// reach calls one of the Deliver methods.
func (l *lobby) reach(deliver func(context.Context, gateway.Publication) (gateway.Reach, error), p gateway.Publication) gateway.Reach {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), gatewaytest.Patience)
	defer cancel()
	reach, err := deliver(ctx, p)
	must(l.t, err)
	return reach
}

// thaw has m's kernel take what the gateway has for it.
func (m *member) thaw() { m.Conn().(interface{ SetReadBuffer(int) error }).SetReadBuffer(1 << 20) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func text(format string, args ...any) gateway.Publication {
	return gateway.Publication{Type: gateway.Text, Payload: fmt.Appendf(nil, format, args...)}
}

// sameTexts reports whether two lists hold the same texts, in any order.
func sameTexts(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
