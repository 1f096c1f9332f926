package hub

import (
	"math/rand/v2"
	"testing"
)

// TestRosterAgainstAModel joins, leaves and visits at random, keeping each
// member's seat as a session would.
func TestRosterAgainstAModel(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, seed))
	var roster Roster
	seats := map[uint32]uint32{}
	due := map[uint32]bool{} // the unvisited of the present pass
	moved := func(slot, seat uint32) { seats[slot] = seat }
	next, passes := uint32(0), 0
	for step := range 200_000 {
		switch dice := rng.IntN(100); {
		case dice < 30 && len(seats) < 500 || len(seats) == 0:
			seats[next] = roster.Join(next)
			next++
		case dice < 55:
			for slot, seat := range seats {
				delete(seats, slot)
				delete(due, slot)
				roster.Leave(seat, moved)
				break
			}
		default:
			slot, ok := roster.Next()
			if ok != (len(due) > 0) || ok && !due[slot] {
				t.Fatalf("step %d: Next() = %d, %v with %d members due, of which it is one: %v", step, slot, ok, len(due), due[slot])
			}
			delete(due, slot)
			if !ok {
				roster.Begin()
				passes++
				for slot := range seats {
					due[slot] = true
				}
			}
		}
		if roster.Len() != len(seats) {
			t.Fatalf("step %d: Len() = %d, want %d", step, roster.Len(), len(seats))
		}
	}
	for slot, seat := range seats {
		if roster.slots[seat] != slot {
			t.Fatalf("slot %d is not at its seat %d", slot, seat)
		}
	}
	if passes < 100 {
		t.Errorf("only %d passes", passes)
	}
}

func TestRosterShrinks(t *testing.T) {
	var roster Roster
	for slot := range uint32(10_000) {
		roster.Join(slot)
	}
	for roster.Len() > 0 {
		roster.Leave(uint32(roster.Len()-1), func(uint32, uint32) { t.Error("the last seat is nobody's to take") })
	}
	if got := cap(roster.slots); got > 64 {
		t.Errorf("an emptied roster keeps room for %d", got)
	}
}
