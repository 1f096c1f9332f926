package poller

import "time"

// Tick is a moment on a loop's coarse clock: milliseconds since the server
// began, in 32 bits because every connection stores some. It wraps after 49
// days, so ticks are only ever compared through [Tick.Since].
type Tick uint32

// Since returns the time from earlier to t, right for spans below 24 days.
func (t Tick) Since(earlier Tick) time.Duration {
	return time.Duration(int32(t-earlier)) * time.Millisecond
}

// clock returns the time since some fixed moment. It never goes back.
type clock func() time.Duration

func monotonic() clock {
	begin := time.Now()
	return func() time.Duration { return time.Since(begin) }
}
