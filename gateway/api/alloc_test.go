//go:build !race

package api_test

import "testing"

// What a send allocates beside the body of its message, which is pooled; five are
// the recorder's.
func TestASendAllocatesLittle(t *testing.T) {
	send := sending(t, "")
	if n := testing.AllocsPerRun(100, send); n > 12 {
		t.Errorf("%v allocations, want at most 12", n)
	}
}
