package bench

import (
	"math"
	"time"
)

// throttle lets events happen at a pace at most. What was not used of it is
// soon forgotten: whoever was held up does not catch up in a burst.
type throttle struct {
	pace pace
	used int // events that happened, or were forgotten
}

// allow returns how many events may happen now, elapsed after the first.
func (t *throttle) allow(elapsed time.Duration) int {
	if t.pace == 0 {
		return math.MaxInt
	}
	due := t.pace.due(elapsed)
	burst := max(1, int(t.pace/100)) // what is due in 10 ms
	t.used = max(t.used, due-burst)
	return due - t.used
}

// spend counts n events. They may be more than were allowed; then the next are
// due later.
func (t *throttle) spend(n int) { t.used += n }

// wait returns how long after elapsed the next event is allowed.
func (t *throttle) wait(elapsed time.Duration) time.Duration { return t.pace.wait(elapsed, t.used) }
