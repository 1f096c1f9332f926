package gateway

import (
	"net/http"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

const (
	// maxBrief is the longest request that is served on the pool, in bytes. As many
	// are kept of one that has not come whole, for each connection of plain HTTP.
	maxBrief = 64 << 10
	// keptExchanges bounds what a shard keeps for its next requests, some 2 KB each.
	keptExchanges = 64
)

// isBrief reports whether the pool serves a request, and the length of its body.
// What is not plain is left to net/http: framing without a length, Expect, and
// whatever Connection may ask for (RFC 9112 §6.3 and §9.3, RFC 9110 §10.1.1).
func (s *shard) isBrief(r *codec.Request) (body int, brief bool) {
	g := s.gateway
	if g.config.Brief == nil || r.Upgrade || r.HTTP10 || r.Path == "" || r.Path[0] != '/' {
		return 0, false
	}
	length, known := r.BodyLength()
	if !known || length > maxBrief || r.Header("Expect") != "" || !asksToStay(r) {
		return 0, false
	}
	return int(length), g.config.Brief(r.Method, r.Path)
}

// asksToStay reports whether the connection is to go on as it is.
func asksToStay(r *codec.Request) bool {
	for option := range r.Values("Connection") {
		if http.CanonicalHeaderKey(option) != "Keep-Alive" {
			return false
		}
	}
	return r.Header("Upgrade") == ""
}

// awaitBody keeps a brief request that has come in part. It takes a place, for so
// much is kept for nobody else.
func (s *shard) awaitBody(c *poller.Conn, x *session, p []byte, end int) {
	if s.enterHTTP(c, x) {
		s.await(c, p, end-len("\r\n\r\n"))
	}
}

// answerSoon has a worker answer the request p[:end], whose head is p[:head]. Until
// that is done nothing more is read from the connection.
func (s *shard) answerSoon(c *poller.Conn, x *session, p []byte, head, end int) {
	if !s.enterHTTP(c, x) {
		return
	}
	var e *exchange
	if last := len(s.exchanges) - 1; last >= 0 {
		e, s.exchanges = s.exchanges[last], s.exchanges[:last]
	} else {
		e = newExchange(s)
	}
	e.take(c, p, head, end)
	c.Pause()
	x.state = answering
	s.jobs = append(s.jobs, e)
}

// answered is an exchange on its way back to the loop.
type answered exchange

// Run sends the answer, if its client is still there, and goes on with what the
// client has sent behind the request.
func (a *answered) Run(l *poller.Loop) {
	e := (*exchange)(a)
	s, c := e.shard, l.Conn(e.handle)
	if c != nil && c.Open() {
		s.sendAnswer(c, s.sessions.At(c.Slot()), e)
	}
	if len(s.exchanges) < keptExchanges && e.isSmall() {
		s.exchanges = append(s.exchanges, e)
	}
}

func (s *shard) sendAnswer(c *poller.Conn, x *session, e *exchange) {
	s.reserve(len(e.answer))
	queued := len(s.responses)
	s.responses = append(s.responses, e.answer...)
	c.Queue(s.responses[queued:])
	x.state, x.heard = resting, s.loop.Now()
	if e.last || s.departing {
		c.Finish()
		return
	}
	c.Resume()
	if len(e.behind) > 0 {
		s.unheld = true
		s.Data(c, e.behind)
		s.unheld = false
	}
}

// enterHTTP gives the connection a place among those of plain HTTP, which it keeps
// until it ends. Without one the request is refused.
func (s *shard) enterHTTP(c *poller.Conn, x *session) bool {
	if x.flags&flagHTTP == 0 && !s.gateway.http.admit() {
		s.refuse(c, x, &refusal{reason: ReasonHTTPBusy})
		return false
	}
	x.flags |= flagHTTP
	return true
}

// leaveHTTP gives the place back.
func (s *shard) leaveHTTP(x *session) {
	if x.flags&flagHTTP != 0 {
		x.flags &^= flagHTTP
		s.gateway.http.release()
	}
}
