package subprotocol

import "github.com/gobwas/ws"

// Encoding is how requests and frames are written. The values of this package
// are the same in all of them.
type Encoding uint8

const (
	// Simple has no envelope: the client named no subprotocol of this package.
	Simple Encoding = iota
	// JSON is one JSON object in each text frame.
	JSON
	// Protobuf is one protobuf message in each binary frame.
	Protobuf

	// Encodings is how many there are.
	Encodings = iota
)

// Protocol is what a client has chosen with Sec-WebSocket-Protocol. The zero
// value is that of a simple client.
type Protocol struct {
	Encoding Encoding
	// Reliable says that messages carry sequence ids and that a dropped connection
	// may be recovered.
	Reliable bool
}

var names = [...]struct {
	name     string
	protocol Protocol
}{
	{"json.webpubsub.azure.v1", Protocol{JSON, false}},
	{"json.reliable.webpubsub.azure.v1", Protocol{JSON, true}},
	{"protobuf.webpubsub.azure.v1", Protocol{Protobuf, false}},
	{"protobuf.reliable.webpubsub.azure.v1", Protocol{Protobuf, true}},
}

// Names returns the subprotocols of this package, as Sec-WebSocket-Protocol has
// them. The slice is the caller's.
func Names() []string {
	all := make([]string, len(names))
	for i := range names {
		all[i] = names[i].name
	}
	return all
}

// Lookup returns the protocol of a name, and whether it is one of this package.
func Lookup(name string) (Protocol, bool) {
	for i := range names {
		if names[i].name == name {
			return names[i].protocol, true
		}
	}
	return Protocol{}, false
}

// String returns the name of the subprotocol, empty for simple clients.
func (p Protocol) String() string {
	for i := range names {
		if names[i].protocol == p {
			return names[i].name
		}
	}
	return ""
}

// Parse reads one message of the client into r, whose former content is gone. It
// borrows the message until r is done with; of text it relies on the codec's check
// that it is UTF-8.
//
// An error is an [*Error] and says what to do: close the session, or refuse the
// request. After the latter r.Op, r.HasAck and r.AckID hold.
func (e Encoding) Parse(r *Request, op ws.OpCode, message []byte) error {
	r.reset()
	switch {
	case e == Simple:
		parseSimple(r, op, message)
		return nil
	case op != e.OpCode(Text):
		return wrongFrame(op)
	case e == JSON:
		return parseJSON(r, message)
	default:
		return parseProtobuf(r, message)
	}
}

// OpCode returns what frame carries a message with such data. Frames that are no
// messages go as those with Text do.
func (e Encoding) OpCode(data DataType) ws.OpCode {
	if e == Protobuf || e == Simple && (data == Binary || data == ProtobufAny) {
		return ws.OpBinary
	}
	return ws.OpText
}
