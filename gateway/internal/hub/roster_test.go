package hub

import (
	"math/rand/v2"
	"testing"
)

// TestRosterAgainstAModel joins and leaves at random, keeping each member's
// seat as a session would.
func TestRosterAgainstAModel(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, seed))
	var roster Roster
	seats := map[uint32]uint32{}
	next := uint32(0)
	for step := range 50_000 {
		if rng.IntN(100) < 55 && len(seats) < 2000 || len(seats) == 0 {
			seats[next] = roster.Join(next)
			next++
		} else {
			for slot, seat := range seats {
				delete(seats, slot)
				if moved, ok := roster.Leave(seat); ok {
					seats[moved] = seat
				}
				break
			}
		}
		if roster.Len() != len(seats) {
			t.Fatalf("seed %d, step %d: Len() = %d, want %d", seed, step, roster.Len(), len(seats))
		}
	}
	for slot, seat := range seats {
		if roster.Slots()[seat] != slot {
			t.Fatalf("slot %d is not at its seat %d", slot, seat)
		}
	}
}

func TestRosterShrinks(t *testing.T) {
	var roster Roster
	for slot := range uint32(10_000) {
		roster.Join(slot)
	}
	for roster.Len() > 0 {
		roster.Leave(uint32(roster.Len() - 1))
	}
	if got := cap(roster.slots); got > 64 {
		t.Errorf("an emptied roster keeps room for %d", got)
	}
}
