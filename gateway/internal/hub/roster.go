// Package hub keeps who belongs to a hub, per loop.
//
// It knows members as small numbers, the slots of their loop, and nothing of
// sessions or sockets.
package hub

// Roster is the members that one loop has in one hub, in no order. It costs
// four bytes a member; the member itself remembers its seat, so leaving takes
// no search. It belongs to its loop. The zero value is empty.
type Roster struct {
	slots []uint32
}

// Join adds the member at slot and returns its seat.
func (r *Roster) Join(slot uint32) (seat uint32) {
	r.slots = append(r.slots, slot)
	return uint32(len(r.slots) - 1)
}

// Leave removes the member at seat. The last member takes the empty seat: if
// there is one, moved is its slot, and its seat must be noted.
func (r *Roster) Leave(seat uint32) (moved uint32, ok bool) {
	last := len(r.slots) - 1
	moved, ok = r.slots[last], int(seat) != last
	r.slots[seat] = moved
	r.slots = r.slots[:last]
	if cap(r.slots) > 64 && last < cap(r.slots)/4 {
		r.slots = append(make([]uint32, 0, cap(r.slots)/2), r.slots...)
	}
	return moved, ok
}

// Slots returns the members' slots. The caller borrows them until the next
// Join or Leave.
func (r *Roster) Slots() []uint32 { return r.slots }

// Len returns the number of members.
func (r *Roster) Len() int { return len(r.slots) }
