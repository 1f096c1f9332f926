package sys

import (
	"math"
	"testing"
	"time"
)

// A wait that the kernel cannot count must not become one without limit.
func TestMilliseconds(t *testing.T) {
	for _, tt := range []struct {
		wait time.Duration
		want int
	}{
		{-1, -1},
		{1, 1},
		{time.Millisecond, 1},
		{time.Millisecond + 1, 2},
		{30 * 24 * time.Hour, math.MaxInt32},
		{math.MaxInt64, math.MaxInt32},
	} {
		if got := milliseconds(tt.wait); got != tt.want {
			t.Errorf("%v: %d ms, want %d", tt.wait, got, tt.want)
		}
	}
}
