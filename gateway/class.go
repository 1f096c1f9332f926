package gateway

import (
	"strings"
	"sync/atomic"
)

// class is a way in which messages are delivered, and the counts of it.
type class struct {
	// Fixed.
	number uint16
	hub    string // empty: of sends on routes that are no hub's
	name   string
	prefix string

	// Atomic.
	delivery atomic.Pointer[Delivery]
}

// hubClass is the name of the class of what is sent to a hub's sessions other
// than through a group of a class of its own.
const hubClass = "hub"

// addClass makes a class of the gateway.
func (g *Gateway) addClass(hub, name, prefix string, d Delivery) *class {
	c := &class{number: uint16(len(g.classes)), hub: hub, name: name, prefix: prefix}
	c.deliverBy(d)
	g.classes = append(g.classes, c)
	return c
}

// deliverBy has messages that are not under way yet delivered as d says.
func (c *class) deliverBy(d Delivery) {
	d = d.WithDefaults()
	c.delivery.Store(&d)
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
