package poller

import "time"

// sweeper visits every connection once in [Config].Sweep, a few pages of the
// slab at a time, so that no connection needs a timer and no turn is long.
type sweeper struct {
	// Loop only.
	step int           // of steps, the next one
	next time.Duration // when it is due, on the loop's clock
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
)

func (l *Loop) sweep() {
	s := &l.sweeper
	if s.next > l.began {
		return
	}
	pages := l.conns.Pages()
	steps := l.sweepSteps(pages)
	if s.step >= steps {
		s.step = 0
	}
	for n := s.step * pages / steps; n < (s.step+1)*pages/steps; n++ {
		l.sweepPage(n)
	}
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

func (l *Loop) sweepPage(n int) {
	page := l.conns.Page(n)
	for i := range page {
		c := &page[i]
		switch {
		case c.generation == 0:
		case c.state == connSecuring:
			l.sweepHandshake(c)
		case c.waiting != nil && l.now.Since(c.progress) >= l.config.WriteStall:
			l.reset(c, ErrWriteStalled)
		default:
			l.handler.Sweep(c)
		}
	}
}
