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
	dst = append(dst, `,"dataType":"`...)
	dst = append(dst, m.Payload.Type.String()...)
	dst = append(dst, `","data":`...)
	dst = m.Payload.appendJSON(dst)
	dst = appendMetadata(dst, m.Metadata)
	return append(dst, '}')
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
	dst = append(dst, `,"success":false,"error":{"name":"`...)
	dst = append(dst, a.Result.String()...)
	dst = append(dst, `","message":`...)
	dst = appendQuoted(dst, []byte(a.Text))
	return append(dst, `}}`...)
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
