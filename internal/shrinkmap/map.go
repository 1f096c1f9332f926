// Package shrinkmap is a map that gives back the memory of a storm. Go's own keeps the
// room of the most keys that it ever had.
package shrinkmap

import (
	"iter"
	"maps"
)

// Map is a map whose memory follows the number of its keys. It belongs to one
// goroutine, or to whoever holds its owner's lock. The zero value is empty.
type Map[K comparable, V any] struct {
	entries map[K]V
	peak    int // the most keys since entries was made
}

// Get returns the value of key, the zero value if there is none.
func (m *Map[K, V]) Get(key K) V { return m.entries[key] }

// Lookup is Get, and reports whether there is a value.
func (m *Map[K, V]) Lookup(key K) (value V, is bool) {
	value, is = m.entries[key]
	return value, is
}

// Put sets the value of key.
func (m *Map[K, V]) Put(key K, value V) {
	if m.entries == nil {
		m.entries = make(map[K]V)
	}
	m.entries[key] = value
	m.peak = max(m.peak, len(m.entries))
}

const (
	// kept is for how many keys a map may keep its memory for good.
	kept = 64
	// ebb is which part of the most keys are left when the memory of the others is given
	// back. To copy them takes some 5 ms if there were a million, and nobody else is
	// served meanwhile.
	ebb = 16
)

// Delete takes key out, if it is there.
func (m *Map[K, V]) Delete(key K) {
	delete(m.entries, key)
	if m.peak <= kept || len(m.entries) > m.peak/ebb {
		return
	}
	smaller := make(map[K]V, len(m.entries))
	maps.Copy(smaller, m.entries)
	m.entries, m.peak = smaller, len(smaller)
}

// Len returns the number of keys.
func (m *Map[K, V]) Len() int { return len(m.entries) }

// All yields the entries in no order. The map may change meanwhile: a key that is there
// all the while is yielded once.
func (m *Map[K, V]) All() iter.Seq2[K, V] { return maps.All(m.entries) }
