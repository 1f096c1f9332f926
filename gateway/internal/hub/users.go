package hub

import (
	"hash/maphash"
	"slices"
	"sync"
)

// Users are the members of each user, whatever a member is. Most users have
// one, which costs the map's entry and no more. Its methods may be called from
// any goroutine. Make one with [NewUsers].
type Users[M comparable] struct {
	// Fixed.
	seed maphash.Seed

	stripes [stripes]stripe[M]
}

type stripe[M comparable] struct {
	// Guarded by mu.
	mu    sync.Mutex
	first map[string]M   // one member of each user
	more  map[string][]M // and the others, of users who have some

	_ [40]byte // stripes on one cache line would be fought over
}

// stripes is in how many parts users are kept, so that loops which open and
// close sessions seldom meet at one.
const stripes = 64

// NewUsers returns an empty index.
func NewUsers[M comparable]() *Users[M] { return &Users[M]{seed: maphash.MakeSeed()} }

// Add notes a member of user, and reports whether it could: no user may have
// more than limit; 0 is no limit. It keeps user.
func (u *Users[M]) Add(user string, member M, limit int) bool {
	s := u.stripe(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.first[user]; !known {
		if s.first == nil {
			s.first, s.more = make(map[string]M), make(map[string][]M)
		}
		s.first[user] = member
		return true
	}
	others := s.more[user]
	if limit > 0 && 1+len(others) >= limit {
		return false
	}
	s.more[user] = append(others, member)
	return true
}

// Remove forgets a member of user.
func (u *Users[M]) Remove(user string, member M) {
	s := u.stripe(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	first, known := s.first[user]
	others := s.more[user]
	at := slices.Index(others, member)
	switch {
	case !known || first != member && at < 0:
		return
	case len(others) == 0:
		delete(s.first, user)
		return
	case first == member:
		s.first[user], at = others[0], 0
	}
	others[at] = others[len(others)-1]
	if others = others[:len(others)-1]; len(others) == 0 {
		delete(s.more, user)
	} else {
		s.more[user] = others
	}
}

// Of appends the members of user to dst.
func (u *Users[M]) Of(user string, dst []M) []M {
	s := u.stripe(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	first, known := s.first[user]
	if !known {
		return dst
	}
	return append(append(dst, first), s.more[user]...)
}

// Len returns the number of users.
func (u *Users[M]) Len() int {
	sum := 0
	for i := range u.stripes {
		s := &u.stripes[i]
		s.mu.Lock()
		sum += len(s.first)
		s.mu.Unlock()
	}
	return sum
}

func (u *Users[M]) stripe(user string) *stripe[M] {
	return &u.stripes[maphash.String(u.seed, user)%stripes]
}
