package gateway

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// forcedCycles counts the collections that somebody has asked for.
func forcedCycles() uint64 {
	forced := []metrics.Sample{{Name: "/gc/cycles/forced:gc-cycles"}}
	metrics.Read(forced)
	return forced[0].Value.Uint64()
}

// storm leaves 4 MiB of garbage.
func storm() {
	var kept [][]byte
	for range 64 {
		kept = append(kept, make([]byte, 64<<10))
	}
	kept[0][0] = 1
}

// awaitSettling waits for a collection after so many, and calls meanwhile every
// 20 ms.
func awaitSettling(t *testing.T, before uint64, meanwhile func()) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for forcedCycles() == before {
		if time.Now().After(deadline) {
			t.Fatal("no collection follows the storm")
		}
		<-tick.C
		meanwhile()
	}
}

// TestMemoryIsGivenBackAfterAStorm: garbage that no allocation would have the
// runtime collect is collected when all is quiet, once.
func TestMemoryIsGivenBackAfterAStorm(t *testing.T) {
	runtime.GC() // a quarter of what other tests have left may be more than the storm
	s := startSettler(20 * time.Millisecond)
	defer s.stop()
	before := forcedCycles()
	storm()
	awaitSettling(t, before, func() {})
	after := forcedCycles()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 10 {
		<-tick.C
	}
	if more := forcedCycles() - after; more > 1 {
		t.Errorf("%d collections while all was quiet", more)
	}
}

// TestMemoryIsGivenBackWhileSomebodyLooks: what a status page takes, a few times in
// each interval, is no storm.
func TestMemoryIsGivenBackWhileSomebodyLooks(t *testing.T) {
	runtime.GC()
	s := startSettler(40 * time.Millisecond)
	defer s.stop()
	before := forcedCycles()
	storm()
	var page []byte
	awaitSettling(t, before, func() { page = make([]byte, 400<<10) })
	runtime.KeepAlive(page)
}
