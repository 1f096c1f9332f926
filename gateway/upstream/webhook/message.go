package webhook

import (
	"net/http"
	"strconv"
	"time"
)

// message is one event as it is sent: the same each time if it is sent more than
// once, so that handlers can tell duplicates by ce-source and ce-id. Its header is
// made when it is sent: kept while it waits, that would be most of its memory.
type message struct {
	connection *Connection
	kind       Kind
	data       DataType
	name       string // of the event, without its family
	number     uint64
	at         time.Time
	metadata   http.Header
	body       []byte
	limit      int // of the answer's body, in bytes
}

// newMessage returns an event of a connection, whose next number it takes.
func newMessage(c *Connection, kind Kind, name string, data DataType, body []byte) *message {
	return &message{connection: c, kind: kind, data: data, name: name, number: c.number(), at: time.Now(), body: body}
}

// header returns what is sent with m but what the connection recalls.
func (m *message) header(c *Config, s *signer) http.Header {
	h := commonHeader(c.Origin)
	for key, values := range m.metadata {
		h[key] = values
	}
	hub, id := headerValue(c.Hub), headerValue(m.connection.ID)
	for _, field := range [...]struct{ key, value string }{
		{"ce-specversion", "1.0"},
		{"ce-type", kinds[m.kind].family + m.name},
		{"ce-source", "/hubs/" + hub + "/client/" + id},
		{"ce-id", strconv.FormatUint(m.number, 10)},
		{"ce-time", m.at.UTC().Format(time.RFC3339Nano)},
		{"ce-hub", hub},
		{"ce-connectionId", id},
		{"ce-eventName", m.name},
		{"ce-userId", headerValue(m.connection.UserID)},
		{"ce-subprotocol", headerValue(m.connection.Subprotocol)},
		{"ce-signature", s.signature(m.connection.ID)},
		{"Content-Type", contentTypes[m.data]},
	} {
		if field.value != "" {
			h.Set(field.key, field.value)
		}
	}
	return h
}

// commonHeader returns what every request to a handler has.
func commonHeader(origin string) http.Header {
	h := make(http.Header, 16)
	h.Set("WebHook-Request-Origin", origin)
	h.Set("ce-awpsversion", "1.0")
	h.Set("User-Agent", "sluice")
	return h
}
