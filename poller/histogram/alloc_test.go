//go:build !race

package histogram

import (
	"testing"
	"time"
)

func TestAddAllocatesNothing(t *testing.T) {
	var h Durations
	if n := testing.AllocsPerRun(100, func() { h.Add(time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
