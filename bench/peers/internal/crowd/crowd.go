// Package crowd keeps the connections that a peer broadcasts to.
package crowd

import "sync"

// Crowd is a set of connections. Its methods may be called from any goroutine.
type Crowd[C comparable] struct {
	// Guarded by mu.
	mu      sync.RWMutex
	members []C
	places  map[C]int // in members
}

// New returns an empty crowd.
func New[C comparable]() *Crowd[C] { return &Crowd[C]{places: make(map[C]int)} }

// Join adds c.
func (all *Crowd[C]) Join(c C) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.places[c] = len(all.members)
	all.members = append(all.members, c)
}

// Leave removes c, if it is there.
func (all *Crowd[C]) Leave(c C) {
	all.mu.Lock()
	defer all.mu.Unlock()
	place, found := all.places[c]
	if !found {
		return
	}
	last := all.members[len(all.members)-1]
	all.members[place], all.places[last] = last, place
	all.members = all.members[:len(all.members)-1]
	delete(all.places, c)
}

// Others calls send for each member but one. send must neither join nor leave.
func (all *Crowd[C]) Others(than C, send func(C)) {
	all.mu.RLock()
	defer all.mu.RUnlock()
	for _, c := range all.members {
		if c != than {
			send(c)
		}
	}
}
