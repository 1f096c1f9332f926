//go:build !race

package gateway_test

import (
	"runtime"
	"testing"

	"github.com/sluicegate/sluice/gateway"
)

// TestInlineEchoAllocatesNothing counts the allocations of the whole process,
// the client's among them, which makes none.
func TestInlineEchoAllocatesNothing(t *testing.T) {
	const batches, inFlight = 1000, 100
	assertNoAllocations(t, newPipeline(t, gateway.Inline, inFlight), batches, inFlight)
}

// TestCompressedEchoAllocatesNothing is the same with messages that are inflated
// and compressed. Pools that a collection empties are filled again.
func TestCompressedEchoAllocatesNothing(t *testing.T) {
	const batches, inFlight = 300, 30
	for _, d := range dispatches {
		t.Run(d.name, func(t *testing.T) {
			assertNoAllocations(t, newCompressedPipeline(t, d.mode, inFlight), batches, inFlight)
		})
	}
}

func assertNoAllocations(t *testing.T, p *pipeline, batches, inFlight int) {
	t.Helper()
	for range 100 {
		p.run(t) // pools fill, slices grow
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range batches {
		p.run(t)
	}
	runtime.ReadMemStats(&after)
	if each := float64(after.Mallocs-before.Mallocs) / float64(batches*inFlight); each >= 0.01 {
		t.Errorf("%.4f allocations per message, want less than 0.01", each)
	}
}
