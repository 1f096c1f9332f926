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
	c.service.reliable.send(&api.Selection{Target: api.Target{Scope: api.Group, Name: m.Group}}, except, &shared{message: &made.message, expires: c.service.expiry(ttl)})
	return c.service.hub.Group(m.Group).Publish(p)
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
	p, _ := s.publication(&to, m)
	return unlessEnded(s.receiver(to.Target).Publish(p))
}

// Deliver is Send, and waits to learn what became of the message. To a reliable client
// it is sent once it is kept for it.
func (s *Service) Deliver(ctx context.Context, to api.Selection, m *api.Message) (gateway.Reach, error) {
	p, kept := s.publication(&to, m)
	reach, err := s.receiver(to.Target).Deliver(ctx, p)
	reach.Sent += kept.Sent
	reach.Closed += kept.Closed
	return reach, unlessEnded(err)
}

// publication has a message kept for the reliable clients that are chosen, and returns
// what is to be published for the others.
func (s *Service) publication(to *api.Selection, m *api.Message) (p gateway.Publication, kept gateway.Reach) {
	made := contentOf(messageOf(m))
	p = made.publication()
	p.Filter, p.Key = s.filter(to), m.Key
	return p, s.reliable.send(to, nil, &shared{message: &made.message, expires: s.expiry(m.TTL)})
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
