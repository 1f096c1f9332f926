package subprotocol

import (
	"encoding/base64"
	"strconv"
)

func (m *Message) appendJSON(dst []byte) []byte {
	if m.Group == "" {
		dst = append(dst, `{"type":"message","from":"server"`...)
	} else {
		dst = append(dst, `{"type":"message","from":"group","group":`...)
		dst = appendQuoted(dst, []byte(m.Group))
	}
	if m.User != "" {
		dst = append(dst, `,"fromUserId":`...)
		dst = appendQuoted(dst, []byte(m.User))
	}
	dst = appendTyped(dst, m.Payload)
	dst = appendMetadata(dst, m.Metadata)
	return append(dst, '}')
}

// appendTyped appends the members that carry a payload.
func appendTyped(dst []byte, p Payload) []byte {
	dst = append(dst, `,"dataType":"`...)
	dst = append(dst, p.Type.String()...)
	return p.appendJSON(append(dst, `","data":`...))
}

func (p Payload) appendJSON(dst []byte) []byte {
	switch p.Type {
	case JSONData:
		return appendUTF8(dst, p.Data)
	case Text:
		return appendQuoted(dst, p.Data)
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, p.Data)
	return append(dst, '"')
}

func appendMetadata(dst []byte, metadata []Pair) []byte {
	for i := range metadata {
		if i == 0 {
			dst = append(dst, `,"metadata":{`...)
		} else {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, metadata[i].Key)
		dst = append(dst, ':')
		dst = appendQuoted(dst, metadata[i].Value)
	}
	if len(metadata) > 0 {
		dst = append(dst, '}')
	}
	return dst
}

// stampJSON puts the sequence id before the other members, so that all of these
// are one piece.
func stampJSON(dst, shared []byte, sequence uint64) []byte {
	dst = append(dst, `{"sequenceId":`...)
	dst = strconv.AppendUint(dst, sequence, 10)
	dst = append(dst, ',')
	return append(dst, shared[len("{"):]...)
}

func (a Ack) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"type":"ack","ackId":`...)
	dst = strconv.AppendUint(dst, a.ID, 10)
	if a.Result == AckSuccess {
		return append(dst, `,"success":true}`...)
	}
	return appendFault(append(dst, `,"success":false`...), a.Result, a.Text)
}

// appendFault appends what was wrong, and ends the frame.
func appendFault(dst []byte, result AckResult, text string) []byte {
	dst = append(dst, `,"error":{"name":"`...)
	dst = append(dst, result.String()...)
	dst = append(dst, `","message":`...)
	dst = appendQuoted(dst, []byte(text))
	return append(dst, `}}`...)
}

func (i InvokeResponse) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"type":"invokeResponse","invocationId":`...)
	dst = appendQuoted(dst, []byte(i.Invocation))
	if i.Result != AckSuccess {
		return appendFault(append(dst, `,"success":false`...), i.Result, i.Text)
	}
	dst = append(dst, `,"success":true`...)
	if len(i.Payload.Data) > 0 {
		dst = appendTyped(dst, i.Payload)
	}
	return append(dst, '}')
}

func (s StreamClosed) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"type":"streamClosed","streamId":`...)
	dst = appendQuoted(dst, []byte(s.Stream))
	return appendFault(dst, s.Result, s.Text)
}

func (c Connected) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"type":"system","event":"connected"`...)
	if c.User != "" {
		dst = append(dst, `,"userId":`...)
		dst = appendQuoted(dst, []byte(c.User))
	}
	dst = append(dst, `,"connectionId":`...)
	dst = appendQuoted(dst, []byte(c.Connection))
	if c.Token != "" {
		dst = append(dst, `,"reconnectionToken":`...)
		dst = appendQuoted(dst, []byte(c.Token))
	}
	return append(dst, '}')
}

func (Pong) appendJSON(dst []byte) []byte { return append(dst, `{"type":"pong"}`...) }

func (d Disconnected) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"type":"system","event":"disconnected","message":`...)
	dst = appendQuoted(dst, []byte(d.Reason))
	return append(dst, '}')
}
