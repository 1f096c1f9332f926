package fake

import (
	"sync/atomic"
	"time"
)

// Clock is a clock that stands still until something moves it. It may be read
// and moved from any goroutine.
type Clock struct{ elapsed atomic.Int64 }

// epoch is where clocks begin; any fixed time would do.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// NewClock returns a clock that stands at the beginning of the year 2000, UTC.
func NewClock() *Clock { return &Clock{} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time { return epoch.Add(time.Duration(c.elapsed.Load())) }

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) { c.elapsed.Add(int64(d)) }

// pace decides how a Wait with nothing to report passes its time.
type pace interface {
	// idle passes up to timeout, which is not zero, with k.mu held before and
	// after. It returns how much of timeout is left; 0 ends the Wait.
	idle(k *Kernel, timeout time.Duration) time.Duration
	// notify says, with k.mu held, that a Wait may have something to report.
	notify()
}

// stepped is the pace of a loop that the test steps.
type stepped struct{ clock *Clock }

func (s *stepped) idle(_ *Kernel, timeout time.Duration) time.Duration {
	if timeout > 0 {
		s.clock.Advance(timeout)
	}
	return 0
}

func (*stepped) notify() {}

// blocking is the pace of a loop on a goroutine of its own.
type blocking struct{ changed chan struct{} }

func (b *blocking) idle(k *Kernel, timeout time.Duration) time.Duration {
	k.mu.Unlock()
	defer k.mu.Lock()
	if timeout < 0 {
		<-b.changed
		return timeout
	}
	began := time.Now()
	expired := time.NewTimer(timeout)
	defer expired.Stop()
	select {
	case <-b.changed:
		return max(timeout-time.Since(began), 0)
	case <-expired.C:
		return 0
	}
}

func (b *blocking) notify() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}
