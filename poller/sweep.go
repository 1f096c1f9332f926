package poller

import "time"

// sweeper visits every connection once in [Config].Sweep, a few pages of the
// slab at a time, so that no connection needs a timer and no turn is long.
type sweeper struct {
	// Loop only.
	page int           // the next page to visit
	next time.Duration // when it is due, on the loop's clock
}

// sweepStep is the least time between two steps of a sweep.
const sweepStep = 10 * time.Millisecond

func (l *Loop) sweep() {
	s := &l.sweeper
	if s.next > l.began {
		return
	}
	pages := max(1, l.conns.Pages())
	step := max(sweepStep, l.config.Sweep/time.Duration(pages))
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
