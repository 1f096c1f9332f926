package subprotocol

import (
	"bytes"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of DownstreamMessage, one of which a frame has.
const (
	downAck          protowire.Number = 1
	downData         protowire.Number = 2
	downSystem       protowire.Number = 3
	downPong         protowire.Number = 4
	downStreamClosed protowire.Number = 8
)

// dataSequence is the field of Data that differs from session to session.
const dataSequence protowire.Number = 4

func (m *Message) appendProtobuf(dst []byte) []byte {
	dst, data := begin(dst, downData)
	if m.Group == "" {
		dst = appendString(dst, 1, []byte("server"))
	} else {
		dst = appendString(dst, 1, []byte("group"))
		dst = appendString(dst, 2, []byte(m.Group))
	}
	dst, payload := begin(dst, 3)
	dst = m.Payload.appendProtobuf(dst)
	dst = end(dst, payload)
	for i := range m.Metadata {
		var entry int
		dst, entry = begin(dst, 5)
		dst = appendString(dst, 1, m.Metadata[i].Key)
		dst = appendString(dst, 2, m.Metadata[i].Value)
		dst = end(dst, entry)
	}
	return end(dst, data)
}

func (p Payload) appendProtobuf(dst []byte) []byte {
	switch p.Type {
	case JSONData:
		return appendString(dst, dataJSON, p.Data)
	case Text:
		return appendString(dst, dataText, p.Data)
	case ProtobufAny:
		dst = protowire.AppendTag(dst, dataProtobuf, protowire.BytesType)
	default:
		dst = protowire.AppendTag(dst, dataBinary, protowire.BytesType)
	}
	return protowire.AppendBytes(dst, p.Data)
}

// stampProtobuf puts the sequence id before the other fields of Data, and so makes
// its length another. Appending a second Data would do by the specification, which
// merges the two, but not every library does.
func stampProtobuf(dst, shared []byte, sequence uint64) []byte {
	_, _, tag := protowire.ConsumeTag(shared)
	data, _ := protowire.ConsumeBytes(shared[tag:])
	stamp := protowire.SizeTag(dataSequence) + protowire.SizeVarint(sequence)
	dst = protowire.AppendTag(dst, downData, protowire.BytesType)
	dst = protowire.AppendVarint(dst, uint64(stamp+len(data)))
	dst = appendInteger(dst, dataSequence, sequence)
	return append(dst, data...)
}

func (a Ack) appendProtobuf(dst []byte) []byte {
	dst, ack := begin(dst, downAck)
	dst = appendInteger(dst, 1, a.ID)
	if a.Result == AckSuccess {
		dst = appendInteger(dst, 2, 1)
		return end(dst, ack)
	}
	dst = appendInteger(dst, 2, 0)
	return end(appendFaultField(dst, 3, a.Result, a.Text), ack)
}

func appendFaultField(dst []byte, number protowire.Number, result AckResult, text string) []byte {
	dst, fault := begin(dst, number)
	dst = appendString(dst, 1, []byte(result.String()))
	dst = appendString(dst, 2, []byte(text))
	return end(dst, fault)
}

// The protobuf subprotocols have no invocations.
func (InvokeResponse) appendProtobuf(dst []byte) []byte { return dst }

func (s StreamClosed) appendProtobuf(dst []byte) []byte {
	dst, closed := begin(dst, downStreamClosed)
	dst = appendString(dst, 1, []byte(s.Stream))
	return end(appendFaultField(dst, 2, s.Result, s.Text), closed)
}

func (c Connected) appendProtobuf(dst []byte) []byte {
	dst, system := begin(dst, downSystem)
	dst, connected := begin(dst, 1)
	dst = appendString(dst, 1, []byte(c.Connection))
	if c.User != "" {
		dst = appendString(dst, 2, []byte(c.User))
	}
	if c.Token != "" {
		dst = appendString(dst, 3, []byte(c.Token))
	}
	return end(end(dst, connected), system)
}

func (d Disconnected) appendProtobuf(dst []byte) []byte {
	dst, system := begin(dst, downSystem)
	dst, disconnected := begin(dst, 2)
	dst = appendString(dst, 2, []byte(d.Reason))
	return end(end(dst, disconnected), system)
}

func (Pong) appendProtobuf(dst []byte) []byte {
	dst, pong := begin(dst, downPong)
	return end(dst, pong)
}

func appendInteger(dst []byte, number protowire.Number, n uint64) []byte {
	dst = protowire.AppendTag(dst, number, protowire.VarintType)
	return protowire.AppendVarint(dst, n)
}

// appendString appends a string field, with U+FFFD for what is not UTF-8: readers
// refuse a whole message for it.
func appendString(dst []byte, number protowire.Number, text []byte) []byte {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	dst = protowire.AppendTag(dst, number, protowire.BytesType)
	return protowire.AppendBytes(dst, text)
}

// begin opens a nested message, and end closes it, writing its length into the
// place that was left. One byte is left; longer ones are made room for.
func begin(dst []byte, number protowire.Number) (_ []byte, inside int) {
	dst = append(protowire.AppendTag(dst, number, protowire.BytesType), 0)
	return dst, len(dst)
}

func end(dst []byte, inside int) []byte {
	length := len(dst) - inside
	var room [9]byte
	more := protowire.SizeVarint(uint64(length)) - 1
	dst = append(dst, room[:more]...)
	copy(dst[inside+more:], dst[inside:inside+length])
	protowire.AppendVarint(dst[:inside-1], uint64(length))
	return dst
}
