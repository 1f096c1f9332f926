package bench

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// acceptGUID is appended to the key of a handshake, RFC 6455 §1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// maxAnswer bounds the answer to an upgrade request, in bytes.
const maxAnswer = 16 << 10

// handshakeKey is the value of a Sec-WebSocket-Key header: 16 random bytes in
// base64.
type handshakeKey [24]byte

func newHandshakeKey() (key handshakeKey) {
	var random [16]byte
	rand.Read(random[:]) // never fails, see crypto/rand
	base64.StdEncoding.Encode(key[:], random[:])
	return key
}

// accept returns the Sec-WebSocket-Accept value that answers k (RFC 6455
// §4.2.2).
func (k handshakeKey) accept() (accept [28]byte) {
	var text [len(k) + len(acceptGUID)]byte
	copy(text[copy(text[:], k[:]):], acceptGUID)
	sum := sha1.Sum(text[:])
	base64.StdEncoding.Encode(accept[:], sum[:])
	return accept
}

// appendRequest appends the upgrade request of a connection for t to dst (RFC
// 6455 §4.1).
func appendRequest(dst []byte, t *Target, key handshakeKey, u *upgrade, number uint32) []byte {
	dst = append(dst, "GET "...)
	dst = u.appendExpanded(dst, t.Path, number)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, t.Host...)
	dst = append(dst, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "...)
	dst = append(dst, key[:]...)
	if u.offer != "" {
		dst = append(dst, "\r\nSec-WebSocket-Extensions: "...)
		dst = append(dst, u.offer...)
	}
	dst = append(dst, "\r\n"...)
	dst = u.appendExpanded(dst, u.fields, number)
	return append(dst, "\r\n"...)
}

var (
	errNoAnswer     = failure{StageHandshake, "closed before the answer was complete"}
	errAnswerLong   = failure{StageHandshake, "answer longer than 16 KiB"}
	errNotHTTP      = failure{StageHandshake, "answer is not HTTP/1.1"}
	errNoUpgrade    = failure{StageHandshake, "101 without Upgrade: websocket"}
	errNoConnection = failure{StageHandshake, "101 without Connection: Upgrade"}
	errAccept       = failure{StageHandshake, "101 with a wrong Sec-WebSocket-Accept"}
	errSubprotocol  = failure{StageHandshake, "101 with a subprotocol that was not offered"}
)

// readAnswer reads the answer to an upgrade request from b, which it borrows.
// n is the length of the head of a 101 that answers key and u as RFC 6455 §4.1
// allows; 0 with a nil error means that more bytes are needed. ended says that none will come. The
// error is a handshake failure; a refusal is one that carries the status and
// the first line of the body.
func readAnswer(b []byte, key handshakeKey, u *upgrade, ended bool) (n int, err error) {
	head, body, complete := bytes.Cut(b, []byte("\r\n\r\n"))
	switch {
	case complete:
	case ended:
		return 0, errNoAnswer
	case len(b) >= maxAnswer:
		return 0, errAnswerLong
	default:
		return 0, nil
	}
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	status, isHTTP := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !isHTTP || len(status) < 3 {
		return 0, errNotHTTP
	}
	if string(status[:3]) == "101" {
		return len(head) + len("\r\n\r\n"), u.check(fields, key)
	}
	text, whole := firstBodyLine(fields, body)
	if !whole && !ended && len(b) < maxAnswer {
		return 0, nil
	}
	refused := refusal(status, text)
	if wait := retryAfter(fields); wait > 0 {
		return 0, postponed{refused, wait}
	}
	return 0, refused
}

// postponed is a refusal that says when to come back.
type postponed struct {
	failure
	wait time.Duration
}

func (p postponed) Unwrap() error { return p.failure }

// retryAfter returns the number of seconds in a Retry-After header field (RFC
// 9110 §10.2.3); 0 if there is none.
func retryAfter(fields []byte) time.Duration {
	text, _ := field(fields, "Retry-After")
	seconds, err := strconv.ParseUint(string(text), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// check applies the rules for a 101, RFC 6455 §4.1. A server may choose none of
// the subprotocols.
func (u *upgrade) check(fields []byte, key handshakeKey) error {
	accept := key.accept()
	upgrade, _ := field(fields, "Upgrade")
	connection, _ := field(fields, "Connection")
	accepted, _ := field(fields, "Sec-WebSocket-Accept")
	protocol, chosen := field(fields, "Sec-WebSocket-Protocol")
	switch {
	case !bytes.EqualFold(upgrade, []byte("websocket")):
		return errNoUpgrade
	case !bytes.EqualFold(connection, []byte("Upgrade")):
		return errNoConnection
	case !bytes.Equal(accepted, accept[:]):
		return errAccept
	case chosen && !slices.Contains(u.subprotocols, string(protocol)):
		return errSubprotocol
	}
	return u.offer.check(fields)
}

// field returns the trimmed value of the first header field of that name. It
// borrows from fields.
func field(fields []byte, name string) (value []byte, present bool) {
	for len(fields) > 0 {
		var line []byte
		line, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		if len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return bytes.TrimSpace(line[len(name)+1:]), true
		}
	}
	return nil, false
}

// firstBodyLine returns the first line of the body of a refusal. whole is false
// if more of it may come.
func firstBodyLine(fields, body []byte) (line []byte, whole bool) {
	if coding, _ := field(fields, "Transfer-Encoding"); bytes.EqualFold(coding, []byte("chunked")) {
		var sized bool
		if _, body, sized = bytes.Cut(body, []byte("\r\n")); !sized {
			return nil, false
		}
	}
	line, _, whole = bytes.Cut(body, []byte("\n"))
	text, _ := field(fields, "Content-Length")
	if length, err := strconv.Atoi(string(text)); err == nil && len(body) >= length {
		whole = true
	}
	return bytes.TrimSpace(line), whole
}

// refusal is the failure of a handshake that was answered with another status
// than 101.
func refusal(status, text []byte) failure {
	const longest = 80
	cause := fmt.Sprintf("refused with %s", bytes.TrimSpace(status))
	if len(text) > 0 {
		cause += fmt.Sprintf(": %.*s", longest, bytes.ToValidUTF8(text, []byte("?")))
	}
	return failure{StageHandshake, cause}
}
