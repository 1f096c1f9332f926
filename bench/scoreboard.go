package bench

import (
	"math"
	"sync/atomic"
)

// scoreboard follows the latest messages until every member has them. Messages
// are numbered over all rooms; those of one room are as many apart as there are
// rooms. Any loop may call its methods.
type scoreboard struct {
	// Atomic.
	entries []entry
	from    atomic.Uint64 // number of the first message that figures are taken of
}

// entry is one message.
type entry struct {
	// state has the low half of the message's number, plus one, in its high
	// half, and in the low half how many members still miss it.
	state atomic.Uint64
	due   atomic.Int64
}

// remembered is how many messages a scoreboard follows. A power of two.
const remembered = 1 << 16

func newScoreboard() *scoreboard {
	b := &scoreboard{entries: make([]entry, remembered)}
	b.from.Store(math.MaxUint64)
	return b
}

func (b *scoreboard) of(message uint64) (e *entry, tag uint64) {
	return &b.entries[message%remembered], uint64(uint32(message)+1) << 32
}

// publish notes a message that is due to so many members.
func (b *scoreboard) publish(message uint64, due int64, members uint32) {
	e, tag := b.of(message)
	e.due.Store(due)
	e.state.Store(tag | uint64(members))
}

// deliver notes that one more member has a message. It returns when the message
// was due, and whether that member was the last; not known is a message that so
// many others have followed that it is forgotten.
func (b *scoreboard) deliver(message uint64) (due int64, last, known bool) {
	e, tag := b.of(message)
	for {
		state := e.state.Load()
		if state&^math.MaxUint32 != tag || state == tag {
			return 0, false, false
		}
		due = e.due.Load()
		if e.state.CompareAndSwap(state, state-1) {
			return due, state-1 == tag, true
		}
	}
}

// complete reports whether every member has a message.
func (b *scoreboard) complete(message uint64) bool {
	e, tag := b.of(message)
	return e.state.Load() == tag
}
