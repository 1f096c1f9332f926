package hub

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// Member is what [Users] find by the id of its user, which never changes.
type Member interface {
	comparable
	// UserID returns the id. It may be called from any goroutine.
	UserID() string
}

// roll is members of different users, found by the user: an open-addressing table
// with linear probing. A cell is a member and the hash of its user, without the
// user's id, which the member has itself: with eight bytes for a member some 18
// bytes for each, where a map from ids takes 63. The zero value is empty.
type roll[M Member] struct {
	members []M
	hashes  []uint32 // 0: the cell is free
	used    int
}

// rollSeed keeps clients from choosing ids that meet.
var rollSeed = maphash.MakeSeed()

func hashOf(user string) uint32 { return uint32(maphash.String(rollSeed, user)>>32) | 1 }

// home is where the search for a hash begins. A table need not have a power of
// two of cells for that.
func (r *roll[M]) home(hash uint32) int {
	high, _ := bits.Mul32(hash, uint32(len(r.hashes)))
	return int(high)
}

func (r *roll[M]) next(at int) int {
	if at++; at < len(r.hashes) {
		return at
	}
	return 0
}

// find returns the cell of a user's member, or -1.
func (r *roll[M]) find(user string) int {
	if r.used == 0 {
		return -1
	}
	hash := hashOf(user)
	for at := r.home(hash); r.hashes[at] != 0; at = r.next(at) {
		if r.hashes[at] == hash && r.members[at].UserID() == user {
			return at
		}
	}
	return -1
}

// add takes in the member of a user that has none.
func (r *roll[M]) add(member M) {
	if (r.used+1)*5 > len(r.hashes)*4 {
		r.resize(roomFor(r.used + 1))
	}
	r.put(member, hashOf(member.UserID()))
	r.used++
}

func (r *roll[M]) put(member M, hash uint32) {
	at := r.home(hash)
	for r.hashes[at] != 0 {
		at = r.next(at)
	}
	r.members[at], r.hashes[at] = member, hash
}

// remove empties a cell, and moves those up that were put behind it for want of
// room. Few bytes stay of a roll that many have left.
func (r *roll[M]) remove(hole int) {
	for at := r.next(hole); r.hashes[at] != 0; at = r.next(at) {
		if r.distance(r.home(r.hashes[at]), at) >= r.distance(hole, at) {
			r.members[hole], r.hashes[hole] = r.members[at], r.hashes[at]
			hole = at
		}
	}
	var none M
	r.members[hole], r.hashes[hole] = none, 0
	r.used--
	if room := roomFor(r.used); 2*room < len(r.hashes) {
		r.resize(room)
	}
}

// roomFor is how many cells so many members are given: a fifth of them is free, or
// more, and none if there is nobody.
func roomFor(members int) int {
	if members == 0 {
		return 0
	}
	return members + members/4 + 4
}

// distance is the number of steps from one cell to another.
func (r *roll[M]) distance(from, to int) int {
	if to >= from {
		return to - from
	}
	return to - from + len(r.hashes)
}

// resize makes a table of at least so many cells: as many as the memory for them
// has room for. Without any it lets go of the memory.
func (r *roll[M]) resize(cells int) {
	members, hashes := r.members, r.hashes
	r.members, r.hashes = nil, nil
	if cells == 0 {
		return
	}
	r.members = slices.Grow(r.members, cells)
	r.members = r.members[:cap(r.members)]
	r.hashes = make([]uint32, len(r.members))
	for at, hash := range hashes {
		if hash != 0 {
			r.put(members[at], hash)
		}
	}
}
