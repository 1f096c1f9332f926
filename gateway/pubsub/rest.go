package pubsub

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

// The types of payloads, by those of the API.
var apiTypes = [...]subprotocol.DataType{
	api.Text:   subprotocol.Text,
	api.JSON:   subprotocol.JSONData,
	api.Binary: subprotocol.Binary,
}

// messageOf returns a message of the API's as clients are sent it.
func messageOf(m *api.Message) *subprotocol.Message {
	sent := &subprotocol.Message{Group: m.Group, Payload: subprotocol.Payload{Type: apiTypes[m.Type], Data: m.Data}}
	for key, value := range m.Metadata {
		sent.Metadata = append(sent.Metadata, subprotocol.Pair{Key: []byte(key), Value: []byte(value)})
	}
	return sent
}

// Close is End with 1000.
func (s *Service) Close(ctx context.Context, which api.Selection, reason string) error {
	return s.End(ctx, which, ws.StatusNormalClosure, reason)
}

// End tells clients the reason, and closes them with a code that
// [gateway.Session.Close] takes. Reliable ones cannot recover.
func (s *Service) End(ctx context.Context, which api.Selection, code ws.StatusCode, reason string) error {
	for _, c := range s.reliable.chosen(which) {
		c.end(gateway.Session{}, code, reason)
	}
	_, err := s.visit(ctx, &which, func(r *gateway.Recipient, c *client) { c.end(r.Session(), code, reason) })
	return err
}

// Connection returns the connection id of the client that has a session of the hub. A
// reliable one keeps that of its first session. The error is [gateway.ErrEnded],
// [gateway.ErrBusy] or ctx's.
func (s *Service) Connection(ctx context.Context, of gateway.Session) (string, error) {
	var id string
	if err := of.Visit(ctx, func(r *gateway.Recipient) {
		id = r.Session().ID()
		if c, is := r.Handler().(*client); is && c.lasting != nil {
			id = c.lasting.id
		}
	}); err != nil {
		return "", err
	}
	return id, nil
}

// Join makes clients members of groups, and waits until they are. The error is
// [api.ErrTooManyGroups] if one of them may be in no more: the others are members.
func (s *Service) Join(ctx context.Context, which api.Selection, groups []string) (chosen int, err error) {
	joins := newJoins()
	chosen, err = s.each(ctx, &which, func(to gateway.Session, c *client) {
		for _, group := range groups {
			joins.begin()
			c.join(to, group, joins.finish)
		}
	})
	if err != nil {
		return chosen, err // this part never ends, for others may yet begin
	}
	joins.finish(nil)
	return chosen, joins.await(ctx, s.ctx)
}

// Leave ends memberships: in groups, or in all if groups is nil. The error is
// [gateway.ErrBusy] if a loop could not be told: the others have ended.
func (s *Service) Leave(ctx context.Context, which api.Selection, groups []string) error {
	var busy atomic.Bool
	note := func(err error) {
		if errors.Is(err, gateway.ErrBusy) { // who has ended is in no group
			busy.Store(true)
		}
	}
	_, err := s.each(ctx, &which, func(to gateway.Session, c *client) {
		if groups == nil {
			note(c.leaveAll(to))
		}
		for _, group := range groups {
			note(c.leave(to, group))
		}
	})
	if err == nil && busy.Load() {
		err = gateway.ErrBusy
	}
	return err
}

// Has reports whether a target has clients. Those that were closed are none, though
// their sessions are counted until their peers have answered.
func (s *Service) Has(ctx context.Context, t api.Target) (bool, error) {
	if s.reliable.has(t) {
		return true, nil
	}
	if t.Scope == api.Group && s.hub.Group(t.Name).Len() == 0 {
		return false, nil
	}
	n, err := s.visit(ctx, &api.Selection{Target: t}, func(*gateway.Recipient, *client) {})
	return n > 0, err
}

// reliableCursor begins the cursors of reliable clients, which may be gone when they are
// used. No connection id begins so.
const reliableCursor = "~"

// Members lists a group: those with a session of the gateway's first, then the
// reliable.
func (s *Service) Members(ctx context.Context, group, after string, limit int) ([]api.Member, error) {
	var found []api.Member
	after, reliable := strings.CutPrefix(after, reliableCursor)
	session, known := s.gateway.Session(after)
	switch {
	case after != "" && !known:
		return nil, api.ErrNotFound
	case reliable:
		return s.reliable.member(group, after, limit), nil
	}
	which := gateway.Listing{Group: group, After: session, Limit: limit}
	for len(found) < limit {
		page, err := s.hub.List(ctx, which)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if page[i].Form != formReliable && len(found) < limit {
				found = append(found, api.Member{Connection: page[i].ID, User: page[i].User})
			}
		}
		if len(page) < limit {
			return append(found, s.reliable.member(group, "", limit-len(found))...), nil
		}
		which.After = page[len(page)-1].Session
	}
	return found, nil
}

