// Package striped keeps a map in parts, each behind a lock of its own, so that
// loops which open and close sessions seldom meet at one.
package striped

import (
	"hash/maphash"
	"sync"
)

// Parts is a value for each part of a keyed whole, most often a map. Its methods
// may be called from any goroutine. The zero value has zero values.
type Parts[V any] [parts]struct {
	// Guarded by mu.
	mu    sync.Mutex
	value V

	_ [40]byte // parts on one cache line would be fought over
}

const parts = 64

// seed is of all hashes; it keeps peers from choosing keys that meet.
var seed = maphash.MakeSeed()

// With calls use with the part that key belongs to, which use must not keep.
func With[V any, K comparable](p *Parts[V], key K, use func(*V)) {
	part := &p[maphash.Comparable(seed, key)%parts]
	part.mu.Lock()
	defer part.mu.Unlock()
	use(&part.value)
}

// Each calls use with every part, one after the other.
func (p *Parts[V]) Each(use func(*V)) {
	for i := range p {
		p[i].mu.Lock()
		use(&p[i].value)
		p[i].mu.Unlock()
	}
}
