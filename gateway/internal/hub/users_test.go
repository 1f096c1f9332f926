package hub

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// patron is a member in tests.
type patron struct {
	user   string
	number int
}

func (p *patron) UserID() string { return p.user }

func TestUsersAgainstAModel(t *testing.T) {
	for _, test := range []struct {
		users, limit int
		joins        float64 // of 2,000 steps each, the share that adds a member
	}{
		{users: 5, limit: 3, joins: 0.5},
		{users: 50, limit: 3, joins: 0.5},
		{users: 3, joins: 0.9},
		{users: 3_000, joins: 0.9},
		{users: 3_000, joins: 0.1},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 7))
			var users Users[*patron]
			want := map[string][]*patron{}
			step := func(joins float64) {
				member := &patron{fmt.Sprint("user ", rng.IntN(test.users)), rng.Int()}
				of := want[member.user]
				if rng.Float64() < joins {
					fits := test.limit == 0 || len(of) < test.limit
					if users.Add(member, test.limit) != fits {
						t.Fatalf("Add to %d members returns %v", len(of), !fits)
					}
					if fits {
						want[member.user] = append(of, member)
					}
				} else if len(of) > 0 {
					at := rng.IntN(len(of))
					users.Remove(of[at])
					if want[member.user] = slices.Delete(of, at, at+1); len(want[member.user]) == 0 {
						delete(want, member.user)
					}
				}
				users.Remove(&patron{user: member.user}) // nobody
				checkUser(t, &users, member.user, want[member.user])
				if users.Len() != len(want) {
					t.Fatalf("Len() = %d, want %d", users.Len(), len(want))
				}
			}
			for range 2_000 {
				step(test.joins)
			}
			for range 2_000 {
				step(1 - test.joins)
			}
			for user, members := range want {
				checkUser(t, &users, user, members)
				for _, member := range members {
					users.Remove(member)
				}
			}
			if users.Len() != 0 {
				t.Errorf("%d users are left when all their members have gone", users.Len())
			}
		})
	}
}

func checkUser(t *testing.T, users *Users[*patron], user string, want []*patron) {
	t.Helper()
	byNumber := func(a, b *patron) int { return a.number - b.number }
	got := users.Of(user, nil)
	slices.SortFunc(got, byNumber)
	slices.SortFunc(want, byNumber)
	if !slices.Equal(got, want) {
		t.Fatalf("members of %s: %v, want %v", user, got, want)
	}
}

// TestRollFootprint holds what the index of users costs, and that it gives memory
// back: a million users take a megabyte for each byte.
// TestUsersGiveTheirMemoryBack after a storm of users with two members each.
func TestUsersGiveTheirMemoryBack(t *testing.T) {
	const count, perUser = 1 << 17, 4 // bytes that may stay
	all := make([]*patron, 2*count)
	for i := range all {
		all[i] = &patron{fmt.Sprint("user ", i/2), i}
	}
	var users Users[*patron]
	before := settledHeap()
	for _, member := range all {
		users.Add(member, 0)
	}
	for _, member := range all {
		users.Remove(member)
	}
	if kept := settledHeap() - before; kept > count*perUser {
		t.Errorf("%d bytes stay of %d users", kept, count)
	}
	runtime.KeepAlive(&users)
	runtime.KeepAlive(all)
}

func TestRollFootprint(t *testing.T) {
	const cell, most = 8 + 4, 20
	var r roll[*patron]
	all := make([]*patron, 10_000)
	for i := range all {
		all[i] = &patron{user: fmt.Sprint("user ", i)}
		r.add(all[i])
		if each := cell * cap(r.members) / (i + 1); i > 100 && each > most {
			t.Fatalf("%d users take %d bytes each, want at most %d", i+1, each, most)
		}
	}
	for i, member := range all {
		r.remove(r.find(member.user))
		if left := len(all) - i - 1; left > 100 && cap(r.members) > 5*left {
			t.Fatalf("%d users have %d cells", left, cap(r.members))
		}
	}
	if r.members != nil || r.hashes != nil {
		t.Errorf("an empty roll keeps %d cells", cap(r.members))
	}
}