// Grant gives a client a permission.
func (s *Service) Grant(ctx context.Context, connection string, p api.Permission) error {
	return s.permit(ctx, connection, func(of *subprotocol.Permissions) error { return of.Grant(permissionOf(p), p.Group) })
}

// Revoke takes a permission from a client.
func (s *Service) Revoke(ctx context.Context, connection string, p api.Permission) error {
	return s.permit(ctx, connection, func(of *subprotocol.Permissions) error { return of.Revoke(permissionOf(p), p.Group) })
}

// Allows reports whether a client has a permission.
func (s *Service) Allows(ctx context.Context, connection string, p api.Permission) (bool, error) {
	var allowed bool
	if err := s.permit(ctx, connection, func(of *subprotocol.Permissions) error {
		allowed = of.Allow(permissionOf(p), []byte(p.Group))
		return nil
	}); err != nil {
		return false, err
	}
	return allowed, nil
}

func permissionOf(p api.Permission) subprotocol.Permission {
	if p.Action == api.SendToGroup {
		return subprotocol.SendToGroup
	}
	return subprotocol.JoinLeaveGroup
}

// permit does something with the permissions of a connection.
func (s *Service) permit(ctx context.Context, connection string, do func(*subprotocol.Permissions) error) error {
	err := api.ErrNotFound
	which := &api.Selection{Target: api.Target{Scope: api.Connection, Name: connection}}
	if _, failed := s.each(ctx, which, func(_ gateway.Session, c *client) {
		c.mu.Lock()
		defer c.mu.Unlock()
		err = do(&c.permissions)
	}); failed != nil {
		return failed
	}
	if errors.Is(err, subprotocol.ErrTooManyGroups) {
		err = api.ErrTooMany
	}
	return err
}

// each calls do with the clients that a selection chooses and the sessions that they
// have, and returns their number. do must not block. After an error it may still be
// called: what it writes is then not to be read.
func (s *Service) each(ctx context.Context, which *api.Selection, do func(gateway.Session, *client)) (chosen int, err error) {
	reliable := s.reliable.chosen(*which)
	for _, c := range reliable {
		do(c.present(), c)
	}
	n, err := s.visit(ctx, which, func(r *gateway.Recipient, c *client) { do(r.Session(), c) })
	return n + len(reliable), err
}

// visit calls do with the clients that a selection chooses of those that are not
// reliable, each on its session's loop, and returns their number.
func (s *Service) visit(ctx context.Context, which *api.Selection, do func(*gateway.Recipient, *client)) (int, error) {
	chosen := gateway.Selection{Filter: s.chooses(which)}
	visit := func(r *gateway.Recipient) { do(r, clientOf(r)) }
	switch which.Scope {
	case api.Group:
		return s.hub.Group(which.Name).Visit(ctx, chosen, visit)
	case api.User:
		return s.hub.User(which.Name).Visit(ctx, chosen, visit)
	case api.Connection:
		return s.visitOne(ctx, which.Name, chosen.Filter, visit)
	}
	return s.hub.Visit(ctx, chosen, visit)
}

func (s *Service) visitOne(ctx context.Context, id string, chooses func(*gateway.Recipient) bool, visit func(*gateway.Recipient)) (int, error) {
	session, known := s.gateway.Session(id)
	if !known {
		return 0, nil
	}
	n := 0
	if err := session.Visit(ctx, func(r *gateway.Recipient) {
		if chooses(r) {
			n++
			visit(r)
		}
	}); err != nil {
		return 0, unlessEnded(err)
	}
	return n, nil
}

// chooses returns whether a selection chooses a session. Those of reliable clients are
// chosen by the index.
func (s *Service) chooses(which *api.Selection) func(*gateway.Recipient) bool {
	except, filter := which.Except, which.Filter
	return func(r *gateway.Recipient) bool {
		return r.Hub() == s.config.Hub && r.Form() != formReliable &&
			(len(except) == 0 || !slices.Contains(except, r.Session().ID())) && filter.Matches(recipient{r})
	}
}

// clientOf returns the client of a session that is not a reliable one's.
func clientOf(r *gateway.Recipient) *client {
	if p, is := r.Handler().(*publisher); is {
		return p.client
	}
	return r.Handler().(*client)
}

// recipient is a session as a filter sees it on the session's loop.
type recipient struct{ *gateway.Recipient }

var _ api.Subject = recipient{}

func (r recipient) UserID() (string, bool) { return r.User(), r.User() != "" }
func (r recipient) ConnectionID() string   { return r.Session().ID() }
func (r recipient) Protocol() string       { return clientOf(r.Recipient).protocol.String() }
