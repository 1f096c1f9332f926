package main

import (
	"fmt"
	"time"
)

// noise is what disturbed a run, as shares of the time of the CPUs that it ran
// on, 0 to 1.
type noise struct {
	Steal  float64 `json:"steal"`  // the hypervisor ran something else
	Others float64 `json:"others"` // other processes ran here
}

// noiseOf returns the noise on CPUs that spent times, of which a process had
// own. Interrupts on behalf of its sockets are in own: the kernel charges them
// to whoever runs.
func noiseOf(times cpuTimes, own time.Duration) noise {
	total := times.total().Seconds()
	if total <= 0 {
		return noise{}
	}
	return noise{
		Steal:  times.Steal.Seconds() / total,
		Others: max(0, (times.Busy-own).Seconds()/total),
	}
}

// worse returns the larger of each share.
func (n noise) worse(than noise) noise {
	return noise{max(n.Steal, than.Steal), max(n.Others, than.Others)}
}

// exceeds reports whether either share is over its limit.
func (n noise) exceeds(limit noise) bool {
	return n.Steal > limit.Steal || n.Others > limit.Others
}

func (n noise) String() string {
	return fmt.Sprintf("steal %.1f %%, other processes %.1f %%", 100*n.Steal, 100*n.Others)
}
