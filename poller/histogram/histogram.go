// Package histogram counts durations into a few fixed buckets, so cheaply that
// every turn of a loop can be counted: two or three comparisons and no
// allocation.
package histogram

import (
	"encoding/json"
	"slices"
	"time"
)

// bounds are the longest durations of the buckets; one more bucket takes what is
// longer. They go from what a turn with nothing to do takes to the longest
// window.
var bounds = [...]time.Duration{
	25 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 10 * time.Millisecond, 25 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 10 * time.Second,
}

// Durations is a histogram. The zero value is empty; a copy is a snapshot. It
// belongs to one goroutine.
type Durations struct {
	// Buckets has how many durations fell into each bucket, those of the buckets
	// before it not included. The last is for what exceeds all bounds.
	Buckets [len(bounds) + 1]uint64
	// Sum is all durations added up.
	Sum time.Duration
}

// Add counts d. The short ones are the many, and are found first.
func (h *Durations) Add(d time.Duration) {
	n := 0
	for n < len(bounds) && d > bounds[n] {
		n++
	}
	h.Buckets[n]++
	h.Sum += d
}

// Merge counts what other has counted.
func (h *Durations) Merge(other *Durations) {
	for n, count := range other.Buckets {
		h.Buckets[n] += count
	}
	h.Sum += other.Sum
}

// Count returns how many durations were counted.
func (h Durations) Count() (count uint64) {
	for _, n := range h.Buckets {
		count += n
	}
	return count
}

// Bounds returns the longest duration of each bucket but the last, which has no
// bound. The caller owns the slice.
func (Durations) Bounds() []time.Duration { return slices.Clone(bounds[:]) }

// bucket is one bucket as JSON shows it.
type bucket struct {
	AtMost string `json:"atMost,omitempty"` // empty: without a bound
	Count  uint64 `json:"count"`
}

// MarshalJSON shows the buckets with their bounds.
func (h Durations) MarshalJSON() ([]byte, error) {
	var buckets [len(bounds) + 1]bucket
	for n, count := range h.Buckets {
		buckets[n].Count = count
		if n < len(bounds) {
			buckets[n].AtMost = bounds[n].String()
		}
	}
	return json.Marshal(struct {
		Count   uint64        `json:"count"`
		Sum     time.Duration `json:"sumNanoseconds"`
		Buckets []bucket      `json:"buckets"`
	}{h.Count(), h.Sum, buckets[:]})
}
