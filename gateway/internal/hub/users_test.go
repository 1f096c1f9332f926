package hub

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestUsersAgainstAModel(t *testing.T) {
	const limit = 3
	rng := rand.New(rand.NewPCG(7, 7))
	var users Users[int]
	want := map[string][]int{}
	for member := range 20_000 {
		user := fmt.Sprint("user ", rng.IntN(50))
		if rng.IntN(2) == 0 {
			added := users.Add(user, member, limit)
			if added != (len(want[user]) < limit) {
				t.Fatalf("Add to %d members returns %v", len(want[user]), added)
			}
			if added {
				want[user] = append(want[user], member)
			}
		} else if of := want[user]; len(of) > 0 {
			at := rng.IntN(len(of))
			users.Remove(user, of[at])
			if want[user] = slices.Delete(of, at, at+1); len(want[user]) == 0 {
				delete(want, user)
			}
		}
		users.Remove(user, -1) // nobody
		got := users.Of(user, nil)
		slices.Sort(got)
		slices.Sort(want[user])
		if !slices.Equal(got, want[user]) {
			t.Fatalf("members of %s: %v, want %v", user, got, want[user])
		}
		if users.Len() != len(want) {
			t.Fatalf("Len() = %d, want %d", users.Len(), len(want))
		}
	}
}
