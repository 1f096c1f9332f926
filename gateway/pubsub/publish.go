package pubsub

import (
	"errors"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

// publish sends a group a message of the client's. With noEcho the client gets none.
func (c *client) publish(s gateway.Session, m *subprotocol.Message, noEcho bool) error {
	made := contentOf(m)
	p := made.publication()
	var except *client
	if noEcho {
		p.Except, except = []gateway.Session{s}, c
	}
	c.service.reliable.send(&api.Selection{Target: api.Target{Scope: api.Group, Name: m.Group}}, except, &made.message)
	return c.service.hub.Group(m.Group).Publish(p)
}

// send sends a message of the backend's.
func (s *Service) send(to *api.Selection, m *subprotocol.Message) error {
	made := contentOf(m)
	p := made.publication()
	p.Filter = s.filter(to)
	s.reliable.send(to, nil, &made.message)
	switch to.Scope {
	case api.Group:
		return s.hub.Group(to.Name).Publish(p)
	case api.User:
		return s.hub.User(to.Name).Publish(p)
	case api.Connection:
		session, known := s.gateway.Session(to.Name)
		if !known {
			return nil
		}
		return unlessEnded(session.Publish(p))
	}
	return s.hub.Publish(p)
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
