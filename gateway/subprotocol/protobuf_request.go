package subprotocol

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of UpstreamMessage, one of which a message has.
const (
	upSendToGroup protowire.Number = 1
	upEvent       protowire.Number = 5
	upJoinGroup   protowire.Number = 6
	upLeaveGroup  protowire.Number = 7
	upSequenceAck protowire.Number = 8
	upPing        protowire.Number = 9
)

// Fields of MessageData, one of which a message has.
const (
	dataText     protowire.Number = 1
	dataBinary   protowire.Number = 2
	dataProtobuf protowire.Number = 3
	dataJSON     protowire.Number = 4
)

// layouts says which field of a request each number of its message is. Numbers
// that are not there are passed over, as protobuf wants it.
var layouts = [...]map[protowire.Number]field{
	OpPing:        {},
	OpJoinGroup:   {1: fieldGroup, 2: fieldAckID},
	OpLeaveGroup:  {1: fieldGroup, 2: fieldAckID},
	OpSendToGroup: {1: fieldGroup, 2: fieldAckID, 3: fieldData, 4: fieldNoEcho, 5: fieldTTL, 6: fieldMetadata, 7: fieldStream},
	OpEvent:       {1: fieldEvent, 2: fieldData, 3: fieldAckID, 4: fieldMetadata, 5: fieldStream},
	OpSequenceAck: {1: fieldSequence},
}

// wire reads the fields of one protobuf message in turn. What it has found stays
// until the next one; an error ends the message.
type wire struct {
	err    error
	rest   []byte
	number protowire.Number
	kind   protowire.Type
	bytes  []byte // of BytesType, borrowed
	varint uint64 // of VarintType
}

var errWire = malformed("message", "is no protobuf message")

// next moves to the next field; false at the end, or at an error.
func (w *wire) next() bool {
	if len(w.rest) == 0 {
		return false
	}
	number, kind, n := protowire.ConsumeTag(w.rest)
	if n < 0 || !number.IsValid() {
		w.err = errWire
		return false
	}
	w.number, w.kind, w.rest = number, kind, w.rest[n:]
	switch kind {
	case protowire.BytesType:
		w.bytes, n = protowire.ConsumeBytes(w.rest)
	case protowire.VarintType:
		w.varint, n = protowire.ConsumeVarint(w.rest)
	default:
		n = protowire.ConsumeFieldValue(number, kind, w.rest)
	}
	if n < 0 {
		w.err = errWire
		return false
	}
	w.rest = w.rest[n:]
	return true
}

func (w *wire) text(known field) ([]byte, error) {
	if w.kind != protowire.BytesType || !utf8.Valid(w.bytes) {
		return nil, malformed(known.String(), "must be a string of UTF-8")
	}
	return w.bytes, nil
}

func (w *wire) nested(known field) (wire, error) {
	if w.kind != protowire.BytesType {
		return wire{}, malformed(known.String(), "must be a message")
	}
	return wire{rest: w.bytes}, nil
}

func (w *wire) integer(known field) (uint64, error) {
	if w.kind != protowire.VarintType {
		return 0, malformed(known.String(), "must be an integer")
	}
	return w.varint, nil
}

func parseProtobuf(r *Request, message []byte) error {
	err := readUpstream(r, message)
	if err == nil {
		err = r.check()
	}
	return err
}

// readUpstream finds the one request of a message. Several are refused: which one
// counts would depend on the reader.
func readUpstream(r *Request, message []byte) error {
	var request wire
	w := wire{rest: message}
	for w.next() {
		op, err := upstreamOp(w.number)
		if err != nil {
			return err
		}
		if r.Op != 0 {
			return malformed("type", "is given twice")
		}
		if request, err = w.nested(fieldType); err != nil {
			return err
		}
		r.Op = op
	}
	if w.err != nil {
		return w.err
	}
	if r.Op == 0 {
		return malformed("type", "is missing")
	}
	return readRequest(r, request)
}

