package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// head is an HTTP request head that arrives in pieces. Most arrive whole and
// need none.
type head struct {
	bytes   []byte
	scanned int // no end of the head before here
}

// handshake takes the bytes of the HTTP request. It ends in an open session, a
// connection for net/http, a refusal, or a wait for more.
func (s *shard) handshake(c *poller.Conn, x *session, p []byte) {
	scanned := 0
	if x.head != nil {
		x.head.bytes = append(x.head.bytes, p...)
		p, scanned = x.head.bytes, x.head.scanned
	}
	end := codec.HeadEnd(p, scanned)
	limit := s.gateway.config.Limits.Head
	switch {
	case end > limit, end < 0 && len(p) >= limit:
		s.refuse(c, x, ReasonHeadTooLarge, fmt.Sprintf("request head longer than %d bytes", limit))
	case end < 0:
		s.awaitHead(x, p)
	default:
		x.head = nil
		s.request(c, x, p, end)
	}
}

func (s *shard) awaitHead(x *session, p []byte) {
	if x.head == nil {
		x.head = &head{bytes: bytes.Clone(p)}
	}
	x.head.scanned = max(0, len(p)-3) // the end may be cut anywhere
}

// request answers the request whose head is p[:end].
func (s *shard) request(c *poller.Conn, x *session, p []byte, end int) {
	parsed, err := codec.ParseRequest(p[:end])
	if err != nil {
		s.refuseHead(c, x, err)
		return
	}
	if !parsed.Upgrade {
		s.handOff(c, x, p)
		return
	}
	r := &Request{Request: parsed, RemoteAddr: c.RemoteAddr()}
	route, refusal := s.gateway.admit(r)
	if refusal != nil {
		s.refuse(c, x, refusal.reason, refusal.text)
		return
	}
	answered := len(s.responses)
	s.responses = codec.AppendUpgrade(s.responses, r.Key, r.Subprotocol, "")
	c.Queue(s.responses[answered:])
	s.begin(c, x, route, r)
	if end < len(p) {
		// Frames that came with the request. They may stand in the same buffer
		// as x.head did, which nobody else holds by now.
		s.receive(c, x, p[end:])
	}
}

// begin opens the session.
func (s *shard) begin(c *poller.Conn, x *session, route *route, r *Request) {
	x.state, x.route = open, route
	x.heard, x.active = s.loop.Now(), s.loop.Now()
	s.open++
	s.counts.upgraded++
	s.joinHub(c, x)
	if route.quiet {
		return
	}
	if route.dispatch == Inline {
		s.runInline(c, x, func(session Session, h Handler) { h.Open(session, r) })
		return
	}
	s.openLater(c, x, r)
}

// refusal is why an upgrade is not granted.
type refusal struct {
	reason Reason
	text   string
}

// admit checks an upgrade before it is answered, the cheapest checks first. It
// returns the route, or the refusal.
func (g *Gateway) admit(r *Request) (*route, *refusal) {
	route := g.routes[r.Path]
	if route == nil {
		return nil, &refusal{ReasonRouteUnknown, fmt.Sprintf("no WebSocket route at %s", printable(r.Path))}
	}
	if err := r.CheckUpgrade(); err != nil {
		return nil, refusalOf(err)
	}
	if !route.allowsOrigin(r.Origin) {
		return nil, &refusal{ReasonOrigin, fmt.Sprintf("origin %s is not allowed here", printable(r.Origin))}
	}
	subprotocol, ok := route.chooseSubprotocol(r)
	if !ok {
		return nil, &refusal{ReasonSubprotocol, "none of the offered subprotocols is served here: " + strings.Join(route.subprotocols, ", ")}
	}
	r.Subprotocol = subprotocol
	if route.authorize != nil {
		if err := route.authorize(r); err != nil {
			return nil, unauthorized(err)
		}
	}
	return route, nil
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
				return name, true
			}
		}
	}
	return "", !offered
}

func (rt *route) allowsOrigin(origin string) bool {
	// A request without an Origin does not come from a browser, which is what
	// the check is about (RFC 6455 §10.2).
	if len(rt.origins) == 0 || origin == "" {
		return true
	}
	for _, allowed := range rt.origins {
		if allowed == "*" || strings.EqualFold(allowed, origin) {
			return true
		}
	}
	return false
}

func unauthorized(err error) *refusal {
	return &refusal{ReasonUnauthorized, err.Error()}
}

// refusalOf gives a fault of the request its reason.
func refusalOf(err error) *refusal {
	reason, text := ReasonBadRequest, err.Error()
	var fault *codec.HeadError
	if errors.As(err, &fault) {
		switch fault.Status {
		case http.StatusMethodNotAllowed:
			reason = ReasonMethod
		case http.StatusUpgradeRequired:
			reason = ReasonVersion
		case http.StatusRequestHeaderFieldsTooLarge, http.StatusRequestURITooLong:
			reason = ReasonHeadTooLarge
		}
	}
	return &refusal{reason, text}
}

func (s *shard) refuseHead(c *poller.Conn, x *session, err error) {
	r := refusalOf(err)
	s.refuse(c, x, r.reason, r.text)
}

// refuse answers the request with the reason's status and one line of text, and
// ends the connection.
func (s *shard) refuse(c *poller.Conn, x *session, reason Reason, text string) {
	x.state, x.reason, x.head = closed, reason, nil
	status := reason.Status()
	answered := len(s.responses)
	b := fmt.Appendf(s.responses, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: %d\r\n",
		status, http.StatusText(status), len(text)+1)
	switch reason {
	case ReasonVersion:
		b = append(b, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"...) // RFC 6455 §4.4
	case ReasonMethod:
		b = append(b, "Allow: GET\r\n"...) // RFC 9110 §15.5.6
	}
	if reason.Retry() == RetryLater {
		b = append(b, "Retry-After: 1\r\n"...)
	}
	s.responses = append(append(append(b, "\r\n"...), text...), '\n')
	c.Queue(s.responses[answered:])
	c.Finish()
}

// handOff gives a connection that wants no upgrade to net/http.
func (s *shard) handOff(c *poller.Conn, x *session, read []byte) {
	if !s.gateway.http.admit() {
		s.refuse(c, x, ReasonHTTPBusy, ReasonHTTPBusy.Text())
		return
	}
	slot := c.Slot()
	if err := c.HandOff(bytes.Clone(read)); err != nil {
		s.gateway.http.release()
		s.refuse(c, x, ReasonHTTPBusy, ReasonHTTPBusy.Text())
		return
	}
	s.sessions.Release(slot)
}

// printable quotes what a client sent for a line of text, shortened.
func printable(text string) string {
	const most = 64
	if len(text) > most {
		return fmt.Sprintf("%q…", text[:most])
	}
	return fmt.Sprintf("%q", text)
}
