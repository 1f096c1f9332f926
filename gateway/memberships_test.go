package gateway

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMembershipsAgainstAModel(t *testing.T) {
	const sessions = 5
	rng := rand.New(rand.NewPCG(3, 3))
	var m memberships
	m.reserve()
	var lists [sessions]uint32
	var want [sessions][]membership // the latest first, without next
	for range 20_000 {
		i, share := rng.IntN(sessions), rng.Uint32N(30)
		at := slices.IndexFunc(want[i], func(of membership) bool { return of.share == share })
		found := m.find(lists[i], share)
		if (found != nil) != (at >= 0) || found != nil && found.seat != want[i][at].seat {
			t.Fatalf("session %d has membership %v in share %d, want %v", i, found, share, want[i])
		}
		if at < 0 {
			seat := rng.Uint32()
			m.add(&lists[i], share, seat)
			want[i] = slices.Insert(want[i], 0, membership{share: share, seat: seat})
		} else {
			m.remove(&lists[i], share)
			want[i] = slices.Delete(want[i], at, at+1)
		}
		var got []membership
		for of := range m.of(lists[i]) {
			got = append(got, membership{share: of.share, seat: of.seat})
		}
		if !slices.Equal(got, want[i]) || m.count(lists[i]) != len(want[i]) {
			t.Fatalf("session %d has %v, want %v", i, got, want[i])
		}
	}
	for i := range lists {
		for of := range m.of(lists[i]) {
			m.remove(&lists[i], of.share)
		}
	}
	if m.slots.Used() != 1 || m.table.Held() != 0 {
		t.Errorf("when all have left, %d numbers are taken and memory is held for %d, want 1 and 0", m.slots.Used(), m.table.Held())
	}
}
