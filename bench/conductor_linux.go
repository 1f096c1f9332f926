package bench

import (
	"time"
)

// conductor is the traffic of the first loop: of the publishers, which are its
// first connections, one for each room, and of the members behind them. Loop
// only, until the loop has ended.
type conductor struct {
	*audience

	// Fixed after newConductor.
	out    *echoes   // of the publishers: what they send, message by message
	post   *postroom // which publishes in their place; nil: they do
	quick  []uint32  // how many members of each room keep reading
	closed bool      // a closed loop, with as many messages on their way as window; otherwise bursts are due
	window uint64
	bursts bursts

	// Loop only.
	begun bool
	ended bool
	since int64  // when it began, on the loop's clock
	due   uint64 // messages that were due at the last look at the clock
	// Of a closed loop.
	oldest uint64 // the first message that some members miss
	moved  int64  // when that last changed
	// late counts messages that left late, of those that figures are taken of.
	late uint64
}

// patience is how long a closed loop waits for a message to be complete, before
// it goes on without.
const patience = time.Second

var (
	_ scheduled = (*conductor)(nil)
	_ starter   = (*conductor)(nil)
	_ mixed     = (*conductor)(nil)
)

var errOwn = failure{StageVerify, "message came back to its publisher"}

func newConductor(r Rooms, a *audience) *conductor {
	quick, _ := a.seating.divide()
	c := &conductor{
		audience: a,
		out:      newEchoes(Echo{Size: r.Size, Text: r.Text, InFlight: 1}, a.payloads, a.payloads, 0, r.Rooms),
		quick:    quick,
		closed:   r.PerSecond == 0,
		window:   uint64(r.InFlight),
		bursts:   r.bursts(),
	}
	c.out.starter = c
	return c
}

// begin has messages published from now on.
func (c *conductor) begin(l *loop) {
	c.begun, c.since, c.moved = true, l.clock(), l.clock()
}

// measure has figures taken of the messages that are due from now on.
func (c *conductor) measure(l *loop) {
	c.advance(l)
	c.board.from.Store(c.due)
}

// stop has no more messages published than are due already.
func (c *conductor) stop(l *loop) {
	c.advance(l)
	c.ended = true
}

// dueAt returns how many messages are due at a moment of the loop's clock.
func (c *conductor) dueAt(now int64) uint64 {
	switch {
	case c.ended:
		return c.due
	case c.closed:
		return c.oldest + c.window
	}
	return c.bursts.due(time.Duration(now - c.since))
}

// wait is that of [scheduled].
func (c *conductor) wait(now int64) time.Duration {
	switch {
	case !c.begun || c.ended:
		return forever
	case c.closed:
		return max(0, patience-time.Duration(now-c.moved))
	}
	return c.bursts.wait(time.Duration(now-c.since), c.due)
}

// advance publishes what has become due.
func (c *conductor) advance(l *loop) {
	if !c.begun || c.ended {
		return
	}
	if c.closed {
		c.moveOn(l.now)
	}
	before := c.due
	c.due = c.dueAt(l.now)
	if c.post != nil {
		c.handOver(l, before)
		return
	}
	// A publisher writes all that is due in its room at once.
	rooms := uint64(len(c.quick))
	for n := before; n < min(c.due, before+rooms); n++ {
		publisher := &l.conns[n%rooms]
		if publisher.state != stateOpen {
			continue
		}
		if err := l.flush(publisher); err != nil {
			l.end(publisher, err)
		}
	}
}

// handOver has the messages published over HTTP that have become due since
// number from was.
func (c *conductor) handOver(l *loop, from uint64) {
	for n := from; n < c.due; n++ {
		room, sequence := uint32(n%uint64(len(c.quick))), uint32(n/uint64(len(c.quick)))
		due := c.announce(l, n)
		sending := letter{room: room, sequence: sequence}
		if !c.closed && n >= c.board.from.Load() {
			sending.due = l.epoch.Add(time.Duration(due))
		}
		c.post.hand(sending)
	}
}

// moveOn passes over the messages that are complete, and over one for which
// nobody has the patience to wait.
func (c *conductor) moveOn(now int64) {
	if now-c.moved >= int64(patience) && c.oldest < c.due {
		c.oldest++
		c.moved = now
	}
	for c.oldest < c.due && c.board.complete(c.oldest) {
		c.oldest++
		c.moved = now
	}
}

// start begins the messages of a publisher that are due.
func (c *conductor) start(l *loop, slot uint32, s echoState) bool {
	if s.sent >= portion(c.due, slot, len(c.quick)) {
		return false
	}
	c.announce(l, c.number(slot, s.sent))
	return true
}

// announce puts a message on the scoreboard, and returns when it is due.
func (c *conductor) announce(l *loop, message uint64) (due int64) {
	due = l.now
	if !c.closed {
		due = c.since + int64(c.bursts.at(message))
	}
	c.board.publish(message, due+c.ahead, c.quick[message%uint64(len(c.quick))])
	return due
}

func (c *conductor) number(slot, sequence uint32) uint64 {
	return uint64(sequence)*uint64(len(c.quick)) + uint64(slot)
}

// write sends what is due, and counts what leaves late.
func (c *conductor) write(l *loop, conn *conn) error {
	if !c.publishes(conn.slot) || c.post != nil {
		return nil
	}
	s := &c.out.states[conn.slot]
	before := s.sent
	err := c.out.write(l, conn)
	for sequence := before; !c.closed && sequence < s.sent; sequence++ {
		message := c.number(conn.slot, sequence)
		left := time.Duration(l.now-c.since) - c.bursts.at(message)
		l.meter.left(left > lateAfter)
		if left > lateAfter && message >= c.board.from.Load() {
			c.late++
		}
	}
	return err
}

// data checks a piece of a message. A publisher gets none, unless another
// publishes in its place.
func (c *conductor) data(l *loop, conn *conn, p piece) error {
	switch {
	case !c.publishes(conn.slot):
		return c.audience.data(l, conn, p)
	case c.post != nil:
		return nil
	}
	return errOwn
}

// busy reports whether a publisher has messages to send.
func (c *conductor) busy(conn *conn) bool {
	if !c.publishes(conn.slot) || c.post != nil {
		return false
	}
	s := &c.out.states[conn.slot]
	return s.written > 0 || s.sent < portion(c.due, conn.slot, len(c.quick))
}

func (c *conductor) publishes(slot uint32) bool { return int(slot) < len(c.quick) }
