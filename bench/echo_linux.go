package bench

import (
	"context"
	"errors"
	"math/bits"
	"math/rand/v2"
	"time"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/codec"
)

// Run opens the connections, keeps messages going for the warm-up and the
// measured time, waits for what is outstanding and closes. An interrupt of ctx
// ends the run early, still with a report. A fault of e or of this machine is an
// error without a report; a server process that is gone in the end is one with.
func (e Echo) Run(ctx context.Context) (*Report, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	e = e.withDefaults()
	r, err := newRun(ctx, "echo", e.Load, e)
	if err != nil {
		return nil, err
	}
	var all []*echoes
	payloads := newPayloads(e.Size)
	var sent form = payloads
	if e.Compression {
		d := newDeflated(e.Size)
		payloads, sent = d.payloads, d
	}
	err = r.open(ctx, func(first uint32, connections int) traffic {
		all = append(all, newEchoes(e, payloads, sent, first, connections))
		return all[len(all)-1]
	})
	if err != nil {
		return nil, err
	}
	if r.opened > 0 {
		err = r.measureEchoes(ctx, e, all)
	}
	r.finish()
	r.report.Echo = r.sumEchoes(all)
	return r.report, err
}

// measureEchoes lets the echoes run for the warm-up and the measured time.
func (r *run) measureEchoes(ctx context.Context, e Echo, all []*echoes) error {
	r.client.each(func(i int, l *loop) { all[i].begin(l) })
	r.enter("warm-up", e.Warmup)
	r.pause(ctx, e.Warmup)
	before := r.sample(atMeasure)
	r.client.each(func(i int, l *loop) { all[i].measure(l) })
	r.enter(phaseMeasuring, e.Duration)
	r.pause(ctx, e.Duration)
	r.client.each(func(i int, l *loop) { all[i].stop(l) })
	return errors.Join(before, r.sample(atMeasured))
}

// sumEchoes adds up what the loops measured. The loops have ended.
func (r *run) sumEchoes(all []*echoes) *EchoFigures {
	f := &EchoFigures{}
	latency := newLatencies()
	for i, e := range all {
		f.Messages += e.messages
		f.PayloadBytes += e.messages * uint64(e.payloads.size)
		f.Measured = max(f.Measured, e.measured)
		f.Unanswered += e.unanswered(r.client.loops[i])
		if e.measured > 0 {
			f.PerSecond += float64(e.messages) / e.measured.Seconds()
		}
		latency.merge(e.latencies)
		r.report.Generator.add(share(e.cpu, e.measured))
	}
	f.Latency = latency.report()
	f.ServerUser, f.ServerSystem = r.report.serverTimePer(f.Messages)
	return f
}

// echoes is the traffic of connections that send messages and verify their
// echoes. Loop only, until the loop has ended.
type echoes struct {
	// Fixed after newEchoes.
	payloads *payloads // as they come back, inflated if they were compressed
	form     form      // as they are sent
	op       ws.OpCode
	first    uint32 // number of the connection in slot 0
	inFlight uint32
	ring     int // places in times for each connection; a power of two
	starter  starter

	// Loop only.
	states    []echoState
	times     []int64 // when each outstanding message was sent, see sentAt
	head      []byte  // of the frame that is being written
	out       []byte
	sending   bool // new messages may be begun
	measuring bool

	// Loop only. The figures, taken while measuring.
	messages  uint64
	latencies latencies
	began     time.Duration // on the loop's clock
	measured  time.Duration
	cpu       time.Duration
}

// starter says when messages begin. Loop only.
type starter interface {
	// start reports whether the next message of the connection in that slot,
	// which is message s.sent, may begin now. If so, it does.
	start(l *loop, slot uint32, s echoState) bool
}

// echoState is what is kept of one connection's messages. 20 bytes.
type echoState struct {
	key [4]byte // masks all frames of the connection
	// sent counts messages written; written is how many bytes of the frame of
	// the next one have been.
	sent    uint32
	written uint32
	// echoed counts messages that came back; seen is how many payload bytes of
	// the next one have.
	echoed uint32
	seen   uint32
}

// outSize is how much one write carries at most.
const outSize = 256 << 10

func newEchoes(e Echo, p *payloads, f form, first uint32, connections int) *echoes {
	op := ws.OpBinary
	if e.Text {
		op = ws.OpText
	}
	ring := 1 << bits.Len(uint(e.InFlight-1))
	t := &echoes{
		payloads:  p,
		form:      f,
		op:        op,
		first:     first,
		inFlight:  uint32(e.InFlight),
		ring:      ring,
		states:    make([]echoState, connections),
		times:     make([]int64, connections*ring),
		head:      make([]byte, 0, codec.MaxHeader),
		out:       make([]byte, 0, outSize),
		latencies: newLatencies(),
	}
	t.starter = t
	for i := range t.states {
		for j := range t.states[i].key {
			t.states[i].key[j] = byte(rand.Uint32())
		}
	}
	return t
}

