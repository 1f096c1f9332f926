package gateway

import (
	"errors"
	"io"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway/internal/hub"
	"github.com/sluicegate/sluice/gateway/internal/outbox"
	"github.com/sluicegate/sluice/gateway/internal/workers"
	"github.com/sluicegate/sluice/internal/shrinkmap"
	"github.com/sluicegate/sluice/poller"
	"github.com/sluicegate/sluice/poller/buf"
	"github.com/sluicegate/sluice/poller/histogram"
	"github.com/sluicegate/sluice/poller/secure"
	"github.com/sluicegate/sluice/poller/slab"
)

// shard is the gateway's part on one loop: the sessions that live there. It
// belongs to the loop's goroutine.
type shard struct {
	// Fixed after newShard.
	gateway *Gateway
	loop    *poller.Loop

	door  *door
	pacer *pacer // nil: sessions send as much as they like

	// Loop only: the configuration in effect; see [Gateway.Reconfigure].
	config    *Config      // never written to
	plain     codec.Limits // of sessions without compression
	deflate   codec.Limits // of those with it
	committed int          // bytes that a connection may hold, which no control frame can pass

	// Loop only: sessions.
	sessions       slab.Table[session]
	heads          shrinkmap.Map[uint32, *head]     // HTTP requests that arrive in pieces, or early, by slot
	undecided      shrinkmap.Map[uint32, *decision] // upgrades that are being decided on, by slot
	undecidedBytes int                              // that their clients have sent ahead
	rarities       shrinkmap.Map[uint32, *rarity]   // by slot
	expiries       expiries
	open           int

	// Loop only: groups. The first shares are those of everyone of each hub.
	shares      slab.Table[share]
	shareSlots  slab.Slots
	shareOf     shrinkmap.Map[*hub.Group, uint32]
	scopes      uint64 // given to shares
	fanout      fanout
	memberships memberships

	// Loop only: slow sessions.
	slow   int          // those with a backlog
	queued outbox.Total // in their backlogs

	// Loop only: the turn.
	segment   *buf.Segment // retained for messages of the present read, or nil
	holder    int          // the message that holds segment, in its inbox
	unheld    bool         // the bytes at hand stand in no segment
	runnable  []*inbox
	jobs      []workers.Job
	small     []byte    // a message, while it is made or compressed
	recipient Recipient // while a filter borrows it
	passing   Request   // the request of the present handshake, if nobody keeps it
	responses []byte    // control frames, HTTP answers and compressed frames, until they are written
	inboxes   int       // in use
	undone    int       // bytes of messages in them
	spare     []*inbox

	// Loop only: plain HTTP.
	exchanges []*exchange // spare ones
	departing bool        // connections end with their answer

	// Loop only: counters.
	counts counts
}

type counts struct {
	upgraded                   uint64
	messagesIn                 uint64
	messagesOut                uint64
	undelivered                uint64
	readPauses                 uint64
	busyPauses                 uint64
	rateExcess                 uint64
	joined, left, joinsRefused uint64
	reasons                    [reasonCount]uint64
	classes                    []classCounts       // by the class's number
	workerWait                 histogram.Durations // of batches for pooled handlers
}

// classCounts are what became of the messages of one class, once for each
// session they were for.
type classCounts struct {
	offered uint64
	dropped uint64
	closed  uint64 // sessions ended for want of room
}

// session is the state of one connection above its bytes. It lives in a slab
// under its connection's slot; together they are what an idle client costs.
type session struct {
	// Loop only.
	decoder codec.Decoder
	inbox   *inbox        // messages for a pooled handler; nil: none
	backlog *backlog      // messages behind a full connection; nil: none
	profile *profile      // identity, groups; nil: neither
	heard   poller.Tick   // last input of any kind
	active  poller.Tick   // last message
	asked   poller.Tick   // when the ping or the close frame was sent
	seat    uint32        // among everyone of the hub
	opened  uint32        // the second it was opened in, on the loop's clock
	control controlRate   // pings and pongs of the present second
	route   uint16        // its number; 0 until open
	deflate codec.Deflate // what was agreed on compression; 0: none
	form    Form          // of what is published
	state   state
	flags   sessionFlags
	reason  Reason // why it ends; ReasonNone until that is known
}

// state is where a session stands in its life (RFC 6455 §4 and §7).
type state uint8

const (
	// opening: the HTTP request is awaited.
	opening state = iota
	// undecided: the program's decision on it is.
	undecided
	// answering: a worker makes the answer to a brief request.
	answering
	// resting: the next request may come, after brief ones.
	resting
	// open: messages flow.
	open
	// ending: the peer has closed the session or broken the protocol. The answers
	// to its messages before that go first.
	ending
	// closing: the close frame was sent and the peer's is awaited.
	closing
	// closed: no more frames; the stream is being ended.
	closed
)

