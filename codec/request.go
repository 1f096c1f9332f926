package codec

import (
	"iter"
	"net/http"
	"strings"
)

const (
	// MaxTarget is the longest request target, in bytes. RFC 9112 §3 asks for 8000;
	// the name of a group has up to 1024 characters, of 12 bytes each with escapes.
	MaxTarget = 16 << 10
	// MaxHeaders is how many headers a request may have.
	MaxHeaders = 100
)

// Request is the head of an HTTP/1 request. Its strings are parts of the head
// that it was parsed from.
type Request struct {
	// Method is a token, for example "GET".
	Method string
	// Target is the request target as sent: nothing is decoded.
	Target string
	// Path and Query are Target before and after its first question mark, without
	// the scheme and the authority of one in absolute form (RFC 9112 §3.2.2).
	Path, Query string
	// HTTP10: the request is HTTP/1.0. Otherwise it is HTTP/1.1.
	HTTP10 bool
	// Host, Origin, Key and Version are the headers Host, Origin,
	// Sec-WebSocket-Key and Sec-WebSocket-Version, empty if absent. Of a Target in
	// absolute form, Host is its authority.
	Host, Origin, Key, Version string
	// Upgrade: the request asks to speak WebSocket. Whether it does so legally
	// is for [Request.CheckUpgrade].
	Upgrade bool

	authority        string // that of Target, if it has one
	fields           string // the header lines, each with its CRLF
	contentLength    string
	hasLength        bool // the header Content-Length is there
	transferEncoding bool // and Transfer-Encoding
}

// ParseRequest reads a request head that ends where [HeadEnd] found. It
// allocates nothing. A head of broken syntax is refused with a [*HeadError]
// whether or not it asks for an upgrade.
func ParseRequest(head string) (Request, error) {
	line, rest, err := cutLine(head, 1)
	if err != nil {
		return Request{}, err
	}
	var r Request
	if err := r.parseRequestLine(line); err != nil {
		return Request{}, err
	}
	r.fields = rest
	if err := r.parseFields(); err != nil {
		return Request{}, err
	}
	return r, nil
}

// parseRequestLine reads "GET /path?query HTTP/1.1" (RFC 9112 §3).
func (r *Request) parseRequestLine(line string) error {
	method, rest, _ := strings.Cut(line, " ")
	target, version, found := strings.Cut(rest, " ")
	switch {
	case !isToken(method):
		return headError(http.StatusBadRequest, "line 1: %s is no method", quoted(method))
	case !found || target == "":
		return headError(http.StatusBadRequest, "line 1: must be method, target and version, one space between")
	case len(target) > MaxTarget:
		return headError(http.StatusRequestURITooLong, "line 1: target of %d bytes; at most %d are accepted", len(target), MaxTarget)
	}
	for i := range len(target) {
		if c := target[i]; c < ' ' || c == 0x7f {
			return headError(http.StatusBadRequest, "line 1: control character 0x%02x in the target", c)
		}
	}
	switch {
	case version == "HTTP/1.1":
	case version == "HTTP/1.0":
		r.HTTP10 = true
	case isVersion(version):
		return headError(http.StatusHTTPVersionNotSupported, "line 1: version %s; HTTP/1.1 is spoken here", quoted(version))
	default:
		return headError(http.StatusBadRequest, "line 1: %s is no HTTP version", quoted(version))
	}
	r.Method, r.Target = method, target
	authority, path, absolute := cutAuthority(target)
	if absolute && (authority == "" || !isHost(authority)) {
		return headError(http.StatusBadRequest, "line 1: target %s; it must have a host and no user", quoted(target))
	}
	r.authority = authority
	r.Path, r.Query, _ = strings.Cut(path, "?")
	if absolute && r.Path == "" {
		r.Path = "/" // RFC 9110 §4.2.3
	}
	return nil
}

