package bench

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// upgrade is what the upgrade requests of a run ask for, besides the target.
// The zero value asks for nothing.
type upgrade struct {
	offer        offer
	subprotocols []string
	fields       string   // further header fields, each with its line end
	tokens       []string // of the connections, which take them in turn
}

// Marks that stand, in the URL and in header fields, for what differs from one
// connection to the next: its number, from 0 on, and its token.
const (
	numberMark = "{n}"
	tokenMark  = "{token}"
)

// upgrade is what connections ask for in their handshakes.
func (l Load) upgrade() upgrade {
	u := upgrade{subprotocols: l.Subprotocols, tokens: l.Tokens}
	if l.Compression {
		u.offer = offerDeflate
	}
	var fields strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l.Headers)) {
		for _, value := range l.Headers[name] {
			fmt.Fprintf(&fields, "%s: %s\r\n", name, value)
		}
	}
	if l.Origin != "" {
		fmt.Fprintf(&fields, "Origin: %s\r\n", l.Origin)
	}
	if len(l.Tokens) > 0 && !strings.Contains(l.URL+fields.String(), tokenMark) {
		fields.WriteString("Authorization: Bearer " + tokenMark + "\r\n")
	}
	if len(l.Subprotocols) > 0 {
		fmt.Fprintf(&fields, "Sec-WebSocket-Protocol: %s\r\n", strings.Join(l.Subprotocols, ", "))
	}
	u.fields = fields.String()
	return u
}

// appendExpanded appends text to dst with its marks replaced for a connection.
func (u *upgrade) appendExpanded(dst []byte, text string, number uint32) []byte {
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:open]...)
		switch text = text[open:]; {
		case strings.HasPrefix(text, numberMark):
			dst = strconv.AppendUint(dst, uint64(number), 10)
			text = text[len(numberMark):]
		case strings.HasPrefix(text, tokenMark) && len(u.tokens) > 0:
			dst = append(dst, u.tokens[number%uint32(len(u.tokens))]...)
			text = text[len(tokenMark):]
		default:
			dst = append(dst, '{')
			text = text[1:]
		}
	}
}

// checkUpgrade finds the faults of what l asks for in its handshakes.
func (f *faults) checkUpgrade(l Load) {
	for name, values := range l.Headers {
		f.check(isToken(name), "Headers", strconv.Quote(name), "is no name of a header field")
		f.check(!reserved(name), "Headers", name, "is set by the load tool itself")
		for _, value := range values {
			f.check(isLine(value), "Headers", strconv.Quote(value), "must be one line")
		}
	}
	for _, name := range l.Subprotocols {
		f.check(isToken(name), "Subprotocols", strconv.Quote(name), "is no subprotocol: it must be a token (RFC 6455 §4.1)")
	}
	f.check(isLine(l.Origin), "Origin", strconv.Quote(l.Origin), "must be one line")
	for i, token := range l.Tokens {
		f.check(token != "" && isLine(token) && !strings.Contains(token, " "), "Tokens", fmt.Sprintf("number %d", i+1), "must be one word")
	}
}

// reserved reports whether a header field is part of every upgrade request.
func reserved(name string) bool {
	name = http.CanonicalHeaderKey(name)
	return slices.Contains([]string{"Host", "Upgrade", "Connection", "Origin"}, name) || strings.HasPrefix(name, "Sec-Websocket-")
}

// isToken reports whether s is a token, RFC 9110 §5.6.2.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func isLine(s string) bool { return !strings.ContainsAny(s, "\r\n\x00") }
