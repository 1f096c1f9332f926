package bench

import (
	"math"
	"time"
)

// pace spreads the beginnings of connections evenly over time, counted from the
// first. Zero is unlimited.
type pace float64 // per second

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
	at := time.Duration(math.Ceil(float64(begun) / float64(p) * float64(time.Second)))
	return max(0, at-elapsed)
}
