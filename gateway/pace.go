package gateway

import (
	"time"

	"github.com/sluicegate/sluice/gateway/internal/limit"
	"github.com/sluicegate/sluice/poller"
	"github.com/sluicegate/sluice/poller/slab"
)

// Excess is what becomes of a session that sends more than [Rates] allow.
type Excess uint8

const (
	// Delay reads the session no more until it is within its rates: TCP pushes
	// back, and nothing is lost.
	Delay Excess = iota
	// Drop drops the messages that are too many.
	Drop
	// Disconnect ends the session with 1008 and [ReasonRateExceeded].
	Disconnect
)

// Rates are how much one session may send. Each is 0 to 1<<30.
type Rates struct {
	// Messages is how many data messages a session may send in a second, and
	// MessageBurst how many at once after a pause. Defaults: 0, no limit; a
	// second's worth.
	Messages, MessageBurst int
	// Bytes and ByteBurst are the same for the payloads of messages, as they come
	// over the wire.
	Bytes, ByteBurst int
	// Excess is what becomes of what is more. Default [Delay].
	Excess Excess
}

func (k *checker) rates(r Rates) {
	k.between("Rates.Messages", r.Messages, 0, limit.MaxTokens, " a second")
	k.between("Rates.MessageBurst", r.MessageBurst, 0, limit.MaxTokens, "")
	k.between("Rates.Bytes", r.Bytes, 0, limit.MaxTokens, " a second")
	k.between("Rates.ByteBurst", r.ByteBurst, 0, limit.MaxTokens, "")
	k.fault(r.Excess > Disconnect, "Rates.Excess", r.Excess, "is no known policy")
}

// pacer holds the sessions of one loop to [Rates]. Until there are some there is none.
// It belongs to the loop's goroutine.
type pacer struct {
	// Fixed after newPacer.
	shard *shard

	// Loop only.
	rates    Rates
	messages limit.Rate
	bytes    limit.Rate
	paces    slab.Table[pace] // by the session's slot
}

// pace is what one session has sent.
type pace struct {
	messages, bytes limit.Bucket
}

// paceBy holds the sessions to r from now on.
func (s *shard) paceBy(r Rates) {
	if s.pacer == nil {
		if r.Messages == 0 && r.Bytes == 0 {
			return
		}
		s.pacer = newPacer(s)
	}
	s.pacer.follow(r)
}

// newPacer returns a pacer of the sessions that are open, and of those to come.
func newPacer(s *shard) *pacer {
	p := &pacer{shard: s}
	s.loop.Each(func(c *poller.Conn) {
		if x := s.sessions.At(c.Slot()); x.route != 0 && x.flags&flagEnded == 0 {
			p.begin(c.Slot())
		}
	})
	return p
}

// follow holds the sessions to r. Who is delayed may owe less by it.
func (p *pacer) follow(r Rates) {
	if p.rates == r {
		return
	}
	p.rates = r
	p.messages = limit.Rate{PerSecond: r.Messages, Burst: r.MessageBurst}
	p.bytes = limit.Rate{PerSecond: r.Bytes, Burst: r.ByteBurst}
	p.shard.loop.Each(func(c *poller.Conn) {
		if p.shard.sessions.At(c.Slot()).flags&flagDelayed != 0 {
			(&resumption{p, c.Handle()}).Run(p.shard.loop)
		}
	})
}

// begin and end are called with each session.
func (p *pacer) begin(slot uint32) {
	if p != nil {
		p.paces.Claim(slot)
	}
}

func (p *pacer) end(c *poller.Conn, x *session) {
	if p != nil {
		p.relent(c, x)
		p.paces.Release(c.Slot())
	}
}

// allows counts a message of n bytes and reports whether the session's handler is
// to have it.
func (p *pacer) allows(c *poller.Conn, x *session, n int) bool {
	of, now := p.paces.At(c.Slot()), p.shard.loop.Began()
	if p.rates.Excess == Delay {
		if wait := max(of.messages.Charge(p.messages, now, 1), of.bytes.Charge(p.bytes, now, n)); wait > 0 {
			p.delay(c, x, wait)
		}
		return true
	}
	if of.messages.Has(p.messages, now, 1) && of.bytes.Take(p.bytes, now, n) {
		return of.messages.Take(p.messages, now, 1)
	}
	p.shard.counts.rateExcess++
	if p.rates.Excess == Disconnect {
		p.shard.failFor(c, x, ReasonRateExceeded, ReasonRateExceeded.Text())
	}
	return false
}

// delay stops reading the session for so long.
func (p *pacer) delay(c *poller.Conn, x *session, wait time.Duration) {
	if x.flags&flagDelayed != 0 {
		return // what this read has brought is paid for when the pause is over
	}
	p.shard.counts.rateExcess++
	x.flags |= flagDelayed
	c.Pause()
	p.shard.loop.After(wait, &resumption{p, c.Handle()})
}

// resumption is the end of a delay.
type resumption struct {
	pacer  *pacer
	handle poller.Handle
}

// Run reads the session again, unless it still owes.
func (r *resumption) Run(l *poller.Loop) {
	c := l.Conn(r.handle)
	if c == nil {
		return
	}
	p, x := r.pacer, r.pacer.shard.sessions.At(c.Slot())
	if x.flags&flagDelayed == 0 {
		return // it has ended meanwhile
	}
	of, now := p.paces.At(c.Slot()), l.Began()
	if wait := max(of.messages.Charge(p.messages, now, 0), of.bytes.Charge(p.bytes, now, 0)); wait > 0 {
		l.After(wait, r)
		return
	}
	p.relent(c, x)
}

// relent reads a session again that was delayed.
func (p *pacer) relent(c *poller.Conn, x *session) {
	if p == nil || x.flags&flagDelayed == 0 {
		return
	}
	x.flags &^= flagDelayed
	if x.flags&flagPaused == 0 {
		c.Resume()
	}
}
