package pubsub

import (
	"net/url"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

// simpleEvent is the name of the event that a simple client's message is.
const simpleEvent = "message"

// route is where a simple client's messages go.
type route struct {
	group  string
	noEcho bool
}

// routeOf reads the query of a simple client. It returns nil for one that sends
// events.
func routeOf(query url.Values) (*route, error) {
	switch mode := query.Get("webpubsub_mode"); mode {
	case "", "sendEvent":
		return nil, nil
	case "sendToGroup":
		group := query.Get("group")
		return &route{group, query.Get("noEcho") == "true"}, subprotocol.CheckGroup([]byte(group))
	default:
		return nil, &subprotocol.Error{Field: "webpubsub_mode", Text: "must be sendEvent or sendToGroup"}
	}
}

// takeSimple does what a message without an envelope stands for.
func (c *client) takeSimple(s gateway.Session, m gateway.Message, t gateway.Turn) {
	payload := subprotocol.Payload{Type: subprotocol.Text, Data: m.Payload}
	if m.Type == gateway.Binary {
		payload.Type = subprotocol.Binary
	}
	if c.route == nil {
		c.ask(s, eventOf(&subprotocol.Request{Event: []byte(simpleEvent), Payload: payload}), t)
		return
	}
	if !c.allows(subprotocol.SendToGroup, c.route.group) {
		c.end(s, ws.StatusPolicyViolation, "the client has no permission to send to group "+c.route.group)
		return
	}
	c.publish(s, &subprotocol.Message{Group: c.route.group, User: c.user, Payload: payload}, 0, c.route.noEcho)
}

// allows reports whether the client has a permission in a group.
func (c *client) allows(p subprotocol.Permission, group string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.permissions.Allow(p, []byte(group))
}
