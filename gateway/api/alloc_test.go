//go:build !race

package api_test

import "testing"

// The body of a message is pooled, and what else a send needs is small.
func TestASendAllocatesLittle(t *testing.T) {
	if n := testing.AllocsPerRun(100, sending(t, silentHubs{}, "")); n > 8 {
		t.Errorf("%v allocations, want at most 8", n)
	}
}
