package subprotocol_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sluicegate/sluice/gateway/subprotocol"
)

func TestAcksRememberTheLastThousand(t *testing.T) {
	var acks subprotocol.Acks
	if acks.Succeeded(0) || acks.Succeeded(1) {
		t.Fatal("an id succeeded before any request")
	}
	for id := uint64(1); id <= 2500; id++ {
		if acks.Succeeded(id) {
			t.Fatalf("%d succeeded before it came", id)
		}
		acks.Add(id)
	}
	for _, tc := range []struct {
		id   uint64
		want bool
	}{{1, false}, {1500, false}, {1501, true}, {2500, true}, {2501, false}} {
		if got := acks.Succeeded(tc.id); got != tc.want {
			t.Errorf("%d succeeded: %v, want %v", tc.id, got, tc.want)
		}
	}
}

// Whatever ids a client chooses, Acks agrees with a plain list.
func TestAcksAgainstAList(t *testing.T) {
	for _, tc := range []struct {
		name string
		next func(r *rand.Rand, i uint64) uint64
	}{
		{"ascending with failures", func(r *rand.Rand, i uint64) uint64 { return i*3 + r.Uint64N(3) }},
		{"out of order", func(r *rand.Rand, i uint64) uint64 { return i + r.Uint64N(8) }},
		{"few", func(r *rand.Rand, _ uint64) uint64 { return r.Uint64N(1500) }},
		{"any", func(r *rand.Rand, _ uint64) uint64 { return r.Uint64() }},
		{"descending", func(_ *rand.Rand, i uint64) uint64 { return 1<<64 - 1 - i }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			var acks subprotocol.Acks
			var list []uint64
			for i := range uint64(5000) {
				id := tc.next(random, i)
				want := slices.Contains(list, id)
				if got := acks.Succeeded(id); got != want {
					t.Fatalf("request %d: %d succeeded: %v, want %v", i, id, got, want)
				}
				if want {
					continue
				}
				acks.Add(id)
				if list = append(list, id); len(list) > 1000 {
					list = list[1:]
				}
			}
			for _, id := range list {
				if !acks.Succeeded(id) {
					t.Errorf("%d is forgotten", id)
				}
			}
		})
	}
}
