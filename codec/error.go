package codec

import "github.com/gobwas/ws"

// Error is a fault of the peer that ends its connection. Every Error is a
// package-level value, so returning one allocates nothing, and none may be
// changed. Callers reach it through errors.As.
type Error struct {
	// Code is the status of the close frame to answer with: 1002, 1007,
	// 1008 or 1009.
	Code ws.StatusCode
	// Section names the rule that was broken, for example "RFC 6455 §5.2".
	Section string
	// Text says what was wrong, in one clause.
	Text string
}

func (e *Error) Error() string { return e.Text + " (" + e.Section + ")" }

func protocolError(section, text string) *Error {
	return &Error{ws.StatusProtocolError, "RFC 6455 " + section, text}
}

func invalidText(section, text string) *Error {
	return &Error{ws.StatusInvalidFramePayloadData, "RFC 6455 " + section, text}
}

func tooBig(text string) *Error {
	return &Error{ws.StatusMessageTooBig, "RFC 6455 §7.4.1", text}
}
