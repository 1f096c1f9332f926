package limit

import "github.com/sluicegate/sluice/gateway/internal/striped"

// Keyed is a number for each key, held below one limit. Keys whose number is 0
// cost nothing.
type Keyed[K comparable] struct {
	counts striped.Parts[map[K]int]
}

// Take adds one to the number of key and reports whether it stays within most;
// if not, it is left as it was.
func (k *Keyed[K]) Take(key K, most int) (taken bool) {
	striped.With(&k.counts, key, func(counts *map[K]int) {
		n := (*counts)[key]
		if taken = n < most; !taken {
			return
		}
		if *counts == nil {
			*counts = make(map[K]int)
		}
		(*counts)[key] = n + 1
	})
	return taken
}

// Put takes one off the number of key.
func (k *Keyed[K]) Put(key K) {
	striped.With(&k.counts, key, func(counts *map[K]int) {
		if n := (*counts)[key]; n > 1 {
			(*counts)[key] = n - 1
		} else {
			delete(*counts, key)
		}
	})
}

// Len returns the number of keys with a number above 0.
func (k *Keyed[K]) Len() (sum int) {
	k.counts.Each(func(counts *map[K]int) { sum += len(*counts) })
	return sum
}
