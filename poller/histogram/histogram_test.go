package histogram

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestADurationFallsIntoTheFirstBucketThatItDoesNotExceed(t *testing.T) {
	for _, tc := range []struct {
		d      time.Duration
		bucket int
	}{
		{-1, 0}, // no clock of ours goes back; if one does, the figure stays sound
		{0, 0},
		{bounds[0], 0},
		{bounds[0] + 1, 1},
		{bounds[3], 3},
		{bounds[len(bounds)-1], len(bounds) - 1},
		{bounds[len(bounds)-1] + 1, len(bounds)},
	} {
		var h, want Durations
		h.Add(tc.d)
		want.Buckets[tc.bucket], want.Sum = 1, tc.d
		if h != want {
			t.Errorf("%v gave %v, want it in bucket %d", tc.d, h, tc.bucket)
		}
	}
}

func TestBoundsAscend(t *testing.T) {
	var h Durations
	if got := h.Bounds(); len(got) != len(h.Buckets)-1 || !slices.IsSorted(got) || len(slices.Compact(got)) != len(h.Buckets)-1 {
		t.Errorf("bounds %v", got)
	}
}

func TestMergeAddsUp(t *testing.T) {
	var a, b Durations
	a.Add(time.Microsecond)
	a.Add(time.Minute)
	b.Add(time.Minute)
	a.Merge(&b)
	if a.Count() != 3 || a.Buckets[0] != 1 || a.Buckets[len(bounds)] != 2 || a.Sum != 2*time.Minute+time.Microsecond {
		t.Errorf("merged: %v", a)
	}
}

func TestJSONNamesTheBounds(t *testing.T) {
	var h Durations
	h.Add(30 * time.Microsecond)
	h.Add(time.Minute)
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`{"count":2,"sumNanoseconds":60000030000,`, `{"atMost":"25µs","count":0},{"atMost":"100µs","count":1}`, `{"atMost":"10s","count":0},{"count":1}]}`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	var h Durations
	for b.Loop() {
		h.Add(60 * time.Microsecond)
	}
}
