package bench

import "time"

// arrivals is the traffic of an open loop: echoes whose messages begin as a
// schedule says. Loop only, until the loop has ended.
type arrivals struct {
	*echoes

	// Loop only.
	schedule schedule
	since    int64  // when the schedule began, on the loop's clock
	due      uint64 // messages that were due at the last look at the clock
	begun    bool

	// Loop only. The figures.
	spans []span
	cpu   time.Duration // of the thread, since the schedule began
	took  time.Duration
}

// span is what came of the messages that were due in one part of the schedule.
type span struct {
	echoed    uint64
	late      uint64
	latencies latencies
}

// newArrivals returns the share that connections from number first on have of
// the load r, through spans of these lengths.
func newArrivals(r Rate, p *payloads, first uint32, connections int, lengths []time.Duration) *arrivals {
	share := float64(connections) / float64(r.Connections)
	a := &arrivals{
		echoes:   newEchoes(Echo{Size: r.Size, Text: r.Text, InFlight: 1}, p, p, first, connections),
		schedule: newSchedule(pace(r.PerSecond*share), connections, lengths),
	}
	a.starter = a
	for range lengths {
		a.spans = append(a.spans, span{latencies: newLatencies()})
	}
	return a
}

var (
	_ scheduled = (*arrivals)(nil)
	_ starter   = (*arrivals)(nil)
)

// begin starts the schedule now.
func (a *arrivals) begin(l *loop) {
	a.begun, a.since, a.cpu = true, l.clock(), threadTime()
}

// stop ends the schedule. What is due already is still sent.
func (a *arrivals) stop(l *loop) {
	if a.begun {
		a.advance(l)
		a.cpu = threadTime() - a.cpu
		a.took = time.Duration(l.now - a.since)
	}
	a.schedule.cut(a.due)
}

// wait is that of [scheduled].
func (a *arrivals) wait(now int64) time.Duration {
	if !a.begun || a.due == a.schedule.total() {
		return forever
	}
	return a.schedule.pace.wait(time.Duration(now-a.since), int(a.due))
}

// advance sends the messages that have become due.
func (a *arrivals) advance(l *loop) {
	if !a.begun {
		return
	}
	before := a.due
	a.due = a.schedule.due(time.Duration(l.now - a.since))
	// A loop that was held up has several messages due on each connection, and
	// writes them at once.
	connections := uint64(len(l.conns))
	for n := before; n < min(a.due, before+connections); n++ {
		c := &l.conns[n%connections]
		if c.state != stateOpen {
			continue
		}
		if err := l.flush(c); err != nil {
			l.end(c, err)
		}
	}
}

// start begins messages that are due.
func (a *arrivals) start(_ *loop, slot uint32, s echoState) bool {
	return s.sent < a.schedule.portion(a.due, slot)
}

// write sends what is due, and counts what leaves late.
func (a *arrivals) write(l *loop, c *conn) error {
	s := &a.states[c.slot]
	before := s.sent
	err := a.echoes.write(l, c)
	for sequence := before; sequence < s.sent; sequence++ {
		span, wait := a.overdue(l, c.slot, sequence)
		if wait > lateAfter {
			span.late++
		}
		l.meter.left(wait > lateAfter)
	}
	return err
}

// data verifies a piece of an echo, and takes its latency if it is the last.
func (a *arrivals) data(l *loop, c *conn, p piece) error {
	s := &a.states[c.slot]
	sequence := s.echoed
	err := a.echoes.data(l, c, p)
	if s.echoed > sequence {
		span, wait := a.overdue(l, c.slot, sequence)
		span.echoed++
		span.latencies.record(wait)
		l.meter.message(wait)
	}
	return err
}

// overdue returns the span of a message and how long ago it was due.
func (a *arrivals) overdue(l *loop, slot, sequence uint32) (*span, time.Duration) {
	number := a.schedule.number(slot, sequence)
	due := a.since + int64(a.schedule.pace.at(int(number)))
	return &a.spans[a.schedule.span(number)], time.Duration(l.now - due)
}

// busy reports whether c has a message to send or to get back.
func (a *arrivals) busy(c *conn) bool {
	return a.states[c.slot].echoed < a.schedule.portion(a.due, c.slot)
}
