package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// maxAnswer is what the answer to an upgrade takes, all but the subprotocol that
// a program chose the name of.
const maxAnswer = 512

// tlsHandshake is the first byte of whoever begins with TLS (RFC 8446 §5.1). HTTP has none
// such, and no end of a head would come.
const tlsHandshake = 0x16

// head is an HTTP request head that arrives in pieces. Most arrive whole and
// need none.
type head struct {
	// Loop only.
	bytes   []byte
	scanned int // no end of the head before here
}

// handshake takes the bytes of the HTTP request. It ends in an open session, a
// connection for net/http, a refusal, or a wait for more.
func (s *shard) handshake(c *poller.Conn, x *session, p []byte) {
	scanned := 0
	begun := s.heads.Get(c.Slot())
	if begun != nil {
		begun.bytes = append(begun.bytes, p...)
		p, scanned = begun.bytes, begun.scanned
	}
	end := codec.HeadEnd(p, scanned)
	limit := s.config.Limits.Head
	switch {
	case end > limit, end < 0 && len(p) >= limit:
		s.refuse(c, x, &refusal{reason: ReasonHeadTooLarge, text: fmt.Sprintf("request head longer than %d bytes", limit)})
	case end < 0 && s.door.plain && p[0] == tlsHandshake:
		s.refuse(c, x, &refusal{reason: ReasonBadRequest, text: "this port speaks plain HTTP, no TLS: the scheme is ws or http"})
	case end < 0:
		s.awaitHead(c, p)
	default:
		s.request(c, x, p, end)
	}
}

// awaitHead keeps the beginning of a request, all that there is.
func (s *shard) awaitHead(c *poller.Conn, p []byte) {
	s.await(c, p, max(0, len(p)-3)) // the end may be cut anywhere
}

// await keeps p, the beginning of a request, with no end of a head before scanned.
func (s *shard) await(c *poller.Conn, p []byte, scanned int) {
	begun := s.heads.Get(c.Slot())
	if begun == nil {
		begun = &head{bytes: bytes.Clone(p)}
		s.heads.Put(c.Slot(), begun)
	}
	begun.scanned = scanned
}

// request answers the request whose head is p[:end].
func (s *shard) request(c *poller.Conn, x *session, p []byte, end int) {
	parsed, err := codec.ParseRequest(unsafe.String(&p[0], end))
	if err != nil {
		s.refuse(c, x, refusalOf(err))
		return
	}
	body, brief := s.isBrief(&parsed)
	if brief && len(p) < end+body {
		s.awaitBody(c, x, p, end)
		return
	}
	client, refused := s.trace(c, &parsed)
	switch {
	case refused != nil:
		c.SetRemoteAddr(client)
		s.refuse(c, x, refused)
	case brief:
		s.answerSoon(c, x, client, p, end, end+body)
	case !parsed.Upgrade:
		s.handOff(c, x, p)
	default:
		s.heads.Delete(c.Slot())
		c.SetRemoteAddr(client)
		s.leaveHTTP(x)
		s.upgrade(c, x, parsed, p, end)
	}
}

// upgrade answers a request to speak WebSocket, whose head is p[:end].
func (s *shard) upgrade(c *poller.Conn, x *session, parsed codec.Request, p []byte, end int) {
	route := s.gateway.routes[parsed.Path]
	if route == nil {
		s.refuse(c, x, &refusal{reason: ReasonRouteUnknown, text: "no WebSocket route at " + printable(parsed.Path)})
		return
	}
	r := s.requestFor(route, parsed, p[:end])
	r.Session, r.RemoteAddr, r.Certificate = s.session(c), c.RemoteAddr(), c.TakeCertificate()
	refused := s.admit(c, route, r)
	if refused == nil {
		refused = s.occupy(c, route, r)
	}
	switch {
	case refused != nil:
		s.refuse(c, x, refused)
	case route.decide != nil:
		s.deliberate(c, x, route, r, p[end:])
	default:
		s.grant(c, x, route, r, p[end:])
	}
}

// grant answers an upgrade that has its places, and opens the session. behind are
// frames that came with the request. They may stand in the same buffer as the head
// did, which nobody else holds by now.
func (s *shard) grant(c *poller.Conn, x *session, route *route, r *Request, behind []byte) {
	refused := s.vet(route, r)
	if refused == nil {
		s.identify(c, x, &r.Identity)
		refused = route.hub.register(x.profile, r)
	}
	if refused != nil {
		s.vacate(c, route)
		s.refuse(c, x, refused)
		return
	}
	s.reserve(maxAnswer)
	answered := len(s.responses)
	extensions := ""
	if route.compression.Enabled {
		x.deflate, extensions = codec.NegotiateDeflate(r.Extensions(), codec.Deflate(route.compression.WindowBits))
	}
	s.responses = codec.AppendUpgrade(s.responses, r.Key, r.Subprotocol, extensions)
	c.Queue(s.responses[answered:])
	s.begin(c, x, route, r)
	s.greet(c, x, r.Greeting)
	s.receive(c, x, behind)
}

