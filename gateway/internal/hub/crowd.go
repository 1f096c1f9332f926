package hub

import "slices"

// crowd is members of one user, in no order. With few of them it costs a slice; with
// many, such as those of a guest that all visitors are, none is searched for. The
// zero value is empty.
type crowd[M comparable] struct {
	members []M
	at      map[M]int // where each stands; nil: they are few
}

// fewMembers are searched for one by one.
const fewMembers = 64

func (c *crowd[M]) add(member M) {
	c.members = append(c.members, member)
	switch n := len(c.members); {
	case c.at != nil:
		c.at[member] = n - 1
	case n > fewMembers:
		c.at = make(map[M]int, n)
		for i, m := range c.members {
			c.at[m] = i
		}
	}
}

// find returns where a member stands, or -1.
func (c *crowd[M]) find(member M) int {
	if c.at == nil {
		return slices.Index(c.members, member)
	}
	if at, is := c.at[member]; is {
		return at
	}
	return -1
}

// remove takes out the member that stands there; the last one takes its place.
func (c *crowd[M]) remove(at int) {
	last := len(c.members) - 1
	moved := c.members[last]
	if c.at != nil {
		c.at[moved] = at
		if at == last {
			delete(c.at, moved)
		} else {
			delete(c.at, c.members[at])
		}
	}
	c.members[at] = moved
	clear(c.members[last:])
	if c.members = c.members[:last]; c.at != nil && last < cap(c.members)/4 {
		*c = smaller(c.members)
	}
}

// smaller returns the crowd of members in no more memory than it needs.
func smaller[M comparable](members []M) (c crowd[M]) {
	c.members = make([]M, 0, len(members))
	for _, m := range members {
		c.add(m)
	}
	return c
}
