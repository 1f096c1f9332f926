package gateway

import (
	"iter"

	"github.com/sluicegate/sluice/poller/slab"
)

// membership is a session's place in a group.
type membership struct {
	share uint32 // the loop's part of the group
	seat  uint32 // there
	next  uint32 // the next one of the same session, by number; noMembership: none
}

// memberships are those of all sessions of a loop, as a list for each. In a slab
// they cost 12 bytes and no pointer; a slice for each session has 24 before it
// holds any. It belongs to the loop.
type memberships struct {
	slots slab.Slots
	table slab.Table[membership]
}

// noMembership ends a list. Nobody else has that number.
const noMembership = 0

// reserve keeps noMembership from being given out.
func (m *memberships) reserve() { m.slots.Take() }

// add puts a membership at the head of a list.
func (m *memberships) add(list *uint32, share, seat uint32) {
	number := m.slots.Take()
	*m.table.Claim(number) = membership{share, seat, *list}
	*list = number
}

// of yields a list, the latest membership first. One that was yielded may be
// removed meanwhile, another may not.
func (m *memberships) of(list uint32) iter.Seq[*membership] {
	return func(yield func(*membership) bool) {
		for number := list; number != noMembership; {
			at := m.table.At(number)
			number = at.next
			if !yield(at) {
				return
			}
		}
	}
}

// find returns the membership of a list in a share, nil if there is none.
func (m *memberships) find(list, share uint32) *membership {
	for at := range m.of(list) {
		if at.share == share {
			return at
		}
	}
	return nil
}

// remove takes the membership in a share, which must be in the list, out of it.
func (m *memberships) remove(list *uint32, share uint32) {
	link := list
	for m.table.At(*link).share != share {
		link = &m.table.At(*link).next
	}
	number := *link
	*link = m.table.At(number).next
	m.table.Release(number)
	m.slots.Put(number)
}

// count returns the length of a list.
func (m *memberships) count(list uint32) (n int) {
	for range m.of(list) {
		n++
	}
	return n
}
