// Package recent remembers what was used not long ago, in bounded memory.
package recent

// Map keeps values by key. It belongs to one goroutine, or to whoever holds its
// owner's lock. The zero Map is not usable: see [New].
//
// The keys are of two generations. A key that is put or found is of the young
// one; when that is full it becomes the old one, and the old one is forgotten. So
// no order is kept, and each operation costs a look-up or two.
type Map[K comparable, V any] struct {
	// Fixed after New.
	size int

	// Owner only.
	young, old map[K]V
}

// New returns a map that always has the last size keys that were used, and never
// more than twice as many. Size is at least 1.
func New[K comparable, V any](size int) *Map[K, V] {
	return &Map[K, V]{size: size}
}

// Get returns the value of a key that is remembered.
func (m *Map[K, V]) Get(key K) (value V, found bool) {
	if value, found = m.young[key]; found {
		return value, true
	}
	if value, found = m.old[key]; found {
		m.Put(key, value)
	}
	return value, found
}

// Put remembers a value, in place of the one before.
func (m *Map[K, V]) Put(key K, value V) {
	if m.young == nil {
		m.young = make(map[K]V)
	}
	m.young[key] = value
	if len(m.young) >= m.size {
		m.old, m.young = m.young, nil
	}
}

// Len returns how many keys are held. One of both generations counts twice.
func (m *Map[K, V]) Len() int { return len(m.young) + len(m.old) }
