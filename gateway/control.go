package gateway

import (
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// control sends a control frame ahead of all messages but those the
// connection has already committed to.
func (s *shard) control(c *poller.Conn, x *session, op ws.OpCode, payload []byte) {
	if x.state != open && op != ws.OpClose {
		return
	}
	s.reserve(ws.MaxHeaderSize + len(payload))
	at := len(s.responses)
	s.responses = codec.AppendFrame(s.responses, op, payload)
	c.Queue(s.responses[at:])
}

// pong answers a ping (RFC 6455 §5.5.3). While the peer does not read, only its
// latest ping is kept to be answered, as the RFC allows: pings that nobody
// reads the answers of must not fill memory.
func (s *shard) pong(c *poller.Conn, x *session, payload []byte) {
	if x.state != open {
		return
	}
	if c.Waiting() == 0 {
		s.control(c, x, ws.OpPong, payload)
		return
	}
	s.openBacklog(x).pong = codec.AppendFrame(nil, ws.OpPong, payload)
}

// controlRate counts a session's control frames within a second.
type controlRate struct {
	frames uint16
	second uint16 // on the loop's clock; its number comes again after 18 hours
}

// controlAllowed counts a ping or a pong, and ends a session that sends too
// many: an endless stream of them would have the loop answer one peer for ever.
func (s *shard) controlAllowed(c *poller.Conn, x *session) bool {
	second := uint16(s.loop.Now() / poller.Tick(time.Second/time.Millisecond))
	if x.control.second != second {
		x.control = controlRate{second: second}
	}
	x.control.frames++
	if int(x.control.frames) <= s.config.Limits.ControlFrames {
		return true
	}
	s.failFor(c, x, ReasonControlFlood, ReasonControlFlood.Text())
	return false
}