type sessionFlags uint8

const (
	flagPinged  sessionFlags = 1 << iota // a ping is unanswered
	flagPaused                           // too much input waits
	flagEnded                            // the handler has been told
	flagHandler                          // it has a handler of its own
	flagEncoder                          // it has an encoder of its own
	flagExpires                          // its time is in expiries
	flagDelayed                          // it has sent more than its rates
	flagHTTP                             // it has a place among those of plain HTTP
)

// keptResponses bounds what a shard keeps for the answers of its next turn.
const keptResponses = 64 << 10

func newShard(g *Gateway, l *poller.Loop, rules *rules) *shard {
	s := &shard{
		gateway: g,
		loop:    l,
	}
	s.memberships.reserve()
	s.door = newDoor(s)
	s.follow(g.live.Load(), rules)
	s.counts.classes = make([]classCounts, len(g.classes))
	for _, h := range g.hubs {
		s.newShare(share{hub: h, class: h.class})
	}
	return s
}

// follow has the shard act by config from now on, and its door by the rules in it.
func (s *shard) follow(config *Config, rules *rules) {
	s.config = config
	s.door.follow(rules)
	s.plain = codec.Limits{Message: config.Limits.Message, Fragments: config.Limits.Fragments}
	s.deflate = s.plain
	s.deflate.Compression = true
	s.committed = config.Limits.committed()
	s.paceBy(config.Rates)
}

var _ poller.Handler = (*shard)(nil)

// Opened implements [poller.Handler].
func (s *shard) Opened(c *poller.Conn) {
	c.Yield(true) // until it is a session
	x := s.sessions.Claim(c.Slot())
	x.heard = s.loop.Now()
	if r := s.door.announced(); r != ReasonNone {
		s.refuse(c, x, &refusal{reason: r})
	}
}

// Data implements [poller.Handler].
func (s *shard) Data(c *poller.Conn, p []byte) {
	x := s.sessions.At(c.Slot())
	x.flags &^= flagPinged
	switch x.state {
	case opening:
		s.handshake(c, x, p)
	case undecided:
		s.keepBehind(c, x, p)
	case answering:
		s.keepAside(c, p)
	case resting:
		x.state, x.heard = opening, s.loop.Now()
		s.handshake(c, x, p)
	default:
		x.heard = s.loop.Now()
		s.receive(c, x, p)
	}
	s.segment = nil
}

// receive takes the bytes of frames.
func (s *shard) receive(c *poller.Conn, x *session, p []byte) {
	limits := &s.plain
	if x.deflate != 0 {
		limits = &s.deflate
	}
	for len(p) > 0 && (x.state == open || x.state == closing) {
		unit, n, err := x.decoder.Next(p, limits)
		if err != nil {
			s.fail(c, x, err)
			return
		}
		p = p[n:]
		switch unit.Opcode {
		case ws.OpText, ws.OpBinary:
			s.message(c, x, unit)
		case ws.OpPing:
			if s.controlAllowed(c, x) {
				s.pong(c, x, unit.Payload)
			}
		case ws.OpPong:
			s.controlAllowed(c, x)
		case ws.OpClose:
			s.peerClosed(c, x, unit.Payload)
		}
	}
}

// message hands a data message to the route's handler.
func (s *shard) message(c *poller.Conn, x *session, u codec.Unit) {
	if x.state != open {
		return // the close frame is on its way; RFC 6455 §1.4 lets us discard
	}
	s.counts.messagesIn++
	x.active = s.loop.Now()
	if s.pacer != nil && !s.pacer.allows(c, x, len(u.Payload)) {
		return
	}
	m := Message{MessageType(u.Opcode), u.Payload}
	if s.route(x).dispatch == Pooled {
		s.deliverLater(c, x, m, u)
		return
	}
	if u.Compressed {
		s.inflateInline(c, x, m)
		return
	}
	s.runInline(c, x, func(session Session, h Handler) { h.Message(session, m) })
}

// Mail implements [poller.Handler].
func (s *shard) Mail(c *poller.Conn, letter poller.Letter) {
	x := s.sessions.At(c.Slot())
	if x.state != open && x.state != ending {
		if letter.Kind < letterEnd {
			s.counts.undelivered++
		}
		return
	}
	switch letter.Kind {
	case letterMessage, letterOwed:
		s.send(c, x, outgoing{frame: letter.Bytes, owed: letter.Kind == letterOwed})
	case letterFrame, letterOwedFrame:
		s.send(c, x, outgoing{frame: letter.Ref.(codec.Frame).Bytes(), shared: true, owed: letter.Kind == letterOwedFrame})
	case letterLeave:
		s.leave(c, x, letter.Ref.(Group))
	case letterLeaveAll:
		s.leaveAll(c, x)
	case letterClose:
		s.beginClose(c, x, ReasonClosedByHandler, letter.Bytes)
	case letterEnd:
		s.conclude(c, x, letter.Ref.(*verdict))
	case letterFault:
		s.fail(c, x, letter.Ref.(error))
	case letterPanic:
		s.endWith(c, x, ReasonHandlerPanic)
	}
}

