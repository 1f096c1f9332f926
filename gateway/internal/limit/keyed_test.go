package limit

import (
	"runtime"
	"testing"
)

// TestKeyedGivesItsMemoryBack has a storm from as many addresses as an attacker has.
func TestKeyedGivesItsMemoryBack(t *testing.T) {
	const keys, stay = 200_000, 500
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	var k Keyed[int]
	before := heap()
	for i := range keys {
		k.Take(i, 1)
	}
	full := heap() - before
	for i := range keys - stay {
		k.Put(i)
	}
	if kept := heap() - before; kept > full/20 || k.Len() != stay {
		t.Errorf("%d bytes are kept for %d of %d keys that took %d", kept, k.Len(), keys, full)
	}
	for i := range keys {
		if taken, want := k.Take(i, 1), i < keys-stay; taken != want {
			t.Fatalf("key %d: %v", i, taken)
		}
	}
	runtime.KeepAlive(&k)
}
