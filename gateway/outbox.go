package gateway

import (
	"bytes"

	"github.com/sluicegate/sluice/poller"
)

// outgoing is one encoded message on its way to a session.
type outgoing struct {
	frame    []byte
	shared   bool      // the bytes never change; otherwise they hold for this turn
	deflated *deflated // what all receivers of a broadcast share; nil: one receiver
}

// outbox is the messages of a session whose connection is full. It hands them
// to the connection whole and a few at a time, so that control frames can pass
// between them.
type outbox struct {
	// Loop only.
	frames [][]byte
	first  int
	bytes  int
	pong   []byte // a frame that goes before them, or nil
}

// committedBytes is how much a connection may hold that nothing can pass.
const committedBytes = 64 << 10

// send queues a message for an open session, or ends a session that is too
// slow. No message follows a close frame (RFC 6455 §5.5.1).
func (s *shard) send(c *poller.Conn, x *session, m outgoing) {
	if x.state != open && x.state != ending {
		return
	}
	if x.deflate != 0 {
		m = s.compress(x, m)
	}
	if !s.hasRoom(c, x, len(m.frame)) {
		if c.Open() {
			s.endWith(c, x, ReasonSlowConsumer)
		}
		return
	}
	s.counts.messagesOut++
	switch {
	case x.outbox != nil, c.Unsent() >= committedBytes && !s.emptied(c):
		if c.Open() {
			s.hold(x, m)
		}
	case m.shared:
		c.QueueShared(m.frame)
	default:
		c.Queue(m.frame)
	}
}

// emptied gives the kernel what there is and reports whether it took it all. c
// may have ended by then.
func (s *shard) emptied(c *poller.Conn) bool {
	return c.Waiting() == 0 && c.Flush() && c.Waiting() == 0
}

// hasRoom reports whether a message of size bytes may wait for the session.
// The limit is on what waits already: a session that keeps up takes a message
// of any size. c may have ended by then.
func (s *shard) hasRoom(c *poller.Conn, x *session, size int) bool {
	if s.fits(c, x, size) {
		return true
	}
	// A burst within one turn is no sign of a slow peer.
	return c.Waiting() == 0 && c.Flush() && s.fits(c, x, size)
}

func (s *shard) fits(c *poller.Conn, x *session, size int) bool {
	unsent := c.Unsent()
	if x.outbox != nil {
		unsent += x.outbox.bytes
	}
	return unsent == 0 || unsent+size <= s.gateway.config.Limits.Outbound
}

func (s *shard) hold(x *session, m outgoing) {
	if x.outbox == nil {
		x.outbox = new(outbox)
	}
	if !m.shared {
		m.frame = bytes.Clone(m.frame)
	}
	x.outbox.push(m.frame)
}

// push takes frame.
func (o *outbox) push(frame []byte) {
	o.frames = append(o.frames, frame)
	o.bytes += len(frame)
}

// pop returns the oldest message, nil if there is none.
func (o *outbox) pop() []byte {
	if o.first == len(o.frames) {
		return nil
	}
	frame := o.frames[o.first]
	o.frames[o.first] = nil
	o.first++
	o.bytes -= len(frame)
	if o.first > len(o.frames)/2 {
		o.frames = o.frames[:copy(o.frames, o.frames[o.first:])]
		o.first = 0
	}
	return frame
}

// Drained implements [poller.Handler]: the connection has room again.
func (s *shard) Drained(c *poller.Conn) {
	x := s.sessions.At(c.Slot())
	// There is another call only after the connection was full again.
	for x.outbox != nil && c.Waiting() == 0 {
		s.commit(c, x)
		if !c.Flush() {
			return
		}
	}
}

// commit moves some messages from the outbox to the connection.
func (s *shard) commit(c *poller.Conn, x *session) {
	if x.outbox.pong != nil {
		c.QueueShared(x.outbox.pong)
		x.outbox.pong = nil
	}
	for committed := 0; committed < committedBytes; {
		frame := x.outbox.pop()
		if frame == nil {
			x.outbox = nil
			return
		}
		c.QueueShared(frame)
		committed += len(frame)
	}
}
