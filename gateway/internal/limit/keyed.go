package limit

import (
	"hash/maphash"
	"sync"
)

// Keyed is a number for each key, held below one limit. Keys whose number is 0
// cost nothing.
type Keyed[K comparable] struct {
	stripes [stripes]struct {
		// Guarded by mu.
		mu     sync.Mutex
		counts map[K]int

		_ [48]byte // stripes on one cache line would be fought over
	}
}

// stripes is in how many parts the keys are kept, so that loops seldom meet at
// one.
const stripes = 64

// seed is of all hashes; it keeps peers from choosing keys that meet.
var seed = maphash.MakeSeed()

// Take adds one to the number of key and reports whether it stays within most;
// if not, it is left as it was.
func (k *Keyed[K]) Take(key K, most int) bool {
	s := &k.stripes[maphash.Comparable(seed, key)%stripes]
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.counts[key]
	if n >= most {
		return false
	}
	if s.counts == nil {
		s.counts = make(map[K]int)
	}
	s.counts[key] = n + 1
	return true
}

// Put takes one off the number of key.
func (k *Keyed[K]) Put(key K) {
	s := &k.stripes[maphash.Comparable(seed, key)%stripes]
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.counts[key]; n > 1 {
		s.counts[key] = n - 1
	} else {
		delete(s.counts, key)
	}
}

// Len returns the number of keys with a number above 0.
func (k *Keyed[K]) Len() int {
	sum := 0
	for i := range k.stripes {
		s := &k.stripes[i]
		s.mu.Lock()
		sum += len(s.counts)
		s.mu.Unlock()
	}
	return sum
}
