// Package hub keeps who belongs to what: the members of a group on one loop
// ([Roster]), the groups of a hub and the loops that have members of each
// ([Index]), and the sessions of each user ([Users]).
//
// It knows members as small numbers, the slots of their loop, and nothing of
// sessions or sockets.
package hub

// Roster is the members that one loop has in one group, in no order. It costs
// four bytes a member; the member itself remembers its seat, so leaving takes
// no search. It belongs to its loop. The zero value is empty.
//
// A pass visits every member once, with any number of joins and leaves between
// two visits: those who join during a pass are not visited in it.
type Roster struct {
	slots []uint32
	// Seats from here on were visited by the present pass, or joined since it
	// began. Without a pass it is 0.
	unvisited int
}

// Join adds the member at slot and returns its seat.
func (r *Roster) Join(slot uint32) (seat uint32) {
	r.slots = append(r.slots, slot)
	return uint32(len(r.slots) - 1)
}

// Leave removes the member at seat. Others may take other seats for it: moved
// is called for each, to note the new one.
func (r *Roster) Leave(seat uint32, moved func(slot, seat uint32)) {
	hole := int(seat)
	if hole < r.unvisited {
		// The hole is filled from the unvisited, so that nobody is visited twice.
		r.unvisited--
		r.fill(hole, r.unvisited, moved)
		hole = r.unvisited
	}
	last := len(r.slots) - 1
	r.fill(hole, last, moved)
	r.slots = r.slots[:last]
	if cap(r.slots) > 64 && last < cap(r.slots)/4 {
		r.slots = append(make([]uint32, 0, cap(r.slots)/2), r.slots...)
	}
}

// fill moves the member at seat from to the seat hole.
func (r *Roster) fill(hole, from int, moved func(slot, seat uint32)) {
	if hole == from {
		return
	}
	r.slots[hole] = r.slots[from]
	moved(r.slots[hole], uint32(hole))
}

// Begin starts a pass over the present members.
func (r *Roster) Begin() { r.unvisited = len(r.slots) }

// Next returns the slot of a member that the pass has not visited; ok is false
// when there is none left.
func (r *Roster) Next() (slot uint32, ok bool) {
	if r.unvisited == 0 {
		return 0, false
	}
	r.unvisited--
	return r.slots[r.unvisited], true
}

// Awaits reports whether the present pass is yet to visit the member at seat.
func (r *Roster) Awaits(seat uint32) bool { return int(seat) < r.unvisited }

// Len returns the number of members.
func (r *Roster) Len() int { return len(r.slots) }
