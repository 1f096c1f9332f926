package shrinkmap

import (
	"maps"
	"math/rand/v2"
	"runtime"
	"testing"
)

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestMemoryIsGivenBack(t *testing.T) {
	const keys, stay = 200_000, 500
	var m Map[int, int]
	before := heap()
	for i := range keys {
		m.Put(i, i)
	}
	full := heap() - before
	for i := range keys - stay {
		m.Delete(i)
	}
	if kept := heap() - before; kept > full/20 {
		t.Errorf("%d bytes are kept for %d of %d keys that took %d", kept, stay, keys, full)
	}
	runtime.KeepAlive(&m)
}

// TestAgainstAMap does to a map of Go's what it does to one of these.
func TestAgainstAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var m Map[int, int]
	model := make(map[int]int)
	for deed := range 200_000 {
		most := 1 + deed/100%1000 // it grows, and then has few keys again
		key := r.IntN(most)
		if r.IntN(3) > 0 {
			m.Put(key, deed)
			model[key] = deed
		} else {
			for range 1000 / most { // keys of the time when there were more
				high := r.IntN(1000)
				m.Delete(high)
				delete(model, high)
			}
		}
		value, is := model[key]
		got, found := m.Lookup(key)
		if got != value || m.Get(key) != value || found != is || m.Len() != len(model) {
			t.Fatalf("deed %d: key %d is %d, %v of %d; want %d, %v of %d", deed, key, got, found, m.Len(), value, is, len(model))
		}
	}
	if !maps.Equal(maps.Collect(m.All()), model) {
		t.Error("All yields something else")
	}
}

func TestEachKeyIsYieldedOnceThoughOthersGo(t *testing.T) {
	const keys, stay = 10_000, 100
	var m Map[int, bool]
	for i := range keys {
		m.Put(i, true)
	}
	seen := make(map[int]int)
	for key := range m.All() {
		seen[key]++
		for i := stay; i < keys; i++ {
			m.Delete(i)
		}
	}
	for i := range stay {
		if seen[i] != 1 {
			t.Errorf("key %d was yielded %d times", i, seen[i])
		}
	}
}
