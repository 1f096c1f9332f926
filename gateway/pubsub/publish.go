package pubsub

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

// publish sends a group a message of the client's, which is worth sending for ttl. With
// noEcho the client gets none.
func (c *client) publish(s gateway.Session, m *subprotocol.Message, ttl time.Duration, noEcho bool) error {
	made := contentOf(m)
	p := made.publication()
	var except *client
	if noEcho {
		p.Except, except = []gateway.Session{s}, c
	}
	if err := c.service.hub.Group(m.Group).Publish(p); err != nil {
		return err
	}
	c.service.keep(&api.Selection{Target: api.Target{Scope: api.Group, Name: m.Group}}, except, made, ttl)
	return nil
}

// receiver is sessions of the gateway's that can be sent something.
type receiver interface {
	Publish(gateway.Publication) error
	Deliver(context.Context, gateway.Publication) (gateway.Reach, error)
}

// receiver returns the sessions that a target means. A connection that is not there is
// a session that has ended.
func (s *Service) receiver(t api.Target) receiver {
	switch t.Scope {
	case api.Group:
		return s.hub.Group(t.Name)
	case api.User:
		return s.hub.User(t.Name)
	case api.Connection:
		session, _ := s.gateway.Session(t.Name)
		return session
	}
	return s.hub
}

// Send sends a message of the backend's to the clients that are chosen.
func (s *Service) Send(_ context.Context, to api.Selection, m *api.Message) error {
	made := contentOf(messageOf(m))
	if err := unlessEnded(s.receiver(to.Target).Publish(s.publication(made, &to, m.Key))); err != nil {
		return err
	}
	s.keep(&to, nil, made, m.TTL)
	return nil
}

// Deliver is Send, and waits to learn what became of the message. To a reliable client
// it is sent once it is kept for it.
func (s *Service) Deliver(ctx context.Context, to api.Selection, m *api.Message) (gateway.Reach, error) {
	made := contentOf(messageOf(m))
	reach, err := s.receiver(to.Target).Deliver(ctx, s.publication(made, &to, m.Key))
	if err = unlessEnded(err); err != nil && !errors.Is(err, ctx.Err()) {
		return reach, err
	} // else it is published, and at most the wait was given up
	kept := s.keep(&to, nil, made, m.TTL)
	reach.Sent += kept.Sent
	reach.Closed += kept.Closed
	return reach, err
}

// publication returns what is to be published for clients that are not reliable.
func (s *Service) publication(made *content, to *api.Selection, key string) gateway.Publication {
	p := made.publication()
	p.Filter, p.Key = s.filter(to), key
	return p
}

// keep has a message kept for the reliable clients that are chosen, all but one, and
// sent to those that have a socket. It comes behind its publication: who is told that
// this has failed may send again, and the reliable are not to get both.
func (s *Service) keep(which *api.Selection, except *client, made *content, ttl time.Duration) gateway.Reach {
	return s.reliable.send(which, except, &shared{message: &made.message, expires: s.expiry(ttl)})
}

// filter returns what a publication is to ask of sessions, nil if nothing.
func (s *Service) filter(to *api.Selection) func(*gateway.Recipient) bool {
	if len(to.Except) == 0 && to.Filter == nil && to.Scope != api.Connection {
		return nil
	}
	return s.chooses(to)
}

// unlessEnded passes over the end of a session: who has gone needs nothing.
func unlessEnded(err error) error {
	if errors.Is(err, gateway.ErrEnded) {
		return nil
	}
	return err
}
