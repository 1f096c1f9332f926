package hub

import (
	"slices"

	"github.com/sluicegate/sluice/gateway/internal/striped"
)

// Users are the members of each user, whatever a member is. Most users have
// one, which costs the map's entry and no more. Its methods may be called from
// any goroutine. The zero value is empty.
type Users[M comparable] struct {
	parts striped.Parts[users[M]]
}

type users[M comparable] struct {
	first map[string]M   // one member of each user
	more  map[string][]M // and the others, of users who have some
}

// Add notes a member of user, and reports whether it could: no user may have
// more than limit; 0 is no limit. It keeps user.
func (u *Users[M]) Add(user string, member M, limit int) (added bool) {
	striped.With(&u.parts, user, func(p *users[M]) { added = p.add(user, member, limit) })
	return added
}

// Remove forgets a member of user.
func (u *Users[M]) Remove(user string, member M) {
	striped.With(&u.parts, user, func(p *users[M]) { p.remove(user, member) })
}

// Of appends the members of user to dst.
func (u *Users[M]) Of(user string, dst []M) []M {
	striped.With(&u.parts, user, func(p *users[M]) {
		if first, known := p.first[user]; known {
			dst = append(append(dst, first), p.more[user]...)
		}
	})
	return dst
}

// Len returns the number of users.
func (u *Users[M]) Len() (sum int) {
	u.parts.Each(func(p *users[M]) { sum += len(p.first) })
	return sum
}

func (p *users[M]) add(user string, member M, limit int) bool {
	if _, known := p.first[user]; !known {
		if p.first == nil {
			p.first, p.more = make(map[string]M), make(map[string][]M)
		}
		p.first[user] = member
		return true
	}
	others := p.more[user]
	if limit > 0 && 1+len(others) >= limit {
		return false
	}
	p.more[user] = append(others, member)
	return true
}

func (p *users[M]) remove(user string, member M) {
	first, known := p.first[user]
	others := p.more[user]
	at := slices.Index(others, member)
	switch {
	case !known || first != member && at < 0:
		return
	case len(others) == 0:
		delete(p.first, user)
		return
	case first == member:
		p.first[user], at = others[0], 0
	}
	others[at] = others[len(others)-1]
	if others = others[:len(others)-1]; len(others) == 0 {
		delete(p.more, user)
	} else {
		p.more[user] = others
	}
}
