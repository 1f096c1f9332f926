package pubsub

import (
	"net/url"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

// simpleEvent is the name of the event that a simple client's message is.
const simpleEvent = "message"

// publisher is a simple client whose messages go to a group.
type publisher struct {
	*client

	// Fixed.
	group  string
	noEcho bool
}

var _ gateway.Taker = (*publisher)(nil)

// simpleHandler returns the handler of a simple client with that query: the client
// itself if it sends events.
func simpleHandler(c *client, query url.Values) (gateway.Handler, error) {
	switch mode := query.Get("webpubsub_mode"); mode {
	case "", "sendEvent":
		return c, nil
	case "sendToGroup":
		group := query.Get("group")
		return &publisher{c, group, query.Get("noEcho") == "true"}, subprotocol.CheckGroup([]byte(group))
	default:
		return nil, &subprotocol.Error{Field: "webpubsub_mode", Text: "must be sendEvent or sendToGroup"}
	}
}

// Take sends a message to the publisher's group.
func (p *publisher) Take(s gateway.Session, m gateway.Message, _ gateway.Turn) {
	if !p.allows(subprotocol.SendToGroup, p.group) {
		p.end(s, ws.StatusPolicyViolation, "the client has no permission to send to group "+p.group)
		return
	}
	p.publish(s, &subprotocol.Message{Group: p.group, User: p.user, Payload: payloadOf(m)}, 0, p.noEcho)
}

// takeSimple makes an event of a message without an envelope.
func (c *client) takeSimple(s gateway.Session, m gateway.Message, t gateway.Turn) {
	c.ask(s, eventOf(&subprotocol.Request{Event: []byte(simpleEvent), Payload: payloadOf(m)}), t)
}

// payloadOf returns the payload of a message without an envelope, which it borrows.
func payloadOf(m gateway.Message) subprotocol.Payload {
	if m.Type == gateway.Binary {
		return subprotocol.Payload{Type: subprotocol.Binary, Data: m.Payload}
	}
	return subprotocol.Payload{Type: subprotocol.Text, Data: m.Payload}
}

// allows reports whether the client has a permission in a group.
func (c *client) allows(p subprotocol.Permission, group string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.permissions.Allow(p, []byte(group))
}
