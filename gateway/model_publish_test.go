package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing/synctest"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
)

// message makes the next message, and what the model keeps of it.
func (w *modelWorld) message(stream string, class *class) (*modelMessage, Publication) {
	w.lastMessage++
	size := w.IntN(200)
	switch w.IntN(20) {
	case 0:
		size = w.IntN(5000)
	case 1:
		size = w.IntN(2 * w.config.Limits.Outbound)
	}
	payload := fmt.Sprintf("%08d%s", w.lastMessage, strings.Repeat("abcdefgh ", size/9))
	p := Publication{Type: Text, Payload: []byte(payload)}
	if w.IntN(2) == 0 {
		p.Type = Binary
	}
	if w.IntN(3) > 0 {
		p.Key = fmt.Sprintf("key %d", w.IntN(3))
	}
	return &modelMessage{w.lastMessage, stream, class.name, class.delivery.Load().Policy, p.Key, codec.Encode(ws.OpText, p.Payload).Len()}, p
}

// choose leaves some of those whom a publication is for without it.
func (w *modelWorld) choose(p *Publication, targets []*modelClient) []*modelClient {
	switch w.IntN(6) {
	case 0:
		for range 1 + w.IntN(3) {
			out := w.anyone()
			p.Except = append(p.Except, out.session)
			targets = slices.DeleteFunc(targets, func(c *modelClient) bool { return c == out })
		}
	case 1:
		user := w.user()
		p.Filter = func(r *Recipient) bool { return r.User() == user }
		targets = slices.DeleteFunc(targets, func(c *modelClient) bool { return c.user != user })
	case 2:
		p.Filter = func(r *Recipient) bool { return r.Metadata("parity") == "odd" }
		targets = slices.DeleteFunc(targets, func(c *modelClient) bool { return c.number%2 == 0 })
	}
	return targets
}

// served returns the clients that fit and are sent messages, those among them
// that are doomed and may miss them.
func (w *modelWorld) served(fits func(*modelClient) bool) []*modelClient {
	var found []*modelClient
	for _, c := range w.clients {
		if c.life != closing4000 && !c.ended && fits(c) {
			found = append(found, c)
		}
	}
	return found
}

func (w *modelWorld) publishToGroup(name string) {
	g := w.hub.Group(name)
	m, p := w.message(name, w.hub.classOf(name))
	targets := w.choose(&p, w.served(func(c *modelClient) bool { return c.groups[name] }))
	w.publish(m, p, targets, g.Publish, g.Deliver)
}

func (w *modelWorld) publishToHub() {
	m, p := w.message("the hub", w.hub.class)
	targets := w.choose(&p, w.served(func(*modelClient) bool { return true }))
	w.publish(m, p, targets, w.hub.Publish, w.hub.Deliver)
}

func (w *modelWorld) publishToUser(id string) {
	u := w.hub.User(id)
	m, p := w.message("the session", w.hub.class)
	targets := w.choose(&p, w.served(func(c *modelClient) bool { return c.user == id }))
	w.publish(m, p, targets, u.Publish, u.Deliver)
}

func (w *modelWorld) sendTo(c *modelClient) {
	m, p := w.message("the session", w.hub.class)
	targets := w.served(func(other *modelClient) bool { return other == c })
	if w.IntN(2) == 0 {
		targets = w.choose(&p, targets)
		w.publish(m, p, targets, c.session.Publish, c.session.Deliver)
		return
	}
	m.key = ""
	w.owe(m, targets)
	if w.IntN(2) == 0 {
		w.fine(c.session.Send(p.Type, p.Payload))
	} else {
		w.fine(c.session.SendFrame(codec.Encode(ws.OpCode(p.Type), p.Payload)))
	}
}

// publish publishes p in one of the two ways.
func (w *modelWorld) publish(m *modelMessage, p Publication, targets []*modelClient, publish func(Publication) error, deliver func(context.Context, Publication) (Reach, error)) {
	w.owe(m, targets)
	if w.IntN(4) > 0 {
		w.fine(publish(p))
		return
	}
	d := &modelDelivery{targets: targets}
	w.deliveries = append(w.deliveries, d)
	go func() {
		d.reach, d.err = deliver(w.ctx, p)
		d.done = true
	}()
	synctest.Wait() // it has published, and waits
}

// owe notes that m is on its way to sessions.
func (w *modelWorld) owe(m *modelMessage, to []*modelClient) {
	w.note("message %+v to %v", *m, to)
	limits := &w.config.Limits
	for _, c := range to {
		c.at[m.id] = len(c.owed)
		c.owed = append(c.owed, owed{modelMessage: m})
		c.unread += m.size
		c.unreadCount++
		// A pong or two may be in the queue as well.
		c.overdue = c.unread+c.pongs > limits.Outbound || c.unreadCount > limits.OutboundMessages
		c.overloaded = c.overloaded || c.overdue
		c.queueing = c.queueing || c.unread+c.pongs > w.sendBuffer
		for i := range c.owed {
			if o := &c.owed[i]; !o.received {
				o.mayDrop = o.mayDrop || c.overdue
				o.mayConflate = o.mayConflate || c.queueing
			}
		}
	}
}

// check holds what a delivery has reported against those it was for.
func (d *modelDelivery) check(w *modelWorld) {
	if !d.done || d.err != nil {
		w.t.Fatalf("deed %d: a delivery to %d sessions: done: %v, error: %v", w.deeds, len(d.targets), d.done, d.err)
	}
	sum := d.reach.Sent + d.reach.Dropped + d.reach.Closed
	lost := 0
	for _, c := range d.targets {
		if c.life == doomed {
			lost++
		}
	}
	if sum > len(d.targets) || sum < len(d.targets)-lost {
		w.t.Errorf("deed %d: a delivery reached %+v of %d sessions, of which %d were ending", w.deeds, d.reach, len(d.targets), lost)
	}
}