// TurnEnding implements [poller.Handler].
func (s *shard) TurnEnding() { s.fanOut() }

// TurnDone implements [poller.Handler].
func (s *shard) TurnDone() {
	s.responses = s.responses[:0]
	if cap(s.responses) > keptResponses {
		s.responses = nil
	}
	s.submit()
}

// reserve makes room for n more bytes of responses. What is queued already keeps
// the memory it stands in for this turn; to move it would only make garbage.
func (s *shard) reserve(n int) {
	if cap(s.responses)-len(s.responses) < n {
		s.responses = make([]byte, 0, max(n, keptResponses))
	}
}

// Closed implements [poller.Handler].
func (s *shard) Closed(c *poller.Conn, cause error) {
	x := s.sessions.At(c.Slot())
	s.heads.Delete(c.Slot())
	if x.state != answering { // else its exchange does
		s.leaveHTTP(x)
	}
	switch x.state {
	case answering, resting: // it never was to be a session
		s.sessions.Release(c.Slot())
		return
	case undecided:
		s.abandonDecision(c)
	}
	if x.reason == ReasonNone {
		x.reason = reasonOf(x.state, cause)
	}
	s.end(c, x)
	s.counts.reasons[x.reason]++
	s.door.ended(x.reason)
	s.gateway.journal.ended(c, x, s.causeOf(c.Slot(), cause))
	s.rarities.Delete(c.Slot())
	s.sessions.Release(c.Slot())
}

// end takes an open session out of the hub and tells its handler, once.
func (s *shard) end(c *poller.Conn, x *session) {
	if x.flags&flagEnded != 0 || x.route == 0 {
		return
	}
	x.flags |= flagEnded
	s.open--
	s.forgetExpiry(c, x)
	s.pacer.end(c, x)
	s.leaveHub(c, x)
	s.vacate(c, s.route(x))
	s.route(x).hub.unregister(x.profile)
	s.happened(c, x, SessionClosed, "")
	s.closeBacklog(x)
	if s.route(x).dispatch == Inline {
		reason := x.reason
		s.runInline(c, x, func(session Session, h Handler) { h.Close(session, reason) })
		return
	}
	s.closeLater(c, x)
}

func (s *shard) session(c *poller.Conn) Session { return Session{s, c.Handle()} }

// route returns the route of a session that is or was open.
func (s *shard) route(x *session) *route { return s.gateway.numbered[x.route] }

// handler returns the handler of a session that is or was open.
func (s *shard) handler(x *session) Handler {
	if x.flags&flagHandler != 0 {
		return x.profile.handler
	}
	return s.route(x).handler
}

// isQuiet reports whether the session's handler takes messages only.
func (s *shard) isQuiet(x *session) bool { return x.flags&flagHandler == 0 && s.route(x).quiet }

// reasonOf tells why a connection ended that the gateway did not end itself.
func reasonOf(at state, cause error) Reason {
	switch {
	case errors.Is(cause, poller.ErrStopped):
		return ReasonShutdown
	case errors.Is(cause, poller.ErrWriteStalled):
		return ReasonWriteStalled
	case errors.As(cause, new(*secure.Fault)), errors.Is(cause, secure.ErrAborted):
		return ReasonTLSError
	case at == opening, at == undecided:
		return ReasonHandshakeAborted
	case errors.Is(cause, io.EOF):
		return ReasonPeerGone
	}
	return ReasonPeerReset
}

// runInline calls the session's handler on the loop.
func (s *shard) runInline(c *poller.Conn, x *session, call func(Session, Handler)) {
	session := s.session(c)
	defer func() {
		if fault := recover(); fault != nil {
			s.gateway.journal.panicked("handler", session, fault)
			if x.flags&flagEnded == 0 { // else it has its reason, and was in Close
				s.endWith(c, x, ReasonHandlerPanic)
			}
		}
	}()
	call(session, s.handler(x))
}

// endWith begins the close handshake for a reason of the table.
func (s *shard) endWith(c *poller.Conn, x *session, r Reason) {
	s.beginClose(c, x, r, codec.AppendClose(nil, r.CloseCode(), r.Text()))
}