// requestFor returns the request as a route may see it. The strings of parsed
// are parts of head and change with it; only a program's own code, which may
// keep them, is worth a copy to every client that connects.
func (s *shard) requestFor(rt *route, parsed codec.Request, head []byte) *Request {
	if rt.quiet && !rt.asks() {
		s.passing = Request{Request: parsed}
		return &s.passing
	}
	owned, _ := codec.ParseRequest(string(head)) // parsed a moment ago
	return &Request{Request: owned}
}

// begin opens the session.
func (s *shard) begin(c *poller.Conn, x *session, route *route, r *Request) {
	c.Yield(false)
	x.state, x.route = open, route.number
	x.heard, x.active = s.loop.Now(), s.loop.Now()
	s.open++
	s.counts.upgraded++
	x.opened = s.second()
	s.equip(c.Slot(), x, r)
	s.pacer.begin(c.Slot())
	s.noteExpiry(c, x, r.Identity.Expires)
	s.joinHub(c, x)
	s.happened(c, x, SessionOpened, "")
	s.joinGroups(c, x, route.hub, r.Identity.Groups)
	if s.isQuiet(x) {
		return
	}
	if route.dispatch == Inline {
		s.runInline(c, x, func(session Session, h Handler) { h.Open(session, r) })
		return
	}
	s.openLater(c, x, r)
}

// greet sends a session its first message, if there is one. That may end the
// session, which must be all there by then; whatever else it is sent comes with the
// mail, and so later.
func (s *shard) greet(c *poller.Conn, x *session, m Message) {
	if m.Type != 0 {
		s.send(c, x, outgoing{frame: codec.Encode(ws.OpCode(m.Type), m.Payload).Bytes(), shared: true})
	}
}

// admit checks an upgrade before it is answered, the cheapest checks first, and
// chooses r's subprotocol. It returns nil if the upgrade is granted.
func (s *shard) admit(c *poller.Conn, rt *route, r *Request) *refusal {
	if err := r.CheckUpgrade(); err != nil {
		return refusalOf(err)
	}
	if !rt.allowsOrigin(r.Origin) {
		return &refusal{reason: ReasonOrigin, text: "origin " + printable(r.Origin) + " is not allowed here"}
	}
	subprotocol, ok := rt.chooseSubprotocol(r)
	if !ok {
		return &refusal{reason: ReasonSubprotocol, text: "no subprotocol in common; served here: " + strings.Join(rt.subprotocols, ", ")}
	}
	r.Subprotocol = subprotocol
	if rt.authorize == nil {
		return nil
	}
	return s.authorize(c, rt, r)
}

// vet checks what the program has made of a request that it has granted.
func (s *shard) vet(rt *route, r *Request) *refusal {
	if !rt.asks() {
		return nil
	}
	if err := r.check(&s.config.Limits, rt.hub); err != nil {
		s.gateway.journal.failed("Authorize or Decide has made of a request what cannot be", "path", rt.path, "error", err.Error())
		return &refusal{reason: ReasonInternal}
	}
	// A copy, for it is kept: the string may be a part of the whole request.
	r.Identity.User = strings.Clone(r.Identity.User)
	return nil
}

// authorize asks the program. If that panics, the answer is no.
func (s *shard) authorize(c *poller.Conn, rt *route, r *Request) (refused *refusal) {
	defer func() {
		if fault := recover(); fault != nil {
			s.gateway.journal.panicked("Authorize", s.session(c), fault)
			refused = &refusal{reason: ReasonInternal}
		}
	}()
	if err := rt.authorize(r); err != nil {
		return unauthorized(err)
	}
	return nil
}

// chooseSubprotocol returns the first one of the client's that the route
// speaks: the client's order is its preference (RFC 6455 §4.2.2).
func (rt *route) chooseSubprotocol(r *Request) (chosen string, ok bool) {
	if len(rt.subprotocols) == 0 {
		return "", true
	}
	offered := false
	for name := range r.Protocols() {
		offered = true
		for _, served := range rt.subprotocols {
			if name == served {
				return served, true
			}
		}
	}
	return "", !offered
}

func (rt *route) allowsOrigin(origin string) bool {
	// A request without an Origin does not come from a browser, which is what
	// the check is about (RFC 6455 §10.2).
	origins := *rt.origins.Load()
	if len(origins) == 0 || origin == "" {
		return true
	}
	for _, allowed := range origins {
		if allowed == "*" || codec.EqualFold(allowed, origin) {
			return true
		}
	}
	return false
}

// handOff gives a connection that wants no upgrade to net/http.
func (s *shard) handOff(c *poller.Conn, x *session, read []byte) {
	if !s.enterHTTP(c, x) {
		return
	}
	if !c.Flush() { // answers to earlier requests
		return
	}
	if c.Waiting() > 0 {
		s.holdBack(c, x, read)
		return
	}
	slot := c.Slot()
	s.heads.Delete(slot)
	switch err := c.HandOff(bytes.Clone(read)); {
	case err == nil:
		s.sessions.Release(slot) // the place goes with the connection
	case errors.Is(err, poller.ErrHandOffBusy):
		s.refuse(c, x, &refusal{reason: ReasonHTTPBusy})
	}
}
