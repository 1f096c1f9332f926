package main

import (
	"sync/atomic"
	"time"
)

const (
	spectrumStep  = 100 * time.Microsecond
	spectrumSteps = 20_000 // 2 s; what takes longer counts as that
)

// spectrum counts times in steps. Any goroutine may call its methods.
type spectrum struct {
	counts [spectrumSteps]atomic.Uint64
}

func (s *spectrum) add(d time.Duration) {
	s.counts[min(max(0, int(d/spectrumStep)), spectrumSteps-1)].Add(1)
}

// at returns the end of the step below which the share q of the times lies; 0 if
// there are none.
func (s *spectrum) at(q float64) time.Duration {
	var all, below uint64
	for i := range s.counts {
		all += s.counts[i].Load()
	}
	for i := range s.counts {
		if below += s.counts[i].Load(); all > 0 && float64(below) >= q*float64(all) {
			return time.Duration(i+1) * spectrumStep
		}
	}
	return 0
}

func (s *spectrum) reset() {
	for i := range s.counts {
		s.counts[i].Store(0)
	}
}
