package gateway

import "strings"

// class is a way in which messages are delivered, and the counts of it.
type class struct {
	// Fixed.
	number   uint16
	hub      string // empty: of sends on routes that are no hub's
	name     string
	prefix   string
	delivery Delivery
}

// hubClass is the name of the class of what is sent to a hub's sessions other
// than through a group of a class of its own.
const hubClass = "hub"

// addClass makes a class of the gateway.
func (g *Gateway) addClass(hub, name, prefix string, d Delivery) *class {
	c := &class{number: uint16(len(g.classes)), hub: hub, name: name, prefix: prefix, delivery: d.WithDefaults()}
	g.classes = append(g.classes, c)
	return c
}

// classOf returns the class of a group.
func (h *Hub) classOf(group string) *class {
	found := h.class
	for _, c := range h.groupClasses {
		if strings.HasPrefix(group, c.prefix) && (found == h.class || len(c.prefix) > len(found.prefix)) {
			found = c
		}
	}
	return found
}
