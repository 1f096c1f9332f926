package bench

import (
	"math"
	"time"
)

// forever is a wait without an end.
const forever = time.Duration(math.MaxInt64)

// pace spreads events, such as the beginnings of connections, evenly over time,
// counted from the first. It is a pure function of the time that has passed,
// whatever became of the events before. Zero is unlimited.
type pace float64 // per second

// at returns when the event after n others is due. The pace has a limit.
func (p pace) at(n int) time.Duration {
	return time.Duration(math.Ceil(float64(n) / float64(p) * float64(time.Second)))
}

// before returns how many events are due before d. The pace has a limit.
func (p pace) before(d time.Duration) int { return int(math.Ceil(d.Seconds() * float64(p))) }

// due returns how many may have begun after elapsed.
func (p pace) due(elapsed time.Duration) int {
	if p == 0 {
		return math.MaxInt
	}
	return 1 + int(elapsed.Seconds()*float64(p))
}

// wait returns how long after elapsed the connection after begun others is due;
// 0 if it is due already.
func (p pace) wait(elapsed time.Duration, begun int) time.Duration {
	if p == 0 {
		return 0
	}
	return max(0, p.at(begun)-elapsed)
}
