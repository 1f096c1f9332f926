package hub

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sluicegate/sluice/internal/shrinkmap"
)

// Index is the groups of one hub, by name. A group is there while somebody
// holds a part of it: a loop that has members, or a join on its way to a loop.
// Its methods may be called from any goroutine. The zero value is empty.
type Index struct {
	// Guarded by mu.
	mu     sync.RWMutex
	groups shrinkmap.Map[string, *Group]
}

// Group is a named set of members on some loops.
type Group struct {
	// Fixed.
	name string

	// Guarded by the index's mu.
	parts []part // sorted by loop

	// Held while something is told to all loops of the group, so that every
	// loop is told in one order.
	order sync.Mutex

	// Atomic.
	members atomic.Int64
}

// part is what one loop has of a group.
type part struct {
	loop  int
	holds int
}

// Name returns the group's name.
func (g *Group) Name() string { return g.name }

// Members returns the number of members on all loops.
func (g *Group) Members() int { return int(g.members.Load()) }

// AddMembers notes that n members have come, or gone if n is negative.
func (g *Group) AddMembers(n int) { g.members.Add(int64(n)) }

// Hold returns the group of that name, making it if need be, and keeps loop a
// part of it until Drop is called as often.
func (x *Index) Hold(name string, loop int) *Group {
	x.mu.Lock()
	defer x.mu.Unlock()
	g := x.groups.Get(name)
	if g == nil {
		// A copy: the name may be a part of a whole request or message.
		g = &Group{name: strings.Clone(name)}
		x.groups.Put(g.name, g)
	}
	at, found := g.part(loop)
	if !found {
		g.parts = slices.Insert(g.parts, at, part{loop: loop})
	}
	g.parts[at].holds++
	return g
}

// Drop takes one Hold back. A group that nobody holds is forgotten.
func (x *Index) Drop(g *Group, loop int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at, found := g.part(loop)
	if !found {
		panic("hub: a group was dropped more often than held")
	}
	g.parts[at].holds--
	if g.parts[at].holds > 0 {
		return
	}
	g.parts = slices.Delete(g.parts, at, at+1)
	if len(g.parts) == 0 {
		x.groups.Delete(g.name)
	}
}

func (g *Group) part(loop int) (at int, found bool) {
	return slices.BinarySearchFunc(g.parts, loop, func(p part, loop int) int { return p.loop - loop })
}

// Tell calls tell for each loop that holds the group of that name, and reports
// whether there is one. What is told by several goroutines at once reaches all
// loops in one order. tell must not block, nor use the index.
func (x *Index) Tell(name string, tell func(g *Group, loop int)) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	g := x.groups.Get(name)
	if g == nil {
		return false
	}
	g.order.Lock()
	defer g.order.Unlock()
	for _, p := range g.parts {
		tell(g, p.loop)
	}
	return true
}

// Find returns the group of that name, or nil.
func (x *Index) Find(name string) *Group {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.groups.Get(name)
}

// Len returns the number of groups.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.groups.Len()
}

// namesAtOnce is how many names are looked at before those who wait for the
// index have their turn: some 300 µs.
const namesAtOnce = 1024

// Names returns up to limit names of groups that come after one in sorted order.
// Groups that are there all the while are never left out.
func (x *Index) Names(after string, limit int) []string {
	if limit <= 0 {
		return nil
	}
	var found []string // the first of those seen, and up to limit more
	last := ""         // none after it is among the first; empty: not known yet
	seen := 0
	x.mu.RLock()
	for name := range x.groups.All() {
		if name > after && (last == "" || name < last) {
			found = append(found, name)
		}
		seen++
		full := len(found) == 2*limit
		if !full && seen%namesAtOnce != 0 {
			continue
		}
		x.mu.RUnlock() // a map may change between two steps of a range
		if full {
			slices.Sort(found)
			found, last = found[:limit], found[limit-1]
		}
		x.mu.RLock()
	}
	x.mu.RUnlock()
	slices.Sort(found)
	return found[:min(limit, len(found))]
}
