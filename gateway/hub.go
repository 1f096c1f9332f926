package gateway

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/sluicegate/sluice/gateway/internal/hub"
	"github.com/sluicegate/sluice/gateway/internal/limit"
	"github.com/sluicegate/sluice/poller"
)

// Hub is a named application space: the sessions connected to its path, their
// groups and their users. Its methods may be called from any goroutine.
//
// To publish to a hub, a group or a user is one thing, done in two ways.
// Publish never blocks and does not learn what became of the message: its
// error, [ErrBusy] or [ErrEnded], means that a loop could not be told, and that
// sessions there miss the message. Deliver waits until every session's queue
// has it or has not, for a window too if there is one, and must therefore not be
// called on a loop.
//
// The messages of one hub, or of one group, reach all its sessions in one
// order, that of one publisher among them. Between a message to a group and one
// to a session, or to another group, there is no order.
type Hub struct {
	// Fixed after New.
	gateway      *Gateway
	name         string
	number       int    // also of the share that every loop has of everyone
	class        *class // of everyone, users and sessions
	groupClasses []*class
	compresses   bool

	// Safe for concurrent use.
	groups hub.Index
	users  hub.Users[*profile]
	order  sync.Mutex // held while something is told to everyone, as in hub.Index

	// Atomic.
	sessions        limit.Count
	maxSessions     atomic.Int64
	sessionsPerUser atomic.Int64
	published       atomic.Uint64
}

// newHub makes a hub and its classes.
func (g *Gateway) newHub(config HubConfig) *Hub {
	h := &Hub{
		gateway:    g,
		name:       config.Name,
		number:     len(g.hubs),
		class:      g.addClass(config.Name, hubClass, "", config.Delivery),
		compresses: g.compressionOf(config.Compression).Enabled,
	}
	h.limitTo(config)
	for _, c := range config.Groups {
		h.groupClasses = append(h.groupClasses, g.addClass(config.Name, c.Name, c.Prefix, c.Delivery))
	}
	g.hubs = append(g.hubs, h)
	return h
}

// limitTo has new sessions admitted up to the limits of config.
func (h *Hub) limitTo(config HubConfig) {
	h.maxSessions.Store(int64(config.Sessions))
	h.sessionsPerUser.Store(int64(config.SessionsPerUser))
}

// Hub returns the hub with that name, or nil if none is configured.
func (g *Gateway) Hub(name string) *Hub {
	for _, h := range g.hubs {
		if h.name == name {
			return h
		}
	}
	return nil
}

// Name returns the hub's name.
func (h *Hub) Name() string { return h.name }

// Sessions returns the number of open sessions, and of upgrades that a [Decide] is
// still deciding on: they have their places.
func (h *Hub) Sessions() int { return h.sessions.Load() }

// Publish sends a message to every session of the hub.
func (h *Hub) Publish(p Publication) error {
	made, err := h.encode(&p, h.class)
	if err != nil {
		return err
	}
	return h.publishToAll(made)
}

// Deliver is Publish, and waits to learn what became of the message.
func (h *Hub) Deliver(ctx context.Context, p Publication) (Reach, error) {
	made, err := h.encode(&p, h.class)
	if err != nil {
		return Reach{}, err
	}
	return made.deliver(ctx, h.gateway, h.publishToAll)
}

func (h *Hub) publishToAll(p *publication) error {
	h.order.Lock()
	defer h.order.Unlock()
	var failed error
	for _, s := range h.gateway.shards {
		if err := s.offer(p); err != nil {
			failed = err
		}
	}
	return failed
}

// offer hands p to the shard's loop. It may be called from any goroutine.
func (s *shard) offer(p *publication) error {
	if s.fanout.unsent.Load() > maxUnsent {
		return ErrBusy
	}
	return p.post(s.loop, p)
}

// Run takes the publication to the members on l.
func (p *publication) Run(l *poller.Loop) {
	s := p.hub.gateway.shards[l.Index()]
	number, ok := uint32(p.hub.number), true
	if p.group != nil {
		number, ok = s.shareOf.Lookup(p.group)
	}
	if !ok {
		p.receipt.finish()
		return
	}
	s.enqueue(number, p)
}

// onMessage returns the handler that a hub's configuration asks for.
func (h *Hub) onMessage(action OnMessage) Handler {
	switch action {
	case EchoBack:
		return Echo()
	case PublishToOthers:
		return HandlerFunc(func(s Session, m Message) {
			h.Publish(Publication{Type: m.Type, Payload: m.Payload, Except: []Session{s}})
		})
	}
	return HandlerFunc(func(Session, Message) {})
}
