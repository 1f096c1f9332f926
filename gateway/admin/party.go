package admin

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/pubsub"
)

// receiver is what can be sent a text.
type receiver interface {
	send(ctx context.Context, text string) (gateway.Reach, error)
}

// party is what can be closed, too. Who means everyone drains the node.
type party interface {
	receiver
	close(ctx context.Context, code ws.StatusCode, reason string) error
}

// served are clients that speak a protocol of their own: a hub, or a part of it.
// [gateway.Session] and the like would send them bytes that are no message of it, and
// know nothing of clients that outlive their sockets.
type served struct {
	hub Served
	api.Selection
}

// Served is a hub of a public API; see [pubsub.Service].
type Served interface {
	Deliver(ctx context.Context, to api.Selection, m *api.Message) (gateway.Reach, error)
	End(ctx context.Context, which api.Selection, code ws.StatusCode, reason string) error
	Connection(ctx context.Context, of gateway.Session) (id string, err error)
	Has(ctx context.Context, t api.Target) (bool, error)
}

var _ Served = (*pubsub.Service)(nil)

func (s served) send(ctx context.Context, text string) (gateway.Reach, error) {
	m := &api.Message{Type: api.Text, Data: []byte(text)}
	if s.Scope == api.Group {
		m.Group = s.Name
	}
	return s.hub.Deliver(ctx, s.Selection, m)
}

func (s served) close(ctx context.Context, code ws.StatusCode, reason string) error {
	return s.hub.End(ctx, s.Selection, code, reason)
}

// unframed are sessions that are sent a text as it is.
type unframed[T interface {
	Deliver(context.Context, gateway.Publication) (gateway.Reach, error)
}] struct{ to T }

func (p unframed[T]) send(ctx context.Context, text string) (gateway.Reach, error) {
	return p.to.Deliver(ctx, gateway.Publication{Type: gateway.Text, Payload: []byte(text)})
}

// single is one session as a party.
type single struct{ unframed[gateway.Session] }

func (s single) close(_ context.Context, code ws.StatusCode, reason string) error {
	return s.to.Close(code, reason)
}

// members are a group as a party.
type members struct{ unframed[gateway.Group] }

func (m members) close(_ context.Context, code ws.StatusCode, reason string) error {
	return m.to.CloseAll(gateway.Selection{}, code, reason)
}

// findReceiver returns whom t means. The error is a [*problem].
func (a *actions) findReceiver(ctx context.Context, t target) (receiver, error) {
	if t.Session != "" || t.Group != "" || t.Hub == "" {
		return a.find(ctx, t)
	}
	hub := a.source.Hub(t.Hub)
	if hub == nil {
		return nil, noHub(t.Hub)
	}
	if by, is := a.servedBy(t.Hub); is {
		return served{hub: by}, nil
	}
	return unframed[*gateway.Hub]{hub}, nil
}

// find returns the session or the group that t means. The error is a [*problem].
func (a *actions) find(ctx context.Context, t target) (party, error) {
	switch {
	case t.Session != "" && (t.Hub != "" || t.Group != ""):
		return nil, invalid("session", "is given beside a hub or a group; give either")
	case t.Session != "":
		return a.findSession(ctx, t.Session)
	case t.Hub == "" || t.Group == "":
		return nil, invalid("session", "is missing; give it, or hub and group")
	}
	hub := a.source.Hub(t.Hub)
	if hub == nil {
		return nil, noHub(t.Hub)
	}
	group := hub.Group(t.Group)
	by, is := a.servedBy(t.Hub)
	if !is {
		return members{unframed[gateway.Group]{group}}, groupFault(t.Group, group.Len() > 0, nil)
	}
	which := api.Target{Scope: api.Group, Name: t.Group}
	there, err := by.Has(ctx, which)
	return served{by, api.Selection{Target: which}}, groupFault(t.Group, there, err)
}

// groupFault is the problem with a group that has no members, or was not found out.
func groupFault(name string, there bool, err error) error {
	switch {
	case err != nil:
		return failed(err)
	case !there:
		return &problem{http.StatusNotFound, fmt.Errorf("group: %q: has no members", name)}
	}
	return nil
}

func (a *actions) findSession(ctx context.Context, id string) (party, error) {
	session, err := findSession(a.source, id)
	if err != nil {
		return nil, err
	}
	info, err := session.Info(ctx)
	if err != nil {
		return nil, failed(err)
	}
	by, is := a.servedBy(info.Hub)
	if !is {
		return single{unframed[gateway.Session]{session}}, nil
	}
	id, err = by.Connection(ctx, session)
	if err != nil {
		return nil, failed(err)
	}
	return served{by, api.Selection{Target: api.Target{Scope: api.Connection, Name: id}}}, nil
}

// servedBy returns what serves a hub, and whether the public API does.
func (a *actions) servedBy(hub string) (Served, bool) {
	public, is := a.source.(PublicSource)
	if !is {
		return nil, false
	}
	return public.Served(hub)
}
