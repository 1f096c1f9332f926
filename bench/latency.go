package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies are recorded in microseconds, from 1 µs to 60 s, to three digits.
const (
	latencyUnit   = time.Microsecond
	lowestLatency = 1
	latestLatency = int64(60 * time.Second / latencyUnit)
	latencyDigits = 3
)

// latencies is a histogram of latencies. It belongs to one goroutine.
type latencies struct{ histogram *hdrhistogram.Histogram }

func newLatencies() latencies {
	return latencies{hdrhistogram.New(lowestLatency, latestLatency, latencyDigits)}
}

// record adds one; beyond the range it counts as the nearest that is inside.
func (l latencies) record(d time.Duration) {
	value := min(max(int64(d/latencyUnit), lowestLatency), latestLatency)
	_ = l.histogram.RecordValue(value) // in range, so it cannot fail
}

func (l latencies) merge(from latencies) { l.histogram.Merge(from.histogram) }

// Latency is a distribution of latencies in microseconds.
type Latency struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"meanMicroseconds"`
	Max   int64   `json:"maxMicroseconds"`
	// Corrected: it counts from the moment at which each message was due, not
	// from its write, so that a server which holds up the load cannot hide what
	// others would have waited (coordinated omission).
	Corrected bool `json:"correctedForCoordinatedOmission"`
	// Percentiles are in rising order.
	Percentiles []Percentile `json:"percentiles"`
}

// Percentile says that Percent of the latencies were at most Microseconds.
type Percentile struct {
	Percent      float64 `json:"percent"`
	Microseconds int64   `json:"microseconds"`
}

// reportedPercents are close enough together to draw the distribution by, as
// far as the tail of a hundred thousand messages.
var reportedPercents = []float64{1, 5, 10, 25, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 96, 97, 98, 99, 99.25, 99.5, 99.75,
	99.9, 99.925, 99.95, 99.975, 99.99, 99.995, 99.999}

func (l latencies) report() Latency {
	h := l.histogram
	r := Latency{Count: h.TotalCount(), Mean: h.Mean(), Max: h.Max()}
	for _, percent := range reportedPercents {
		r.Percentiles = append(r.Percentiles, Percentile{percent, h.ValueAtPercentile(percent)})
	}
	return r
}

// fromSchedule returns the distribution of latencies that count from when a
// message was due.
func (l latencies) fromSchedule() Latency {
	r := l.report()
	r.Corrected = true
	return r
}

// At returns the latency at one of the reported percents, or 0.
func (l Latency) At(percent float64) time.Duration {
	for _, p := range l.Percentiles {
		if p.Percent == percent {
			return time.Duration(p.Microseconds) * latencyUnit
		}
	}
	return 0
}
