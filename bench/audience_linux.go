package bench

import (
	"time"

	"github.com/gobwas/ws"
)

// audience is the traffic of the members of rooms on one loop: they receive what
// is published, check it and say so on the scoreboard. Loop only, until the loop
// has ended.
type audience struct {
	// Fixed after newAudience.
	payloads *payloads
	op       ws.OpCode
	seating  *seating
	targets  []*Target // by room
	board    *scoreboard
	first    uint32 // number of the connection in slot 0

	// Fixed once it listens.
	ahead int64  // of the loop's clock, that of the scoreboard
	wake  func() // tells the conductor that a message is complete; nil: it need not know

	// Loop only.
	members  []member               // by slot; those of publishers are not used
	stamps   map[uint32]*[]byte     // by slot, of messages cut in their stamp
	slow     map[uint32]*SlowMember // by slot; Missed is not known here
	lastRead struct {               // in which the last message came
		slot uint32
		at   int64
	}

	// Loop only. The figures.
	counts audienceCounts
	since  audienceCounts // counts when measuring began
	took   time.Duration  // measuring
	cpu    time.Duration  // of the thread, meanwhile
	// Of the messages that were due while measuring.
	latencies latencies
	lasts     latencies // until the last member had the message
	unslow    uint64    // what members received that keep reading
	gaps      uint64    // in what members received that stopped reading
	endings   failures  // of members that stopped reading
}

// member is what is kept of one. 20 bytes.
type member struct {
	room     uint32
	next     uint32 // sequence number of the next message in order
	sequence uint32 // of the message under way
	seen     uint32 // payload bytes of it
	slow     bool
}

// audienceCounts only grow.
type audienceCounts struct {
	received     uint64 // in order, by members that keep reading
	slowReceived uint64 // in order, by members that stop
	outOfOrder   uint64
	reads        uint64 // that brought such messages to members that keep reading
}

var _ mixed = (*audience)(nil)

func newAudience(r Rooms, p *payloads, s *seating, targets []*Target, b *scoreboard, first uint32, connections int) *audience {
	op := ws.OpBinary
	if r.Text {
		op = ws.OpText
	}
	a := &audience{
		payloads:  p,
		op:        op,
		seating:   s,
		targets:   targets,
		board:     b,
		first:     first,
		members:   make([]member, connections),
		stamps:    make(map[uint32]*[]byte),
		slow:      make(map[uint32]*SlowMember),
		latencies: newLatencies(),
		lasts:     newLatencies(),
		endings:   failures{},
	}
	for slot := range a.members {
		number := first + uint32(slot)
		a.members[slot].room, a.members[slot].slow = s.roomOf(number), s.isSlow(number)
	}
	return a
}

// listen begins the run: those that are to stop reading do. Times on the
// scoreboard count from epoch.
func (a *audience) listen(l *loop, epoch time.Time, wake func()) {
	a.ahead, a.wake = int64(l.epoch.Sub(epoch)), wake
	for slot := range a.members {
		if a.members[slot].slow {
			l.conns[slot].deaf = true
			a.slow[uint32(slot)] = &SlowMember{Address: localAddress(l.conns[slot].fd)}
		}
	}
}

// hear has those read on that have stopped.
func (a *audience) hear(l *loop) {
	for slot := range l.conns {
		l.hear(&l.conns[slot])
	}
}

func (a *audience) measure(l *loop) {
	a.since = a.counts
	a.took, a.cpu = time.Duration(l.clock()), threadTime()
}

func (a *audience) stop(l *loop) {
	a.took, a.cpu = time.Duration(l.clock())-a.took, threadTime()-a.cpu
	a.since = audienceCounts{
		received: a.counts.received - a.since.received,
		reads:    a.counts.reads - a.since.reads,
	}
}

func (a *audience) target(slot uint32) *Target { return a.targets[a.members[slot].room] }

func (a *audience) stopsReading(slot uint32) bool { return a.members[slot].slow }

func (a *audience) lost(slot uint32, err error) (accepted bool) {
	if a.members[slot].slow {
		a.endings.add(failed(StageDisconnect, err), 1)
	}
	return a.members[slot].slow
}

func (a *audience) write(*loop, *conn) error { return nil }

func (a *audience) busy(*conn) bool { return false }

// data checks a piece of a message.
func (a *audience) data(l *loop, c *conn, p piece) error {
	m := &a.members[c.slot]
	if p.op != a.op {
		return errOtherKind
	}
	rest, err := a.readStamp(m, c.slot, p.payload)
	if err != nil {
		return err
	}
	if err := a.payloads.verify(rest, m.room, m.sequence, int(m.seen)); err != nil {
		return err
	}
	m.seen += uint32(len(rest))
	if !p.end {
		return nil
	}
	if int(m.seen) < a.payloads.size {
		return errTooShort
	}
	m.seen = 0
	a.arrived(l, c.slot, m)
	return nil
}

// readStamp takes the stamp, as far as it is missing, off the beginning of b,
// and returns the rest.
func (a *audience) readStamp(m *member, slot uint32, b []byte) (rest []byte, err error) {
	if m.seen >= stampSize {
		return b, nil
	}
	n := min(len(b), stampSize-int(m.seen))
	stamp := b[:n]
	if n < stampSize { // it is cut
		kept := a.stamps[slot]
		if kept == nil {
			kept = new([]byte)
			a.stamps[slot] = kept
		}
		*kept = append(*kept, stamp...)
		stamp = *kept
	}
	m.seen += uint32(n)
	if m.seen < stampSize {
		return nil, nil
	}
	delete(a.stamps, slot)
	sequence, ok := sequenceIn(stamp)
	if !ok {
		return nil, errBytes
	}
	m.sequence = sequence
	return b[n:], a.payloads.verify(stamp, m.room, sequence, 0)
}

// arrived counts a message that a member has.
func (a *audience) arrived(l *loop, slot uint32, m *member) {
	if m.sequence < m.next {
		a.counts.outOfOrder++
		return
	}
	gap := m.sequence > m.next
	m.next = m.sequence + 1
	if m.slow {
		if gap {
			a.gaps++
		}
		a.counts.slowReceived++
		a.slow[slot].Received++
		return
	}
	a.counts.received++
	if a.lastRead.slot != slot || a.lastRead.at != l.now {
		a.lastRead.slot, a.lastRead.at = slot, l.now
		a.counts.reads++
	}
	message := uint64(m.sequence)*uint64(a.seating.rooms()) + uint64(m.room)
	now := l.now + a.ahead
	due, last, known := a.board.deliver(message)
	if !known {
		due = 0 // as late as can be
	}
	l.meter.message(time.Duration(now - due))
	if message >= a.board.from.Load() {
		a.unslow++
		a.latencies.record(time.Duration(now - due))
		if last {
			a.lasts.record(time.Duration(now - due))
		}
	}
	if last && a.wake != nil {
		a.wake()
	}
}
