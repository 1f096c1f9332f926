package api

import (
	"context"
	"errors"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
)

// Node has the hubs of a gateway. Its fields are set before the first request.
type Node struct {
	Gateway *gateway.Gateway
	// Encode says how sessions are sent a message. It borrows m, and what it
	// returns may be a part of that. Default: [Plain].
	Encode func(m *Message) gateway.Publication
	// Permissions keeps those of sessions. Default: none does, and requests that
	// are about permissions get 501.
	Permissions SessionPermissions
}

// SessionPermissions is [Permissions] for sessions that the gateway knows.
type SessionPermissions interface {
	Grant(ctx context.Context, s gateway.Session, p Permission) error
	Revoke(ctx context.Context, s gateway.Session, p Permission) error
	Allows(ctx context.Context, s gateway.Session, p Permission) (bool, error)
}

// Plain is a message for clients without a subprotocol: text and JSON are text,
// and nothing is put around them.
func Plain(m *Message) gateway.Publication {
	p := gateway.Publication{Type: gateway.Text, Payload: m.Data}
	if m.Type == Binary {
		p.Type = gateway.Binary
	}
	return p
}

var _ Hubs = (*Node)(nil)

// Hub returns a hub of the gateway.
func (n *Node) Hub(name string) (Hub, bool) {
	h := n.Gateway.Hub(name)
	return &nodeHub{n, h}, h != nil
}

// nodeHub is a hub of a gateway.
type nodeHub struct {
	node *Node
	hub  *gateway.Hub
}

// Send publishes the message. A connection that is not there is sent nothing, and
// nor is one of another hub.
func (h *nodeHub) Send(_ context.Context, to Selection, m *Message) error {
	encode := h.node.Encode
	if encode == nil {
		encode = Plain
	}
	p := encode(m)
	for _, id := range to.Except {
		if s, known := h.node.Gateway.Session(id); known {
			p.Except = append(p.Except, s)
		}
	}
	if f := to.Filter; f != nil {
		p.Filter = func(r *gateway.Recipient) bool { return f.Matches(recipient{r}) }
	}
	switch to.Scope {
	case Group:
		return h.hub.Group(to.Name).Publish(p)
	case User:
		return h.hub.User(to.Name).Publish(p)
	case Connection:
		return h.sendTo(to.Name, p)
	}
	return h.hub.Publish(p)
}

func (h *nodeHub) sendTo(id string, p gateway.Publication) error {
	s, known := h.node.Gateway.Session(id)
	if !known {
		return nil
	}
	name, chosen := h.hub.Name(), p.Filter
	p.Filter = func(r *gateway.Recipient) bool { return r.Hub() == name && (chosen == nil || chosen(r)) }
	return unlessEnded(s.Publish(p))
}

// Close ends sessions with 1000.
func (h *nodeHub) Close(ctx context.Context, which Selection, reason string) error {
	_, err := h.each(ctx, which, func(s gateway.Session) error {
		return unlessEnded(s.Close(ws.StatusNormalClosure, reason))
	})
	return err
}

// Join makes sessions members. It does not wait: what is published to the groups
// afterwards comes after it.
func (h *nodeHub) Join(ctx context.Context, which Selection, groups []string) (int, error) {
	return h.each(ctx, which, func(s gateway.Session) error {
		return h.inEach(groups, func(g gateway.Group) error { return g.Join(s) })
	})
}

// Leave ends memberships. It does not wait, as Join does not.
func (h *nodeHub) Leave(ctx context.Context, which Selection, groups []string) error {
	_, err := h.each(ctx, which, func(s gateway.Session) error {
		if groups == nil {
			return unlessEnded(s.LeaveAll())
		}
		return h.inEach(groups, func(g gateway.Group) error { return g.Leave(s) })
	})
	return err
}

// inEach calls do with each group, for a session that may have ended.
func (h *nodeHub) inEach(groups []string, do func(gateway.Group) error) error {
	for _, name := range groups {
		if err := unlessEnded(do(h.hub.Group(name))); err != nil {
			return err
		}
	}
	return nil
}

// unlessEnded passes over the end of a session: who has gone needs nothing.
func unlessEnded(err error) error {
	if errors.Is(err, gateway.ErrEnded) {
		return nil
	}
	return err
}

// Has asks the loop of a connection; users and groups are counted.
func (h *nodeHub) Has(ctx context.Context, t Target) (bool, error) {
	switch t.Scope {
	case Group:
		return h.hub.Group(t.Name).Len() > 0, nil
	case User:
		return len(h.hub.User(t.Name).Sessions()) > 0, nil
	case Connection:
		_, err := h.session(ctx, t.Name)
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	return true, nil
}

// Members lists a part of a group.
func (h *nodeHub) Members(ctx context.Context, group, after string, limit int) ([]Member, error) {
	which := gateway.Listing{Group: group, Limit: limit}
	if after != "" {
		s, known := h.node.Gateway.Session(after)
		if !known {
			return nil, ErrNotFound
		}
		which.After = s
	}
	found, err := h.hub.List(ctx, which)
	members := make([]Member, len(found))
	for i := range found {
		members[i] = Member{Connection: found[i].ID, User: found[i].User}
	}
	return members, err
}

// Grant, Revoke and Allows pass on what is asked of a session of the hub.
func (h *nodeHub) Grant(ctx context.Context, connection string, p Permission) error {
	return h.permit(ctx, connection, func(of SessionPermissions, s gateway.Session) error { return of.Grant(ctx, s, p) })
}

func (h *nodeHub) Revoke(ctx context.Context, connection string, p Permission) error {
	return h.permit(ctx, connection, func(of SessionPermissions, s gateway.Session) error { return of.Revoke(ctx, s, p) })
}

func (h *nodeHub) Allows(ctx context.Context, connection string, p Permission) (is bool, err error) {
	err = h.permit(ctx, connection, func(of SessionPermissions, s gateway.Session) (err error) {
		is, err = of.Allows(ctx, s, p)
		return err
	})
	return is, err
}

func (h *nodeHub) permit(ctx context.Context, connection string, ask func(SessionPermissions, gateway.Session) error) error {
	if h.node.Permissions == nil {
		return ErrUnsupported
	}
	info, err := h.session(ctx, connection)
	if err != nil {
		return err
	}
	return ask(h.node.Permissions, info.Session)
}
