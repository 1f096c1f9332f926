package limit

import (
	"github.com/sluicegate/sluice/gateway/internal/striped"
	"github.com/sluicegate/sluice/internal/shrinkmap"
)

// Keyed is a number for each key, held below one limit. Keys whose number is 0
// cost nothing, however many there were.
type Keyed[K comparable] struct {
	counts striped.Parts[shrinkmap.Map[K, int]] // of the numbers above 0
}

// Take adds one to the number of key and reports whether it stays within most;
// if not, it is left as it was.
func (k *Keyed[K]) Take(key K, most int) (taken bool) {
	striped.With(&k.counts, key, func(counts *shrinkmap.Map[K, int]) {
		n := counts.Get(key)
		if taken = n < most; taken {
			counts.Put(key, n+1)
		}
	})
	return taken
}

// Put takes one off the number of key.
func (k *Keyed[K]) Put(key K) {
	striped.With(&k.counts, key, func(counts *shrinkmap.Map[K, int]) {
		if n := counts.Get(key); n > 1 {
			counts.Put(key, n-1)
		} else {
			counts.Delete(key)
		}
	})
}

// Len returns the number of keys with a number above 0.
func (k *Keyed[K]) Len() (sum int) {
	k.counts.Each(func(counts *shrinkmap.Map[K, int]) { sum += counts.Len() })
	return sum
}
