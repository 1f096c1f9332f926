package codec

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// HeadError is a fault in an HTTP request head.
type HeadError struct {
	// Status is the HTTP status to answer with.
	Status int
	// Text says what is wrong and where, on one line of printable characters.
	Text string
}

func (e *HeadError) Error() string { return e.Text }

func headError(status int, format string, args ...any) *HeadError {
	return &HeadError{status, fmt.Sprintf(format, args...)}
}

// quoted is s as it may appear in a log or an answer: printable and not long.
func quoted(s string) string {
	const most = 40
	if len(s) > most {
		return fmt.Sprintf("%+q...", s[:most])
	}
	return fmt.Sprintf("%+q", s)
}

// HeadEnd returns the length of the HTTP head at the start of b, its closing
// empty line included, or -1 if b holds only a part. The first from bytes of b,
// 0 to len(b), were searched by an earlier call. It borrows b.
//
// A line that ends in a bare LF closes a head too, so that [ParseRequest] can
// refuse it at once instead of the peer waiting for a deadline.
func HeadEnd(b []byte, from int) int {
	for i := max(from-len("\n\r"), 0); ; {
		lf := bytes.IndexByte(b[i:], '\n')
		if lf < 0 {
			return -1
		}
		i += lf + 1
		switch rest := b[i:]; {
		case bytes.HasPrefix(rest, []byte("\n")):
			return i + 1
		case bytes.HasPrefix(rest, []byte("\r\n")):
			return i + 2
		}
	}
}

// cutLine splits text after its first line, which it returns without CRLF.
// number counts lines from 1 and is for the error.
func cutLine(text string, number int) (line, rest string, err error) {
	line, rest, found := strings.Cut(text, "\n")
	if !found {
		return "", "", headError(http.StatusBadRequest, "line %d: head ends without an empty line", number)
	}
	line, crlf := strings.CutSuffix(line, "\r")
	if !crlf {
		return "", "", headError(http.StatusBadRequest, "line %d: ends in LF without CR", number)
	}
	return line, rest, nil
}

// cutField splits a header line into name and value (RFC 9112 §5).
func cutField(line string, number int) (name, value string, err error) {
	if isSpace(line[0]) {
		return "", "", headError(http.StatusBadRequest, "line %d: begins with white space; folded headers are obsolete", number)
	}
	name, value, found := strings.Cut(line, ":")
	switch {
	case !found:
		return "", "", headError(http.StatusBadRequest, "line %d: header %s has no colon", number, quoted(line))
	case isToken(name):
	case trimSpace(name) != name:
		return "", "", headError(http.StatusBadRequest, "line %d: white space before the colon of header %s", number, quoted(name))
	default:
		return "", "", headError(http.StatusBadRequest, "line %d: %s is no header name", number, quoted(name))
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return "", "", headError(http.StatusBadRequest, "line %d: control character 0x%02x in header %s", number, c, quoted(name))
		}
	}
	return name, trimSpace(value), nil
}

// trimSpace removes optional white space, RFC 9110 §5.6.3.
func trimSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// EqualFold reports whether a and b differ at most in the case of ASCII letters. What
// [strings.EqualFold] takes for equal has others too: "web\u017focket" is no websocket.
// Most names differ in length, which is seen without a call.
func EqualFold(a, b string) bool { return len(a) == len(b) && equalLetters(a, b) }

func equalLetters(a, b string) bool {
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// isToken reports whether s is a token, RFC 9110 §5.6.2.
func isToken(s string) bool {
	return s != "" && tokenChars.hold(s)
}

// isHost reports whether s has only what a host and a port are made of, RFC 3986
// §3.2.2: a value that has more must be refused (RFC 9112 §3.2). An empty one is
// legal.
func isHost(s string) bool { return hostChars.hold(s) }

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

var (
	tokenChars = setOf("!#$%&'*+-.^_`|~" + alphanumeric)
	hostChars  = setOf("!$%&'()*+,-.:;=[]_~" + alphanumeric)
)

// charSet has the characters that may stand somewhere.
type charSet [256]bool

func setOf(chars string) *charSet {
	set := new(charSet)
	for i := range len(chars) {
		set[chars[i]] = true
	}
	return set
}

// hold reports whether s has no other characters.
func (set *charSet) hold(s string) bool {
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}
