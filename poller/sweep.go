package poller

import (
	"time"

	"github.com/sluicegate/sluice/poller/slab"
)

// sweeper visits every connection once in [Config].Sweep, a few pages of the
// slab at a time, so that no connection needs a timer and no turn is long.
type sweeper struct {
	// Loop only.
	step      int           // of steps, the next one
	next      time.Duration // when it is due, on the loop's clock
	at, until int           // slots of the present step that are to be visited
}

const (
	// leastSweepStep is the least time between two steps of a sweep.
	leastSweepStep = 10 * time.Millisecond
	// fewSweepSteps is how many steps a sweep has, if it can. Each step of an idle
	// loop is a wake-up, and what the Go scheduler does around one costs more
	// than visiting a thousand connections.
	fewSweepSteps = 8
	// sweepPages is how many pages a step visits at most, while steps may be
	// closer together: 8,192 connections, some 100 µs.
	sweepPages = 16
	// sweepActions is how many visits of a turn may come to something: to answer
	// or end a connection takes some 50 µs. Where a storm of them times out at
	// once, those in service must not wait for all: with no bound, turns took
	// 15 ms, and with 16 the p99 of others was 2 ms.
	sweepActions = 4
)

// SetPace changes the loop's pace. The step of a sweep that is under way ends as
// it began.
func (l *Loop) SetPace(p Pace) {
	l.config.Pace = p
	l.sweeper.next = min(l.sweeper.next, l.began+p.Sweep)
}

func (l *Loop) sweep() {
	s := &l.sweeper
	if s.at == s.until {
		if s.next > l.began {
			return
		}
		l.beginSweepStep()
	}
	for actions := 0; s.at < s.until; s.at++ {
		if actions == sweepActions {
			l.again = true
			return
		}
		if l.sweepSlot(uint32(s.at)) {
			actions++
		}
	}
}

func (l *Loop) beginSweepStep() {
	s := &l.sweeper
	pages := l.conns.Pages()
	steps := l.sweepSteps(pages)
	if s.step >= steps {
		s.step = 0
	}
	s.at, s.until = s.step*pages/steps*slab.PageSize, (s.step+1)*pages/steps*slab.PageSize
	s.step++
	s.next = l.began + l.config.Sweep/time.Duration(steps)
}

// sweepSteps returns how many steps a sweep of so many pages has.
func (l *Loop) sweepSteps(pages int) int {
	if pages <= fewSweepSteps*sweepPages {
		return max(1, min(pages, fewSweepSteps))
	}
	most := max(fewSweepSteps, int(l.config.Sweep/leastSweepStep))
	return min(pages/sweepPages, most)
}

// sweepSlot visits the connection at slot, if there is one, and reports whether
// that came to something.
func (l *Loop) sweepSlot(slot uint32) (acted bool) {
	c := l.conns.At(slot)
	if c == nil || c.generation == 0 {
		return false
	}
	dirty := len(l.output.dirty)
	switch {
	case c.state == connAtGate:
		l.sweepGate(c)
	case c.state == connSecuring:
		l.sweepHandshake(c)
	case c.waiting != nil && l.now.Since(c.progress) >= l.config.WriteStall:
		l.reset(c, ErrWriteStalled)
	default:
		l.handler.Sweep(c)
	}
	return c.generation == 0 || len(l.output.dirty) > dirty
}
