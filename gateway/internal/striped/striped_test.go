package striped

import (
	"sync"
	"testing"
)

// TestCountsFromManyGoroutines: each key has one part, which one goroutine at a
// time uses, and Each misses none.
func TestCountsFromManyGoroutines(t *testing.T) {
	const goroutines, keys, rounds = 8, 500, 20
	var p Parts[map[int]int]
	var counting sync.WaitGroup
	for range goroutines {
		counting.Go(func() {
			for n := range keys * rounds {
				With(&p, n%keys, func(counts *map[int]int) {
					if *counts == nil {
						*counts = make(map[int]int)
					}
					(*counts)[n%keys]++
				})
			}
		})
	}
	counting.Wait()
	seen, used := 0, 0
	p.Each(func(counts *map[int]int) {
		seen += len(*counts)
		if len(*counts) > 0 {
			used++
		}
		for key, n := range *counts {
			if n != goroutines*rounds {
				t.Errorf("key %d was counted %d times, want %d", key, n, goroutines*rounds)
			}
		}
	})
	if seen != keys || used < parts/2 {
		t.Errorf("%d keys in %d parts, want %d in most of %d", seen, used, keys, parts)
	}
}
