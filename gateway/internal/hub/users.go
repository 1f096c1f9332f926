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
	users map[string]members[M]

	_ [48]byte // stripes on one cache line would be fought over
}

// stripes is in how many parts users are kept, so that loops which open and
// close sessions seldom meet at one.
const stripes = 64

type members[M comparable] struct {
	first  M
	others *[]M // nil: none
}

// NewUsers returns an empty index.
func NewUsers[M comparable]() *Users[M] { return &Users[M]{seed: maphash.MakeSeed()} }

// Add notes a member of user, and reports whether it could: no user may have
// more than limit; 0 is no limit. It keeps user.
func (u *Users[M]) Add(user string, member M, limit int) bool {
	s := u.stripe(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == nil {
		s.users = make(map[string]members[M])
	}
	m, known := s.users[user]
	switch {
	case known && limit > 0 && m.count() >= limit:
		return false
	case !known:
		m.first = member
	case m.others == nil:
		m.others = &[]M{member}
	default:
		*m.others = append(*m.others, member)
		return true
	}
	s.users[user] = m
	return true
}

// Remove forgets a member of user.
func (u *Users[M]) Remove(user string, member M) {
	s := u.stripe(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.users[user]
	switch {
	case !known:
	case m.others == nil:
		if m.first == member {
			delete(s.users, user)
		}
	default:
		s.users[user] = m.without(member)
	}
}

// Of appends the members of user to dst.
func (u *Users[M]) Of(user string, dst []M) []M {
	s := u.stripe(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.users[user]
	if !known {
		return dst
	}
	dst = append(dst, m.first)
	if m.others != nil {
		dst = append(dst, *m.others...)
	}
	return dst
}

// Len returns the number of users.
func (u *Users[M]) Len() int {
	sum := 0
	for i := range u.stripes {
		s := &u.stripes[i]
		s.mu.Lock()
		sum += len(s.users)
		s.mu.Unlock()
	}
	return sum
}

func (u *Users[M]) stripe(user string) *stripe[M] {
	return &u.stripes[maphash.String(u.seed, user)%stripes]
}

func (m members[M]) count() int {
	if m.others == nil {
		return 1
	}
	return 1 + len(*m.others)
}

// without returns m, which has others, less member.
func (m members[M]) without(member M) members[M] {
	others := *m.others
	at := slices.Index(others, member)
	switch {
	case m.first == member:
		m.first, others = others[len(others)-1], others[:len(others)-1]
	case at >= 0:
		others[at] = others[len(others)-1]
		others = others[:len(others)-1]
	}
	if len(others) == 0 {
		m.others = nil
	} else {
		*m.others = others
	}
	return m
}
