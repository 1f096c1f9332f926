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

// SoakFigures say what became of the server's memory in a soak, by the series of
// the report.
type SoakFigures struct {
	// Growth is by how much the resident set grows in an hour: the slope of the
	// line through the samples of the second half, when caches have filled.
	Growth int64 `json:"growthBytesPerHour"`
	// Peak is the largest resident set of the samples.
	Peak int64 `json:"peakBytes"`
}

// newSoakFigures looks for a trend in the samples of the measured time. It returns nil
// where they are too few for one.
func newSoakFigures(series Series) *SoakFigures {
	f := &SoakFigures{}
	var times, sets []float64 // hours and bytes
	for _, s := range series {
		if s.Phase == phaseMeasuring && s.Server != nil {
			times, sets = append(times, s.At.Hours()), append(sets, float64(s.Server.RSS))
			f.Peak = max(f.Peak, s.Server.RSS)
		}
	}
	half := len(sets) / 2
	if len(sets)-half < 2 {
		return nil
	}
	f.Growth = int64(slope(times[half:], sets[half:]))
	return f
}

// slope returns by how much y rises with x, by least squares; 0 where all x are
// the same.
func slope(x, y []float64) float64 {
	var sumX, sumY float64
	for i := range x {
		sumX, sumY = sumX+x[i], sumY+y[i]
	}
	n := float64(len(x))
	var spread, together float64
	for i := range x {
		spread += (x[i] - sumX/n) * (x[i] - sumX/n)
		together += (x[i] - sumX/n) * (y[i] - sumY/n)
	}
	if spread == 0 {
		return 0
	}
	return together / spread
}
