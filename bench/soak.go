package bench

import (
	"cmp"
	"errors"
	"time"
)

// Soak is the scenario that runs for hours: [Churn] with messages, and the
// server's memory all along. The zero value of a field selects its default, which
// for Duration is an hour, for Lifetime a minute, and for PerSecond a message of
// each connection in ten seconds.
type Soak struct {
	Churn
}

// soakSamples is how often a soak looks at the server.
const soakSamples = 60

// atIntervals names the samples of a soak.
const atIntervals = "at intervals"

// Validate returns every fault of s, joined; nil if there is none.
func (s Soak) Validate() error {
	s = s.withDefaults()
	var f faults
	f.check(s.PID > 0, "PID", s.PID, "must be set: a soak is about the server's memory")
	return errors.Join(s.Churn.Validate(), f.joined())
}

func (s Soak) withDefaults() Soak {
	s.Duration = cmp.Or(s.Duration, time.Hour)
	s.Lifetime = cmp.Or(s.Lifetime, time.Minute)
	s.Churn = s.Churn.withDefaults()
	s.PerSecond = cmp.Or(s.PerSecond, float64(s.Connections)/10)
	return s
}

// every is how long it is from one look at the server to the next.
func (s Soak) every() time.Duration { return s.Duration / soakSamples }

// SoakFigures say what became of the server's memory in a soak. The samples are
// those of the report.
type SoakFigures struct {
	// Every is how long it is from one sample to the next.
	Every time.Duration `json:"everyNanoseconds"`
	// Growth is by how much the resident set grows in an hour: the slope of the
	// line through the samples of the second half, when caches have filled.
	Growth int64 `json:"growthBytesPerHour"`
	// Peak is the largest resident set of the samples.
	Peak int64 `json:"peakBytes"`
}

// growth looks for a trend in the samples that were taken at intervals.
func growth(samples []ProcessSample, every time.Duration) *SoakFigures {
	f := &SoakFigures{Every: every}
	var sets []float64
	for _, s := range samples {
		if s.At == atIntervals {
			sets = append(sets, float64(s.RSS))
			f.Peak = max(f.Peak, s.RSS)
		}
	}
	late := sets[len(sets)/2:]
	f.Growth = int64(slope(late) * float64(time.Hour) / float64(every))
	return f
}

// slope returns by how much values rise from one to the next, by least squares;
// 0 for fewer than two.
func slope(values []float64) float64 {
	n := float64(len(values))
	if n < 2 {
		return 0
	}
	var sum, sumProducts float64
	for i, v := range values {
		sum += v
		sumProducts += float64(i) * v
	}
	middle := (n - 1) / 2
	spread := n * (n*n - 1) / 12 // of the squares of 0 to n-1 around the middle
	return (sumProducts - middle*sum) / spread
}