// cutAuthority splits an http or https URI, the absolute form of a target, before
// its path or query. Any other target is all path.
func cutAuthority(target string) (authority, path string, absolute bool) {
	if target[0] == '/' { // as nearly all do
		return "", target, false
	}
	scheme, rest, _ := strings.Cut(target, "://")
	if !EqualFold(scheme, "http") && !EqualFold(scheme, "https") {
		return "", target, false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	return rest[:end], rest[end:], true
}

// isVersion reports whether s has the form of an HTTP version, RFC 9112 §2.3.
func isVersion(s string) bool {
	digit := func(c byte) bool { return '0' <= c && c <= '9' }
	return len(s) == len("HTTP/1.1") && s[:5] == "HTTP/" && digit(s[5]) && s[6] == '.' && digit(s[7])
}

// parseFields checks the header lines and keeps those that matter here.
func (r *Request) parseFields() error {
	var seen seenFields
	rest := r.fields
	for number := 2; ; number++ {
		line, after, err := cutLine(rest, number)
		if err != nil {
			return err
		}
		if line == "" {
			r.fields, rest = r.fields[:len(r.fields)-len(rest)], after
			break
		}
		if number-1 > MaxHeaders {
			return headError(http.StatusRequestHeaderFieldsTooLarge, "line %d: more than %d headers", number, MaxHeaders)
		}
		name, value, err := cutField(line, number)
		if err != nil {
			return err
		}
		if !r.keep(name, value, &seen) {
			return headError(http.StatusBadRequest, "line %d: second header %s; it may occur once", number, quoted(name))
		}
		rest = after
	}
	r.Upgrade = seen&(seenUpgrade|seenWebSocket) == seenUpgrade|seenWebSocket
	r.hasLength = seen&seenContentLength != 0
	switch {
	case rest != "":
		return headError(http.StatusBadRequest, "%d bytes follow the empty line of the head", len(rest))
	case seen&seenHost == 0 && !r.HTTP10:
		return headError(http.StatusBadRequest, "header Host is missing")
	case !isHost(r.Host):
		return headError(http.StatusBadRequest, "header Host %s; it must be a name or an address, with or without a port", quoted(r.Host))
	case r.authority != "":
		r.Host = r.authority // and the header is ignored, RFC 9112 §3.2.2
	}
	return nil
}

// seenFields are the headers met so far, those that may occur once and those
// that make an upgrade.
type seenFields uint8

const (
	seenHost seenFields = 1 << iota
	seenOrigin
	seenKey
	seenVersion
	seenContentLength
	seenUpgrade   // Connection has the token upgrade
	seenWebSocket // Upgrade has the token websocket
)

// keep notes one header; false if it is a second one where one may be.
func (r *Request) keep(name, value string, seen *seenFields) bool {
	var field *string
	var bit seenFields
	switch {
	case EqualFold(name, "Host"):
		field, bit = &r.Host, seenHost
	case EqualFold(name, "Origin"):
		field, bit = &r.Origin, seenOrigin
	case EqualFold(name, "Sec-WebSocket-Key"):
		field, bit = &r.Key, seenKey
	case EqualFold(name, "Sec-WebSocket-Version"):
		field, bit = &r.Version, seenVersion
	case EqualFold(name, "Content-Length"):
		field, bit = &r.contentLength, seenContentLength
	case EqualFold(name, "Connection"):
		if hasToken(value, "upgrade") {
			*seen |= seenUpgrade
		}
		return true
	case EqualFold(name, "Upgrade"):
		if hasToken(value, "websocket") {
			*seen |= seenWebSocket
		}
		return true
	case EqualFold(name, "Transfer-Encoding"):
		r.transferEncoding = true
		return true
	default:
		return true
	}
	if *seen&bit != 0 {
		return false
	}
	*seen |= bit
	*field = value
	return true
}

// BodyLength returns how many bytes of a body follow the head: those of its
// Content-Length, 0 without one. It is not known of a request with a
// Transfer-Encoding, nor where the length is no number of 1 to 18 digits
// (RFC 9112 §6.3).
func (r *Request) BodyLength() (n int64, known bool) {
	if r.transferEncoding || len(r.contentLength) > 18 || r.hasLength && r.contentLength == "" {
		return 0, false
	}
	for i := range len(r.contentLength) {
		digit := r.contentLength[i] - '0'
		if digit > 9 {
			return 0, false
		}
		n = 10*n + int64(digit)
	}
	return n, true
}

// Header returns the value of the first header of that name, in any case, or ""
// if there is none.
func (r *Request) Header(name string) string {
	value, _, _ := cutNamed(r.fields, name)
	return value
}

// Values yields the value of every header of that name, in any case, in order.
func (r *Request) Values(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		value, rest, found := cutNamed(r.fields, name)
		for found && yield(value) {
			value, rest, found = cutNamed(rest, name)
		}
	}
}

// Fields yields the name, as it was sent, and the value of every header, in order.
func (r *Request) Fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for line := range strings.Lines(r.fields) {
			name, value, _ := strings.Cut(line, ":")
			if name = trimSpace(name); name != "" && !yield(name, trimSpace(strings.TrimRight(value, "\r\n"))) {
				return
			}
		}
	}
}

// Protocols yields the subprotocols the client offers, in its order of
// preference (RFC 6455 §11.3.4).
func (r *Request) Protocols() iter.Seq[string] { return r.elements("Sec-WebSocket-Protocol") }

// Extensions yields the extensions the client offers, each with its parameters
// as sent, in its order of preference (RFC 6455 §9.1).
func (r *Request) Extensions() iter.Seq[string] { return r.elements("Sec-WebSocket-Extensions") }

// elements yields the members of the comma-separated lists in all headers of
// that name.
func (r *Request) elements(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		list, lines, found := cutNamed(r.fields, name)
		for found {
			element, rest, more := cutElement(list)
			for more {
				if !yield(element) {
					return
				}
				element, rest, more = cutElement(rest)
			}
			list, lines, found = cutNamed(lines, name)
		}
	}
}

// cutNamed returns the value of the first of the checked header lines that has
// that name, and the lines behind it.
func cutNamed(lines, name string) (value, rest string, found bool) {
	for lines != "" {
		var line string
		line, lines, _ = strings.Cut(lines, "\n")
		if colon := len(name); colon < len(line) && line[colon] == ':' && EqualFold(line[:colon], name) {
			return trimSpace(strings.TrimSuffix(line[colon+1:], "\r")), lines, true
		}
	}
	return "", "", false
}

// cutElement returns the first member of a comma-separated list, empty ones
// skipped (RFC 9110 §5.6.1), and what is behind it.
func cutElement(list string) (element, rest string, found bool) {
	for list != "" {
		element, list, _ = strings.Cut(list, ",")
		if element = trimSpace(element); element != "" {
			return element, list, true
		}
	}
	return "", "", false
}

// hasToken reports whether a comma-separated list has token, in any case.
func hasToken(list, token string) bool {
	for element, rest, more := cutElement(list); more; element, rest, more = cutElement(rest) {
		if EqualFold(element, token) {
			return true
		}
	}
	return false
}
