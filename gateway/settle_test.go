package gateway

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// TestMemoryIsGivenBackAfterAStorm: garbage that no allocation would have the
// runtime collect is collected when all is quiet, once.
func TestMemoryIsGivenBackAfterAStorm(t *testing.T) {
	forced := []metrics.Sample{{Name: "/gc/cycles/forced:gc-cycles"}}
	cycles := func() uint64 {
		metrics.Read(forced)
		return forced[0].Value.Uint64()
	}
	runtime.GC() // a quarter of what other tests have left may be more than the storm
	s := startSettler(20 * time.Millisecond)
	defer s.stop()
	before := cycles()
	var kept [][]byte
	for range 64 {
		kept = append(kept, make([]byte, 64<<10))
	}
	kept[0][0] = 1
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for cycles() == before {
		if time.Now().After(deadline) {
			t.Fatal("no collection follows the storm")
		}
		<-tick.C
	}
	after := cycles()
	for range 10 {
		<-tick.C
	}
	if more := cycles() - after; more > 1 {
		t.Errorf("%d collections while all was quiet", more)
	}
}
