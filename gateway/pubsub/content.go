package pubsub

import (
	"bytes"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

// Forms of what is published. Simple clients have form 0.
const (
	formJSON gateway.Form = 1 + iota
	formProtobuf
	// formReliable is that of reliable clients, who are sent everything by the
	// service. In it there is no message.
	formReliable
)

// formOf returns the form of a protocol's sessions.
func formOf(p subprotocol.Protocol) gateway.Form {
	switch {
	case p.Reliable:
		return formReliable
	case p.Encoding == subprotocol.JSON:
		return formJSON
	case p.Encoding == subprotocol.Protobuf:
		return formProtobuf
	}
	return 0
}

// content is a message for any number of clients.
type content struct{ message subprotocol.Message }

var _ gateway.Content = (*content)(nil)

// contentOf returns a content that holds no bytes of anybody else's.
func contentOf(m *subprotocol.Message) *content {
	c := &content{*m}
	c.message.Payload.Data = bytes.Clone(m.Payload.Data)
	c.message.Metadata = nil
	for _, pair := range m.Metadata {
		c.message.Metadata = append(c.message.Metadata, subprotocol.Pair{Key: bytes.Clone(pair.Key), Value: bytes.Clone(pair.Value)})
	}
	return c
}

// Append appends the message in a form.
func (c *content) Append(dst []byte, form gateway.Form) ([]byte, gateway.MessageType) {
	switch form {
	case formJSON:
		return c.message.Append(dst, subprotocol.JSON), gateway.Text
	case formProtobuf:
		return c.message.Append(dst, subprotocol.Protobuf), gateway.Binary
	}
	return dst, 0
}

// publication returns the message as the gateway takes it.
func (c *content) publication() gateway.Publication {
	payload := c.message.Payload
	return gateway.Publication{Type: messageType(subprotocol.Simple, payload.Type), Payload: payload.Data, Content: c}
}

// messageType is the type of a message in an encoding, with such data.
func messageType(e subprotocol.Encoding, data subprotocol.DataType) gateway.MessageType {
	return gateway.MessageType(e.OpCode(data))
}

// shared is a message for reliable clients: made once for each encoding, and never
// changed.
type shared struct {
	message *subprotocol.Message
	expires time.Duration // on the service's clock; 0: never
	made    [subprotocol.Protobuf + 1][]byte
}

func (s *shared) in(e subprotocol.Encoding) []byte {
	if s.made[e] == nil {
		s.made[e] = s.message.Append(nil, e)
	}
	return s.made[e]
}
