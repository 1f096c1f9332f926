package gateway

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"net/netip"

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
	return int(length), g.answersBriefly(r)
}

// answersBriefly asks the program. If that panics, net/http serves the request.
func (g *Gateway) answersBriefly(r *codec.Request) bool {
	defer func() {
		if fault := recover(); fault != nil {
			g.journal.panicked("Brief", Session{}, fault)
		}
	}()
	return g.config.Brief(r.Method, r.Path)
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

// answerSoon has a worker answer the request p[:end] of client, whose head is p[:head].
// Until that is done nothing more is read from the connection.
func (s *shard) answerSoon(c *poller.Conn, x *session, client netip.AddrPort, p []byte, head, end int) {
	if !s.enterHTTP(c, x) {
		return
	}
	var e *exchange
	if last := len(s.exchanges) - 1; last >= 0 {
		e, s.exchanges = s.exchanges[last], s.exchanges[:last]
	} else {
		e = newExchange(s)
	}
	e.take(c.Handle(), client, p, head, end)
	if !s.door.plain {
		e.secured = c.ConnectionState()
	}
	s.setAside(c, p[end:])
	c.Pause()
	x.state = answering
	s.jobs = append(s.jobs, e)
}

// setAside keeps what came behind a request until that is answered. It stands with
// the request if that came in pieces.
func (s *shard) setAside(c *poller.Conn, behind []byte) {
	begun := s.heads.Get(c.Slot())
	switch {
	case len(behind) == 0:
		s.heads.Delete(c.Slot())
	case begun != nil:
		begun.bytes, begun.scanned = behind, 0
	default:
		s.heads.Put(c.Slot(), &head{bytes: bytes.Clone(behind)})
	}
}

// holdBack keeps a request for net/http until the client has read the answers to
// those ahead of it (RFC 9112 §9.3.2): net/http would overtake them.
func (s *shard) holdBack(c *poller.Conn, x *session, p []byte) {
	s.setAside(c, p)
	c.Pause()
	x.state = resting
}

// keepAside keeps more of it: the rest of what one read has brought in records of
// TLS.
func (s *shard) keepAside(c *poller.Conn, p []byte) {
	if begun := s.heads.Get(c.Slot()); begun != nil {
		begun.bytes = append(begun.bytes, p...)
		return
	}
	s.setAside(c, p)
}

// answered is an exchange on its way back to the loop.
type answered exchange

// Run sends the answer, if its client is still there. It gives the place back for
// one that has left: until now there was a request of it on the pool.
func (a *answered) Run(l *poller.Loop) {
	e := (*exchange)(a)
	s, c := e.shard, l.Conn(e.handle)
	if c != nil {
		s.sendAnswer(c, s.sessions.At(c.Slot()), e)
	} else {
		s.gateway.http.release()
	}
	if len(s.exchanges) < keptExchanges && e.isSmall() {
		e.secured = tls.ConnectionState{} // a session of TLS 1.2 takes some 8 KB
		s.exchanges = append(s.exchanges, e)
	}
}

func (s *shard) sendAnswer(c *poller.Conn, x *session, e *exchange) {
	x.state, x.heard = resting, s.loop.Now()
	if !c.Open() {
		return
	}
	s.reserve(len(e.answer))
	queued := len(s.responses)
	s.responses = append(s.responses, e.answer...)
	c.Queue(s.responses[queued:])
	if e.last || s.departing {
		c.Finish()
		return
	}
	s.nextRequest(c, x)
}

// nextRequest goes on with what a client has sent behind the last request, unless
// earlier answers wait for it to read them: those of a client that only asks would
// fill the memory. It is called again when it has read them.
func (s *shard) nextRequest(c *poller.Conn, x *session) {
	if c.Waiting() > 0 {
		return
	}
	c.Resume()
	if s.heads.Get(c.Slot()) != nil {
		s.unheld = true
		s.Data(c, nil)
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
