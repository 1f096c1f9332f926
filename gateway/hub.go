package gateway

import (
	"sync/atomic"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// Hub is a named application space: the sessions connected to its path. Its
// methods may be called from any goroutine.
type Hub struct {
	// Fixed after newHub.
	gateway    *Gateway
	name       string
	number     int // index into each shard's rosters
	compresses bool

	// Atomic.
	published atomic.Uint64
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

// Publish sends one message to every session of the hub but except; the zero
// Session excepts none. It borrows payload, encodes it once for all, and never
// blocks. Messages published from one goroutine arrive everywhere in order.
//
// The error is [ErrBusy] or [ErrEnded] if a loop could not be told: its
// sessions then miss the message.
func (h *Hub) Publish(t MessageType, payload []byte, except Session) error {
	h.published.Add(1)
	b := &broadcast{hub: h, frame: codec.Encode(ws.OpCode(t), payload), except: except}
	if h.compresses {
		b.deflated = new(deflated)
	}
	var failed error
	for _, s := range h.gateway.shards {
		if err := s.loop.Offer(b, b.frame.Len()); err != nil {
			failed = sendError(err)
		}
	}
	return failed
}

// broadcast is one message for the members that each loop has.
type broadcast struct {
	hub      *Hub
	frame    codec.Frame
	deflated *deflated
	except   Session
}

// Run sends the message to the members on l.
func (b *broadcast) Run(l *poller.Loop) {
	s := b.hub.gateway.shards[l.Index()]
	m := outgoing{frame: b.frame.Bytes(), shared: true, deflated: b.deflated}
	slots := s.rosters[b.hub.number].Slots()
	// Backwards: a member that ends for being too slow leaves, and the last
	// one, which has had its message, takes its seat.
	for i := len(slots) - 1; i >= 0; i-- {
		c := l.ConnAt(slots[i])
		if s != b.except.shard || c.Handle() != b.except.handle {
			s.send(c, s.sessions.At(slots[i]), m)
		}
	}
}

func (s *shard) joinHub(c *poller.Conn, x *session) {
	if h := s.route(x).hub; h != nil {
		x.seat = s.rosters[h.number].Join(c.Slot())
	}
}

func (s *shard) leaveHub(x *session) {
	h := s.route(x).hub
	if h == nil {
		return
	}
	if moved, ok := s.rosters[h.number].Leave(x.seat); ok {
		s.sessions.At(moved).seat = x.seat
	}
}

// onMessage returns the handler that a hub's configuration asks for.
func (h *Hub) onMessage(action OnMessage) Handler {
	switch action {
	case EchoBack:
		return Echo()
	case PublishToOthers:
		return HandlerFunc(func(s Session, m Message) { h.Publish(m.Type, m.Payload, s) })
	}
	return HandlerFunc(func(Session, Message) {})
}