var _ traffic = (*echoes)(nil)

func (e *echoes) begin(l *loop) {
	e.sending = true
	l.flushAll()
}

func (e *echoes) measure(l *loop) {
	e.measuring = true
	e.began, e.cpu = time.Duration(l.clock()), threadTime()
}

func (e *echoes) stop(l *loop) {
	e.sending, e.measuring = false, false
	e.measured, e.cpu = time.Duration(l.clock())-e.began, threadTime()-e.cpu
}

// data verifies a piece of an echo.
func (e *echoes) data(l *loop, c *conn, p piece) error {
	s := &e.states[c.slot]
	switch {
	case s.echoed == s.sent && (s.written == 0 || p.end):
		return errUnasked
	case p.op != e.op:
		return errOtherKind
	}
	if err := e.payloads.verify(p.payload, e.first+c.slot, s.echoed, int(s.seen)); err != nil {
		return err
	}
	s.seen += uint32(len(p.payload))
	if !p.end {
		return nil
	}
	if int(s.seen) < e.payloads.size {
		return errTooShort
	}
	if e.sending { // in an open loop, latency counts from the schedule
		took := time.Duration(l.now - *e.sentAt(c.slot, s.echoed))
		l.meter.message(took)
		if e.measuring {
			e.messages++
			e.latencies.record(took)
		}
	}
	s.seen = 0
	s.echoed++
	return nil
}

// sentAt is where the time of an outstanding message is kept.
func (e *echoes) sentAt(slot, sequence uint32) *int64 {
	return &e.times[int(slot)*e.ring+int(sequence)&(e.ring-1)]
}

// write sends as many messages as may be outstanding, all that fit in one
// write.
func (e *echoes) write(l *loop, c *conn) error {
	s := &e.states[c.slot]
	for !c.blocked {
		out := e.fill(l, c, *s)
		if len(out) == 0 {
			break
		}
		n, err := l.write(c, out)
		if err != nil {
			return failure{StageDisconnect, cause(err)}
		}
		e.advance(s, e.first+c.slot, n)
	}
	c.midFrame = s.written > 0
	return nil
}

// fill returns the bytes that c may send next, as far as there is room. The
// caller borrows them.
func (e *echoes) fill(l *loop, c *conn, s echoState) []byte {
	out := e.out[:0]
	for len(out) < cap(out) {
		if s.written == 0 && !e.starter.start(l, c.slot, s) {
			break
		}
		before := len(out)
		out = e.appendFrame(out, s, e.first+c.slot)
		e.advance(&s, e.first+c.slot, len(out)-before)
	}
	return out
}

// start begins a message where fewer than inFlight are outstanding.
func (e *echoes) start(l *loop, slot uint32, s echoState) bool {
	if !e.sending || s.sent-s.echoed >= e.inFlight {
		return false
	}
	*e.sentAt(slot, s.sent) = l.now
	return true
}

// appendFrame appends to dst what is left of the frame of the next message, as
// far as dst has room.
func (e *echoes) appendFrame(dst []byte, s echoState, number uint32) []byte {
	from := int(s.written)
	length := e.form.length(number, s.sent)
	e.head = codec.AppendHeader(e.head[:0], e.header(length, s.key))
	if from < len(e.head) {
		n := min(len(e.head)-from, cap(dst)-len(dst))
		dst = append(dst, e.head[from:from+n]...)
		from += n
	}
	if room := cap(dst) - len(dst); room > 0 {
		from -= len(e.head)
		start := len(dst)
		dst = e.form.appendPart(dst, number, s.sent, from, min(length, from+room))
		codec.Unmask(dst[start:], s.key, from)
	}
	return dst
}

// header is that of a message's frame.
func (e *echoes) header(length int, key [4]byte) ws.Header {
	h := ws.Header{Fin: true, OpCode: e.op, Masked: true, Mask: key, Length: int64(length)}
	if e.form.compressed() {
		h.Rsv = ws.Rsv(true, false, false) // RFC 7692 §6
	}
	return h
}

// advance counts n bytes as written to connection number.
func (e *echoes) advance(s *echoState, number uint32, n int) {
	for n > 0 {
		length := e.form.length(number, s.sent)
		left := codec.HeaderLen(e.header(length, s.key)) + length - int(s.written)
		if n < left {
			s.written += uint32(n)
			return
		}
		n -= left
		s.sent++
		s.written = 0
	}
}

// busy reports whether c has a message outstanding.
func (e *echoes) busy(c *conn) bool {
	s := &e.states[c.slot]
	return s.echoed != s.sent || s.written > 0
}

// unanswered counts the messages that never came back on connections that
// stayed open. The loop has ended.
func (e *echoes) unanswered(l *loop) (n uint64) {
	for i := range l.conns {
		if c := &l.conns[i]; c.state == stateOpen && e.busy(c) {
			n += uint64(max(1, e.states[i].sent-e.states[i].echoed))
		}
	}
	return n
}
