package gateway

import (
	"bytes"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway/internal/outbox"
	"github.com/sluicegate/sluice/poller"
)

// outgoing is one encoded message on its way to a session.
type outgoing struct {
	frame    []byte
	shared   bool      // the bytes never change; otherwise they hold for this turn
	owed     bool      // it is kept or ends the session, whatever the class's policy
	deflated *deflated // what all receivers of a broadcast share; nil: one receiver
	class    *class    // nil: that of the session's route
	key      string
	scope    uint64 // of key: that of a share, or directScope
}

// outcome is what became of a message for one session.
type outcome uint8

const (
	outcomeGone     outcome = iota // the session had ended
	outcomeWithheld                // it has no such form
	outcomeSent
	outcomeDropped
	outcomeClosed
)

// backlog is what waits for a session whose connection is full. It hands the
// messages to the connection whole and a few at a time, so that control frames
// can pass between them, and messages can still be dropped.
type backlog struct {
	// Loop only.
	queue outbox.Queue
	pong  []byte // a frame that goes before the queue, or nil
}

// openBacklog returns the session's backlog, and makes it if there is none.
func (s *shard) openBacklog(x *session) *backlog {
	if x.backlog == nil {
		x.backlog = &backlog{queue: outbox.NewQueue(&s.queued)}
		s.slow++
	}
	return x.backlog
}

// closeBacklog drops what waits for a session.
func (s *shard) closeBacklog(x *session) {
	if x.backlog != nil {
		x.backlog.queue.Discard()
		x.backlog = nil
		s.slow--
	}
}

// maxCommitted is how much a connection may hold that nothing can pass.
const maxCommitted = 64 << 10

// committed is the part of Outbound that is the connection's. The policies need
// the rest: they choose among what waits in the queue.
func (l *Limits) committed() int { return min(maxCommitted, l.Outbound/4) }

// send queues a message for an open session. If the session is too slow, the
// message's policy decides. No message follows a close frame (RFC 6455 §5.5.1).
func (s *shard) send(c *poller.Conn, x *session, m outgoing) outcome {
	if !receives(c, x) {
		return outcomeGone
	}
	if m.class == nil {
		m.class = s.route(x).class
	}
	if x.deflate != 0 {
		m = s.compress(x, m)
	}
	counts := &s.counts.classes[m.class.number]
	counts.offered++
	if s.passes(c, x, len(m.frame)) {
		s.counts.messagesOut++
		if m.shared {
			c.QueueShared(m.frame)
		} else {
			c.Queue(m.frame)
		}
		return outcomeSent
	}
	if !c.Open() {
		return outcomeGone
	}
	return s.hold(c, x, m)
}

// receives reports whether messages still reach a session. Its connection may
// have ended in the present call.
func receives(c *poller.Conn, x *session) bool {
	return c.Writable() && (x.state == open || x.state == ending)
}

// passes reports whether a message of size bytes may go straight to the
// connection. c may have ended by then.
func (s *shard) passes(c *poller.Conn, x *session, size int) bool {
	if x.backlog != nil {
		return false
	}
	if s.fits(c, size) {
		return true
	}
	// A burst within one turn is no sign of a slow peer.
	return c.Waiting() == 0 && c.Flush() && s.fits(c, size)
}

func (s *shard) fits(c *poller.Conn, size int) bool {
	unsent := c.Unsent()
	return unsent == 0 || unsent < s.committed && unsent+size <= s.config.Limits.Outbound
}

// hold puts a message behind those that wait already, or does without it, or
// without one of them, or without the session.
func (s *shard) hold(c *poller.Conn, x *session, m outgoing) outcome {
	waiting := s.openBacklog(x)
	if !m.shared {
		m.frame = bytes.Clone(m.frame)
	}
	policy := m.class.delivery.Load().Policy
	if m.owed {
		policy = CloseSlow
	}
	limits := &s.config.Limits
	verdict := waiting.queue.Offer(outbox.Message{
		Frame:  m.frame,
		Class:  m.class.number,
		Policy: policy,
		Key:    outbox.Key{Scope: m.scope, Name: m.key},
	}, outbox.Room{Bytes: limits.Outbound - c.Unsent(), Messages: limits.OutboundMessages}, func(lost outbox.Message) {
		s.counts.classes[lost.Class].dropped++
		s.rarityOf(c.Slot()).dropped++
	})
	switch verdict {
	case outbox.Queued:
		s.counts.messagesOut++
		return outcomeSent
	case outbox.Dropped:
		return outcomeDropped
	}
	s.counts.classes[m.class.number].closed++
	s.endSlow(c, x)
	return outcomeClosed
}

// endSlow ends a session that is too slow. It is not waited for: a peer that
// does not read would not answer.
func (s *shard) endSlow(c *poller.Conn, x *session) {
	r := ReasonSlowConsumer
	x.reason = r
	s.closeBacklog(x)
	s.control(c, x, ws.OpClose, codec.AppendClose(nil, r.CloseCode(), r.Text()))
	s.finish(c, x)
}

// Drained implements [poller.Handler]: the connection has room again.
func (s *shard) Drained(c *poller.Conn) {
	x := s.sessions.At(c.Slot())
	if x.state == resting {
		s.nextRequest(c, x)
		return
	}
	// There is another call only after the connection was full again.
	for x.backlog != nil && c.Waiting() == 0 {
		s.commit(c, x)
		if !c.Flush() {
			return
		}
	}
}

// commit moves some messages from the backlog to the connection.
func (s *shard) commit(c *poller.Conn, x *session) {
	if x.backlog.pong != nil {
		c.QueueShared(x.backlog.pong)
		x.backlog.pong = nil
	}
	for committed := 0; committed < max(1, s.committed); {
		m, ok := x.backlog.queue.Pop()
		if !ok {
			s.closeBacklog(x)
			return
		}
		c.QueueShared(m.Frame)
		committed += len(m.Frame)
	}
}
