package subprotocol

import (
	"errors"
	"strconv"

	"github.com/gobwas/ws"
)

// Error is what is wrong with a client's message, or with a value that a backend
// gives. Its text fits the reason of a close frame.
type Error struct {
	// Field names the field, as the JSON frames call it; "message" is all of it.
	Field string
	// Text says what is wrong, in one clause.
	Text string
	// Close is the status to end the session with: 1003, 1007 or 1008. If 0 the
	// session stays open: the request is refused, with [AckBadRequest] if it asks
	// for an ack.
	Close ws.StatusCode
}

func (e *Error) Error() string { return e.Field + ": " + e.Text }

// malformed is the error of a message that cannot be read.
func malformed(field, text string) error {
	return &Error{field, text, ws.StatusInvalidFramePayloadData}
}

// refused is the error of a request that is understood and not served.
func refused(field, text string) error { return &Error{Field: field, Text: text} }

// errStream is the error of the beginning of a stream.
var errStream = refused("stream", "streams are not served")

// isRefusal reports whether the session stays open.
func isRefusal(err error) bool {
	var fault *Error
	return errors.As(err, &fault) && fault.Close == 0
}

func wrongFrame(op ws.OpCode) error {
	text := "must be a text frame"
	if op == ws.OpText {
		text = "must be a binary frame"
	}
	return &Error{"message", text, ws.StatusUnsupportedData}
}

// quoteLimit is how many characters an error repeats of a client's own text, which
// in quotes can be five times as long.
const quoteLimit = 32

func quoted(text []byte) string {
	q := strconv.QuoteToASCII(string(text[:min(len(text), quoteLimit+1)]))
	if len(q) > quoteLimit+len(`""`) {
		q = q[:quoteLimit-len(`..`)] + `..."`
	}
	return q
}
