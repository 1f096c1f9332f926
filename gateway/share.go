package gateway

import "github.com/sluicegate/sluice/gateway/internal/hub"

// share is what one loop has of a group, or of everyone of a hub: the members
// that live there, and the messages on their way to them.
type share struct {
	// Fixed.
	hub   *Hub
	group *hub.Group // nil: everyone
	class *class
	scope uint64 // of its messages' keys; no other share ever has it

	// Loop only.
	members hub.Roster
	pending []*publication
	bytes   int            // of pending
	late    map[uint32]int // how many were pending when the member at a slot came, if any were
	pass    *pass          // under way; nil: none
	timed   bool           // a window is open
	due     bool           // pending is to be sent
	listed  bool           // stands in the loop's list
}

// pass is the messages that are being sent to the members of a share, and late
// as it was in the share when the pass began.
type pass struct {
	batch
	late map[uint32]int
}

// openShare returns the number of the loop's share of a group. It keeps the hold
// that the caller has on the group if the share is new, which it reports.
func (s *shard) openShare(h *Hub, group *hub.Group) (number uint32, opened bool) {
	if number, ok := s.shareOf.Lookup(group); ok {
		return number, false
	}
	number = s.newShare(share{hub: h, group: group, class: h.classOf(group.Name())})
	s.shareOf.Put(group, number)
	return number, true
}

// newShare gives a share a number, which others had before, and a scope, which
// nobody had.
func (s *shard) newShare(sh share) (number uint32) {
	s.scopes++
	sh.scope = s.scopes
	number = s.shareSlots.Take()
	*s.shares.Claim(number) = sh
	return number
}

// closeShare forgets the share of a group, if it has no members here and no pass.
func (s *shard) closeShare(number uint32) {
	sh := s.shares.At(number)
	if sh.listed || sh.members.Len() > 0 {
		return
	}
	s.abandon(sh)
	if sh.group == nil {
		return // the share of everyone stays
	}
	group, h := sh.group, sh.hub
	s.shareOf.Delete(group)
	s.shares.Release(number)
	s.shareSlots.Put(number)
	h.groups.Drop(group, s.loop.Index())
}

// seatMoved notes a member's new seat.
func (s *shard) seatMoved(number, slot, seat uint32) {
	x := s.sessions.At(slot)
	if s.shares.At(number).group == nil {
		x.seat = seat
		return
	}
	s.memberships.find(x.profile.list(), number).seat = seat
}

// joinShare makes the session at slot a member and returns its seat.
func (s *shard) joinShare(number, slot uint32) (seat uint32) {
	sh := s.shares.At(number)
	if len(sh.pending) > 0 {
		if sh.late == nil {
			sh.late = make(map[uint32]int)
		}
		sh.late[slot] = len(sh.pending)
	}
	return sh.members.Join(slot)
}

// leaveShare ends the membership of the session at slot.
func (s *shard) leaveShare(number, slot, seat uint32) {
	sh := s.shares.At(number)
	delete(sh.late, slot)
	if sh.pass != nil {
		delete(sh.pass.late, slot)
	}
	sh.members.Leave(seat, func(slot, seat uint32) { s.seatMoved(number, slot, seat) })
	s.closeShare(number)
}
