package bench

import (
	"math"
	"testing"
	"time"
)

func TestRamp(t *testing.T) {
	r := ramp{pace: 100, over: 10 * time.Second}
	for _, test := range []struct {
		elapsed time.Duration
		want    int
	}{
		{0, 1}, {time.Second, 6}, {5 * time.Second, 126}, {10 * time.Second, 501}, {11 * time.Second, 601},
	} {
		if got := r.due(test.elapsed); got != test.want {
			t.Errorf("after %v: %d are due, want %d", test.elapsed, got, test.want)
		}
	}
	for n := range 2000 { // what at says, due and wait hold to
		at := r.at(n)
		if due := r.due(at + time.Microsecond); due < n+1 || due > n+2 {
			t.Fatalf("event %d is at %v, and then %d are due", n, at, due)
		}
		if wait := r.wait(at-time.Millisecond, n); at > time.Millisecond && wait != time.Millisecond {
			t.Fatalf("event %d at %v is waited for %v", n, at, wait)
		}
	}
	if flat := (ramp{pace: 100}); flat.due(time.Second) != 101 || flat.at(100) != time.Second {
		t.Errorf("without a ramp %d are due after a second", flat.due(time.Second))
	}
	if free := (ramp{over: time.Second}); free.due(0) != math.MaxInt || free.wait(0, 5) != 0 {
		t.Error("without a limit there is a wait")
	}
}
