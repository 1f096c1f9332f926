package hub

import (
	"github.com/sluicegate/sluice/gateway/internal/striped"
	"github.com/sluicegate/sluice/internal/shrinkmap"
)

// Users are the members of each user. Most users have one, which costs a cell of a
// [roll] and no more. Its methods may be called from any goroutine. The zero value is
// empty.
type Users[M Member] struct {
	parts striped.Parts[users[M]]
}

type users[M Member] struct {
	first roll[M]                          // one member of each user
	more  shrinkmap.Map[string, *crowd[M]] // and the others, of users who have some
}

// Add notes a member of its user, and reports whether it could: no user may have
// more than limit; 0 is no limit.
func (u *Users[M]) Add(member M, limit int) (added bool) {
	striped.With(&u.parts, member.UserID(), func(p *users[M]) { added = p.add(member, limit) })
	return added
}

// Remove forgets a member.
func (u *Users[M]) Remove(member M) {
	striped.With(&u.parts, member.UserID(), func(p *users[M]) { p.remove(member) })
}

// Of appends the members of user to dst.
func (u *Users[M]) Of(user string, dst []M) []M {
	striped.With(&u.parts, user, func(p *users[M]) {
		if at := p.first.find(user); at >= 0 {
			dst = append(dst, p.first.members[at])
			if others := p.more.Get(user); others != nil {
				dst = append(dst, others.members...)
			}
		}
	})
	return dst
}

// Len returns the number of users.
func (u *Users[M]) Len() (sum int) {
	u.parts.Each(func(p *users[M]) { sum += p.first.used })
	return sum
}

func (p *users[M]) add(member M, limit int) bool {
	user := member.UserID()
	if p.first.find(user) < 0 {
		p.first.add(member)
		return true
	}
	others := p.more.Get(user)
	if others == nil {
		if limit == 1 {
			return false
		}
		others = new(crowd[M])
		p.more.Put(user, others)
	}
	if limit > 0 && 1+len(others.members) >= limit {
		return false
	}
	others.add(member)
	return true
}

func (p *users[M]) remove(member M) {
	user := member.UserID()
	cell := p.first.find(user)
	if cell < 0 {
		return
	}
	others := p.more.Get(user)
	first := p.first.members[cell]
	if others == nil {
		if first == member {
			p.first.remove(cell)
		}
		return
	}
	at := others.find(member)
	switch {
	case first == member:
		at = 0
		p.first.members[cell] = others.members[at]
	case at < 0:
		return
	}
	if others.remove(at); len(others.members) == 0 {
		p.more.Delete(user)
	}
}
