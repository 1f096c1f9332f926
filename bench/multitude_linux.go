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
	*talk

	// Fixed after newMultitude.
	everyone *announcement

	// Loop only.
	greet round // the pings beside the messages that verify
	ping  round // pings while all rest

	// Loop only. Of the message to all.
	listening bool
	ahead     int64  // of the loop's clock, that of the announcement
	heard     bitset // slots that have it
	told      uint64
	latency   latencies
	last      time.Duration

	// Loop only.
	cpu time.Duration // of the thread, in the active phase
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

// The rounds of messages of a multitude.
const (
	roundVerify = iota
	roundActive
	multitudeRounds
)

var _ pinger = (*multitude)(nil)

func newMultitude(c Capacity, p *payloads, everyone *announcement, first uint32, connections int) *multitude {
	return &multitude{
		talk:     newTalk(Echo{Size: c.Size, Text: c.Text}, p, first, connections, multitudeRounds),
		everyone: everyone,
		heard:    newBitset(connections),
		latency:  newLatencies(),
	}
}

// beginVerify has each connection send a ping and a message.
func (m *multitude) beginVerify(l *loop, p pace) {
	n := len(l.conns)
	m.turn(l, &m.rounds[roundVerify], p, uint64(n), n, 1)
	m.greet.begin(m.current.since, p, 0, n, 1) // its turns are those of the messages
	m.act = func(l *loop, c *conn, _ uint32) {
		m.sendPing(l, c, 0)
		m.greet.sent++
	}
}

// beginHold has each connection send pings, so many in all.
func (m *multitude) beginHold(l *loop, p pace, pings uint64) {
	m.turn(l, &m.ping, p, pings, len(l.conns), 1)
	m.act = func(l *loop, c *conn, sequence uint32) { m.sendPing(l, c, 1+sequence) }
}

// beginActive has some connections send messages, so many in all.
func (m *multitude) beginActive(l *loop, p pace, messages uint64, active int) {
	m.turn(l, &m.rounds[roundActive], p, messages, active, uint32(len(l.conns)/active))
	m.cpu = -threadTime()
}

// endActive ends that.
func (m *multitude) endActive() {
	m.end()
	m.cpu += threadTime()
}

// listen has every connection expect the message to all.
func (m *multitude) listen(l *loop) {
	m.listening, m.ahead = true, int64(l.epoch.Sub(m.everyone.epoch))
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
	switch {
	case !ok || !bytes.Equal(payload, stamp[:]):
	case sequence == 0 && m.greet.turns > 0:
		m.greet.answer(l.now, c.slot, 0)
	case sequence > 0 && m.ping.turns > 0:
		m.ping.answer(l.now, c.slot, sequence-1)
	}
}

func (m *multitude) data(l *loop, c *conn, p piece) error {
	if s := &m.states[c.slot]; m.listening && s.echoed == s.sent {
		return m.hear(l, c, p)
	}
	return m.talk.data(l, c, p)
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
	l.meter.message(took)
	m.last = max(m.last, took)
	return nil
}
