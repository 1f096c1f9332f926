package subprotocol

import (
	"bytes"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// DataType is what a payload is.
type DataType uint8

const (
	// JSONData is one JSON value, kept as it was written.
	JSONData DataType = iota
	// Text is text, in UTF-8.
	Text
	// Binary is any bytes; JSON frames carry them in base64.
	Binary
	// ProtobufAny is a google.protobuf.Any, serialized; JSON frames carry it in
	// base64.
	ProtobufAny
)

var dataTypes = [...]string{JSONData: "json", Text: "text", Binary: "binary", ProtobufAny: "protobuf"}

// String returns the type's name in JSON frames, for example "text".
func (d DataType) String() string { return dataTypes[d] }

// Payload is what a message or an event carries, without its encoding.
type Payload struct {
	Type DataType
	// Data is borrowed: from the message that was parsed, from its [Request], or
	// from whoever made the value.
	Data []byte
}

// Check reports whether the data is of its type, and is for payloads that do not
// come from [Encoding.Parse], which has checked its own.
func (p Payload) Check() error {
	switch p.Type {
	case JSONData:
		if err := checkJSON(p.Data); err != nil {
			return malformed("data", err.Error())
		}
		if !utf8.Valid(p.Data) {
			return malformed("data", "is not UTF-8")
		}
	case Text:
		if !utf8.Valid(p.Data) {
			return malformed("data", "is not UTF-8")
		}
	case ProtobufAny:
		return checkAny(p.Data)
	}
	return nil
}

// appendUTF8 appends text with U+FFFD for what is not UTF-8: a text frame with
// such bytes would end the session of everyone who gets it (RFC 6455 §8.1).
func appendUTF8(dst, text []byte) []byte {
	if utf8.Valid(text) {
		return append(dst, text...)
	}
	return append(dst, bytes.ToValidUTF8(text, []byte("\uFFFD"))...)
}

// parseSimple makes what a simple client sends the user event "message", which is
// what its mode sendEvent means. A session in the mode sendToGroup takes the
// payload alone.
func parseSimple(r *Request, op ws.OpCode, message []byte) {
	r.Op = OpEvent
	r.Event = simpleEvent
	r.Payload = Payload{Binary, message}
	if op == ws.OpText {
		r.Payload.Type = Text
	}
}

var simpleEvent = []byte("message")
