package poller

import "time"

// sweeper visits every connection once in [Config].Sweep, a few pages of the
// slab at a time, so that no connection needs a timer and no turn is long.
type sweeper struct {
	// Loop only.
	page int           // the next page to visit
	next time.Duration // when it is due, on the loop's clock
}

const (
	// leastSweepStep is the least time between two steps of a sweep.
	leastSweepStep = 10 * time.Millisecond
	// sweepSteps is how many steps a sweep of more pages has. Each step of an idle
	// loop is a wake-up, and what the Go scheduler does around one costs more
	// than visiting a thousand connections.
	sweepSteps = 8
	// sweepPages is how many pages a step visits at most, while steps may be
	// closer together: 8,192 connections, some 100 µs.
	sweepPages = 16
)

func (l *Loop) sweep() {
	s := &l.sweeper
	if s.next > l.began {
		return
	}
	pages := max(1, l.conns.Pages())
	step := l.config.Sweep / time.Duration(min(pages, sweepSteps))
	if pages > sweepSteps*sweepPages {
		step = max(l.config.Sweep*sweepPages/time.Duration(pages), min(leastSweepStep, step))
	}
	visits := (time.Duration(pages)*step + l.config.Sweep - 1) / l.config.Sweep
	for range visits {
		l.sweepPage(s.page)
		s.page++
		if s.page >= pages {
			s.page = 0
		}
	}
	s.next = l.began + step
}

func (l *Loop) sweepPage(n int) {
	page := l.conns.Page(n)
	for i := range page {
		c := &page[i]
		switch {
		case c.generation == 0:
		case c.waiting != nil && l.now.Since(c.progress) >= l.config.WriteStall:
			l.reset(c, ErrWriteStalled)
		default:
			l.handler.Sweep(c)
		}
	}
}
