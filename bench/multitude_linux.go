package bench

import (
	"bytes"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/codec"
)

// multitude is the traffic of connections that are verified, rest, are active in
// part, and hear a message that is published to all. Loop only, until the loop
// has ended.
type multitude struct {
	*echoes

	// Fixed after newMultitude.
	everyone *announcement

	// Loop only. Of the rounds one is under way at most.
	verify  round // a message of each connection
	greet   round // the ping beside it
	ping    round // pings while all rest
	speak   round // messages while some are active
	current *round
	act     func(l *loop, c *conn, sequence uint32) // of the current round

	// Loop only. Of the message to all.
	listening bool
	ahead     int64  // of the loop's clock, that of the announcement
	heard     bitset // slots that have it
	told      uint64
	latency   latencies
	last      time.Duration

	// Loop only.
	began time.Duration // the active phase, as threadTime has it
	cpu   time.Duration // of the thread, in the active phase
}

// announcement is the message to all. Any loop may call its methods.
type announcement struct {
	// Fixed.
	number uint32 // that of its stamp, which no connection has
	epoch  time.Time

	// Atomic.
	published atomic.Int64 // nanoseconds since epoch
}

func (a *announcement) publish() { a.published.Store(int64(time.Since(a.epoch))) }

var (
	_ scheduled = (*multitude)(nil)
	_ starter   = (*multitude)(nil)
	_ pinger    = (*multitude)(nil)
)

func newMultitude(c Capacity, p *payloads, everyone *announcement, first uint32, connections int) *multitude {
	m := &multitude{
		echoes:   newEchoes(Echo{Size: c.Size, Text: c.Text, InFlight: 1}, p, p, first, connections),
		everyone: everyone,
		heard:    newBitset(connections),
		latency:  newLatencies(),
	}
	m.starter = m
	return m
}

// beginVerify has each connection send a ping and a message.
func (m *multitude) beginVerify(l *loop, p pace) {
	now, n := l.clock(), len(l.conns)
	m.verify.begin(now, p, uint64(n), n, 1)
	m.greet.begin(now, p, 0, n, 1) // it is sent with the message
	m.current, m.act = &m.verify, func(l *loop, c *conn, _ uint32) {
		m.sendPing(l, c, 0)
		m.greet.sent++
	}
}

// beginHold has each connection send pings, so many in all.
func (m *multitude) beginHold(l *loop, p pace, pings uint64) {
	m.ping.begin(l.clock(), p, pings, len(l.conns), 1)
	m.current, m.act = &m.ping, func(l *loop, c *conn, sequence uint32) { m.sendPing(l, c, 1+sequence) }
}

// beginActive has some connections send messages, so many in all.
func (m *multitude) beginActive(l *loop, p pace, messages uint64, active int) {
	m.speak.begin(l.clock(), p, messages, active, uint32(len(l.conns)/active))
	m.current, m.act = &m.speak, func(*loop, *conn, uint32) {} // they are owed a message, see start
	m.began = threadTime()
}

// end ends the current round.
func (m *multitude) end() {
	if m.current == &m.speak {
		m.cpu = threadTime() - m.began
	}
	m.current.cut()
	m.current = nil
}

// listen has every connection expect the message to all.
func (m *multitude) listen(l *loop) {
	m.listening, m.ahead = true, int64(l.epoch.Sub(m.everyone.epoch))
}

func (m *multitude) wait(now int64) time.Duration {
	if m.current == nil {
		return forever
	}
	return m.current.wait(now)
}

// advance has those connections act whose turn it is.
func (m *multitude) advance(l *loop) {
	r := m.current
	if r == nil {
		return
	}
	// A loop that was held up serves what has arrived before it catches up.
	for due := min(r.due(l.now), r.over+eventBatch); r.over < due; {
		act := r.over
		r.over++
		slot, sequence := r.of(act)
		c := &l.conns[slot]
		if c.state != stateOpen {
			continue
		}
		r.begun(l.now, act)
		m.act(l, c, sequence)
		if err := l.flush(c); err != nil {
			l.end(c, err)
		}
	}
}

func (m *multitude) sendPing(l *loop, c *conn, sequence uint32) {
	stamp := newStamp(m.first+c.slot, sequence)
	a := l.setAside(c)
	a.out = codec.AppendMaskedFrame(a.out, ws.OpPing, stamp[:], controlKey)
}

// pong takes the answer to a ping. One that nobody asked for is allowed (RFC
// 6455 §5.5.3).
func (m *multitude) pong(l *loop, c *conn, payload []byte) {
	if len(payload) != stampSize {
		return
	}
	sequence, ok := sequenceIn(payload)
	stamp := newStamp(m.first+c.slot, sequence)
	if !ok || !bytes.Equal(payload, stamp[:]) {
		return
	}
	if sequence == 0 {
		m.greet.answer(l.now, c.slot, 0)
		return
	}
	m.ping.answer(l.now, c.slot, sequence-1)
}

// start begins the messages that a connection owes.
func (m *multitude) start(_ *loop, slot uint32, s echoState) bool { return s.sent < m.owed(slot) }

func (m *multitude) owed(slot uint32) uint32 { return m.verify.portion(slot) + m.speak.portion(slot) }

func (m *multitude) busy(c *conn) bool { return m.states[c.slot].echoed < m.owed(c.slot) }

func (m *multitude) data(l *loop, c *conn, p piece) error {
	s := &m.states[c.slot]
	if m.listening && s.echoed == s.sent {
		return m.hear(l, c, p)
	}
	sequence := s.echoed
	err := m.echoes.data(l, c, p)
	switch {
	case s.echoed == sequence:
	case sequence == 0:
		m.verify.answer(l.now, c.slot, 0)
	default:
		m.speak.answer(l.now, c.slot, sequence-1)
	}
	return err
}

// hear verifies a piece of the message to all.
func (m *multitude) hear(l *loop, c *conn, p piece) error {
	if m.heard.has(c.slot) {
		return errUnasked
	}
	s := &m.states[c.slot]
	if err := m.payloads.verify(p.payload, m.everyone.number, 0, int(s.seen)); err != nil {
		return err
	}
	s.seen += uint32(len(p.payload))
	switch {
	case !p.end:
		return nil
	case int(s.seen) < m.payloads.size:
		return errTooShort
	}
	s.seen = 0
	m.heard.add(c.slot)
	m.told++
	took := time.Duration(l.now + m.ahead - m.everyone.published.Load())
	m.latency.record(took)
	m.last = max(m.last, took)
	return nil
}
