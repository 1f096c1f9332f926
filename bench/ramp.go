package bench

import (
	"math"
	"time"
)

// ramp is a pace that is reached evenly from none, over some time. It is a pure
// function of the time that has passed, like the pace itself.
type ramp struct {
	pace pace
	over time.Duration
}

// due returns how many events may have begun after elapsed.
func (r ramp) due(elapsed time.Duration) int {
	if r.pace == 0 || r.over == 0 {
		return r.pace.due(elapsed)
	}
	return 1 + int(float64(r.pace)*r.worth(elapsed).Seconds())
}

// wait returns how long after elapsed the event after begun others is due; 0 if
// it is due already.
func (r ramp) wait(elapsed time.Duration, begun int) time.Duration {
	if r.pace == 0 {
		return 0
	}
	return max(0, r.at(begun)-elapsed)
}

// at returns when the event after n others is due. The pace has a limit.
func (r ramp) at(n int) time.Duration {
	flat := r.pace.at(n) // when it would be due at the full pace from the start
	if r.over == 0 {
		return flat
	}
	if flat >= r.over/2 {
		return flat + r.over/2
	}
	return time.Duration(math.Ceil(math.Sqrt(2 * float64(flat) * float64(r.over))))
}

// worth returns the time at the full pace in which as much becomes due as in the
// first elapsed of the ramp.
func (r ramp) worth(elapsed time.Duration) time.Duration {
	if elapsed >= r.over {
		return elapsed - r.over/2
	}
	return time.Duration(float64(elapsed) * float64(elapsed) / float64(2*r.over))
}
