package gateway

import (
	"errors"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway/internal/outbox"
	"github.com/sluicegate/sluice/poller"
)

// beginClose sends a close frame and waits for the peer's (RFC 6455 §7.1.2).
// Messages sent before go first if the close was ours to choose; otherwise what the
// peer has not taken is dropped.
func (s *shard) beginClose(c *poller.Conn, x *session, r Reason, payload []byte) {
	if x.state != open {
		return
	}
	chosen := r == ReasonClosedByHandler || r == ReasonShutdown
	if chosen && !s.hastenAll(c, x) {
		return
	}
	x.reason, x.asked = r, s.loop.Now()
	x.flags &^= flagPaused | flagDelayed
	c.Resume() // the peer's close frame stands behind what is thrown away from now on
	if chosen && x.backlog != nil {
		x.backlog.queue.Push(outbox.Message{Frame: codec.AppendFrame(nil, ws.OpClose, payload)})
		x.state = closing
		return
	}
	s.closeBacklog(x)
	x.state = closing
	s.control(c, x, ws.OpClose, payload)
}

// peerClosed handles a close frame of the peer: the answer to ours, or one to
// be answered, with the same code or none if none came (RFC 6455 §5.5.1).
func (s *shard) peerClosed(c *poller.Conn, x *session, payload []byte) {
	code, _, err := codec.ParseClose(payload)
	if err != nil {
		s.fail(c, x, err)
		return
	}
	if x.state == open {
		s.tellParting(c, x, code)
	}
	s.endAfterMessages(c, x, &verdict{ReasonClosedByPeer, codec.AppendClose(nil, code, "")})
}

// tellParting tells a handler that wants to know how its peer leaves.
func (s *shard) tellParting(c *poller.Conn, x *session, code ws.StatusCode) {
	parting, wants := s.handler(x).(Parting)
	if !wants {
		return
	}
	session := s.session(c)
	defer func() {
		if fault := recover(); fault != nil {
			s.gateway.journal.panicked("Parting", session, fault)
		}
	}()
	parting.PeerCloses(session, code)
}

// fail ends a session whose peer broke the protocol (RFC 6455 §7.1.7).
func (s *shard) fail(c *poller.Conn, x *session, err error) {
	s.failFor(c, x, reasonOfFault(err), err.Error())
}

// failFor ends a session for what its peer did.
func (s *shard) failFor(c *poller.Conn, x *session, r Reason, text string) {
	s.endAfterMessages(c, x, &verdict{r, codec.AppendClose(nil, r.CloseCode(), text)})
}

// verdict is how a session ends for what its peer did.
type verdict struct {
	reason  Reason
	payload []byte // of the close frame
}

// endAfterMessages ends a session once its handler has had the messages that
// came before, and their answers are queued: what was right is not lost for
// what was wrong behind it. The verdict takes the way of the answers.
func (s *shard) endAfterMessages(c *poller.Conn, x *session, v *verdict) {
	switch x.state {
	case closing:
		if x.backlog != nil { // our close frame stands there
			s.closeBacklog(x)
			s.control(c, x, ws.OpClose, v.payload)
		}
		s.finish(c, x)
	case open:
		x.state, x.reason, x.asked = ending, v.reason, s.loop.Now()
		if x.inbox != nil {
			s.list(x.inbox, delivery{call: callEnd, verdict: v})
		} else if s.loop.PostRef(c.Handle(), letterEnd, v, 0) != nil {
			s.conclude(c, x, v)
		}
	}
}

// conclude sends the close frame of a verdict and ends the stream.
func (s *shard) conclude(c *poller.Conn, x *session, v *verdict) {
	if x.state != ending {
		return
	}
	s.closeBacklog(x)
	s.control(c, x, ws.OpClose, v.payload)
	s.finish(c, x)
}

// overdue is the verdict on a session whose handler is not waited for.
func (x *session) overdue() *verdict {
	return &verdict{x.reason, codec.AppendClose(nil, x.reason.CloseCode(), x.reason.Text())}
}

func reasonOfFault(err error) Reason {
	var fault *codec.Error
	if errors.As(err, &fault) {
		switch fault.Code {
		case ws.StatusInvalidFramePayloadData:
			return ReasonInvalidText
		case ws.StatusMessageTooBig:
			return ReasonMessageTooBig
		case ws.StatusPolicyViolation:
			return ReasonCostlyMessage
		}
	}
	return ReasonProtocolError
}

// finish ends the stream once everything queued has left: the server closes
// first (RFC 6455 §7.1.1).
func (s *shard) finish(c *poller.Conn, x *session) {
	x.state = closed
	s.end(c, x)
	c.Finish()
}

// Sweep implements [poller.Handler]: it looks for what is overdue.
func (s *shard) Sweep(c *poller.Conn) {
	x := s.sessions.At(c.Slot())
	now, timeouts := s.loop.Now(), &s.config.Timeouts
	switch x.state {
	case opening:
		if now.Since(x.heard) >= timeouts.Handshake {
			s.refuse(c, x, &refusal{reason: ReasonHandshakeTimeout})
		}
	case undecided:
		s.sweepUndecided(c, x)
	case resting:
		if now.Since(x.heard) >= httpIdle {
			c.Finish()
		}
	case open:
		s.sweepOpen(c, x)
	case ending:
		if now.Since(x.asked) >= timeouts.Close { // the handler takes too long
			s.conclude(c, x, x.overdue())
		}
	case closing:
		if now.Since(x.asked) >= timeouts.Close {
			// A peer that stopped reading would leave our close frame queued.
			c.Reset(poller.ErrFinished)
		}
	}
}

// longSilence is how long ago a session's last input may seem. Ticks can be compared
// over 24 days, and no timeout is longer than 7.
const longSilence = 20 * 24 * time.Hour

// forgetLongAgo keeps the moments of the session's last input comparable: else one
// that only listens would seem to have spoken in the future.
func (x *session) forgetLongAgo(now poller.Tick) {
	for _, moment := range []*poller.Tick{&x.heard, &x.active} {
		if now.Since(*moment) > longSilence {
			*moment = now - poller.Tick(longSilence/time.Millisecond)
		}
	}
}

func (s *shard) sweepOpen(c *poller.Conn, x *session) {
	now, timeouts := s.loop.Now(), &s.config.Timeouts
	x.forgetLongAgo(now)
	switch {
	case x.flags&flagExpires != 0 && s.expired(c):
		s.endWith(c, x, ReasonExpired)
	case x.flags&(flagPaused|flagDelayed) != 0:
		// It is not read: the silence is ours.
		x.heard, x.active = now, now
	case timeouts.Idle > 0 && now.Since(x.active) >= timeouts.Idle:
		s.endWith(c, x, ReasonIdle)
	case x.flags&flagPinged != 0:
		if now.Since(x.asked) >= timeouts.Pong {
			x.reason = ReasonPongTimeout
			c.Reset(poller.ErrFinished)
		}
	case timeouts.Ping > 0 && now.Since(x.heard) >= timeouts.Ping:
		x.flags |= flagPinged
		x.asked = now
		s.control(c, x, ws.OpPing, nil)
	}
}