func upstreamOp(number protowire.Number) (Op, error) {
	switch number {
	case upSendToGroup:
		return OpSendToGroup, nil
	case upEvent:
		return OpEvent, nil
	case upJoinGroup:
		return OpJoinGroup, nil
	case upLeaveGroup:
		return OpLeaveGroup, nil
	case upSequenceAck:
		return OpSequenceAck, nil
	case upPing:
		return OpPing, nil
	}
	return 0, malformed("type", "is not served")
}

// readRequest reads all fields before it refuses one, so that the ack id is known.
func readRequest(r *Request, w wire) error {
	var refusal error
	layout := layouts[r.Op]
	for w.next() {
		known, found := layout[w.number]
		if !found {
			continue
		}
		switch err := readField(r, known, &w); {
		case err == nil:
		case isRefusal(err):
			refusal = err
		default:
			return err
		}
	}
	if w.err != nil {
		return w.err
	}
	if refusal != nil {
		return refusal
	}
	if (r.Op == OpSendToGroup || r.Op == OpEvent) && r.Payload.Data == nil {
		return malformed("data", "is missing")
	}
	return nil
}

func readField(r *Request, known field, w *wire) (err error) {
	var n uint64
	switch known {
	case fieldGroup:
		r.Group, err = w.text(known)
	case fieldEvent:
		r.Event, err = w.text(known)
	case fieldAckID:
		r.AckID, err = w.integer(known)
		r.HasAck = true
	case fieldSequence:
		r.Sequence, err = w.integer(known)
	case fieldNoEcho:
		n, err = w.integer(known)
		r.NoEcho = n != 0
	case fieldTTL:
		n, err = w.integer(known)
		r.TTL = uint16(min(n, maxTTL+1))
	case fieldData:
		err = readData(r, w)
	case fieldMetadata:
		err = readMetadata(r, w)
	case fieldStream:
		err = readStream(r, w)
	}
	return err
}

// readStream reads which stream a request begins (stream_id = 1), and refuses it.
func readStream(r *Request, w *wire) error {
	stream, err := w.nested(fieldStream)
	if err != nil {
		return err
	}
	for stream.next() {
		if stream.number != 1 {
			continue
		}
		if r.Stream, err = stream.text(fieldStream); err != nil {
			return err
		}
	}
	if stream.err != nil {
		return stream.err
	}
	return errStream
}

func readData(r *Request, w *wire) error {
	data, err := w.nested(fieldData)
	if err != nil {
		return err
	}
	for data.next() {
		switch data.number {
		case dataText:
			r.Payload.Type = Text
		case dataBinary:
			r.Payload.Type = Binary
		case dataProtobuf:
			r.Payload.Type = ProtobufAny
		case dataJSON:
			r.Payload.Type = JSONData
		default:
			continue
		}
		if data.kind != protowire.BytesType {
			return malformed("data", "must be a string, bytes or a message")
		}
		r.Payload.Data = data.bytes
		if err = r.Payload.Check(); err != nil {
			return err
		}
	}
	return data.err
}

// readMetadata reads one entry; a map is a message for each (key = 1, value = 2).
func readMetadata(r *Request, w *wire) error {
	entry, err := w.nested(fieldMetadata)
	if err != nil {
		return err
	}
	var pair Pair
	for entry.next() {
		switch entry.number {
		case 1:
			pair.Key, err = entry.text(fieldMetadata)
		case 2:
			pair.Value, err = entry.text(fieldMetadata)
		}
		if err != nil {
			return err
		}
	}
	if entry.err != nil {
		return entry.err
	}
	return r.addMetadata(pair)
}

// checkAny reports whether data is a google.protobuf.Any. Clients get it as a part
// of a message of ours, which they could not read otherwise.
func checkAny(data []byte) error {
	w := wire{rest: data}
	good := true
	for good && w.next() {
		switch w.number {
		case 1: // type_url
			good = w.kind == protowire.BytesType && utf8.Valid(w.bytes)
		case 2: // value
			good = w.kind == protowire.BytesType
		}
	}
	if !good || w.err != nil {
		return malformed("data", "is no google.protobuf.Any")
	}
	return nil
}
