package hub

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestLeavingACrowdCostsNoMore compares what it costs to take out a member of a user
// that has many, such as the guest that all visitors are, and very many.
func TestLeavingACrowdCostsNoMore(t *testing.T) {
	leaving := func(crowd int) time.Duration {
		var users Users[*patron]
		members := make([]*patron, crowd)
		for i := range members {
			members[i] = &patron{"guest", i}
			users.Add(members[i], 0)
		}
		rand.Shuffle(crowd, func(i, j int) { members[i], members[j] = members[j], members[i] })
		const leave = 500
		began := time.Now()
		for _, m := range members[:leave] {
			users.Remove(m)
		}
		took := time.Since(began)
		for _, m := range members[leave:] {
			users.Remove(m)
		}
		if users.Len() != 0 {
			t.Fatalf("%d users are left", users.Len())
		}
		return took
	}
	const tries, most = 5, 16
	for range tries { // others may take the processor meanwhile
		few, many := leaving(1_000), leaving(64_000)
		if many < most*few {
			return
		}
		t.Logf("%v of 1,000, %v of 64,000", few, many)
	}
	t.Errorf("64 times the members make it more than %d times as costly", most)
}
