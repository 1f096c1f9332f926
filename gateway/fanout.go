package gateway

import (
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/gateway/internal/hub"
	"github.com/sluicegate/sluice/poller"
	"github.com/sluicegate/sluice/poller/histogram"
)

// fanout is the passes of one loop: which shares have messages to be sent. Each
// gets a slice of members in turn, so a large group delays a small one by a
// slice only, and all together a bounded part of each turn of the loop. What is
// published while a pass is under way goes with the next one, in one write for
// each member: the more there is to do, the less each message costs.
type fanout struct {
	// Loop only.
	list  []uint32       // numbers of the shares that have messages due
	spare []*publication // an empty list, for the next share that needs one

	// Loop only: counters.
	messages int    // that some members of this loop still miss
	passes   uint64 // that have begun
	members  uint64 // who were served, once for each pass
	latency  histogram.Durations

	// Atomic.
	unsent atomic.Int64 // bytes of the messages that some members still miss
}

const (
	// sliceMembers is how many members a pass serves before others have a turn:
	// some 400 µs of writes.
	sliceMembers = 64
	// fanoutBudget is how much of a turn fan-out takes, and one slice more at
	// most, before the loop looks after its input again.
	fanoutBudget = 2 * time.Millisecond
	// maxUnsent is how many bytes of messages may be under way to the members of
	// one loop before publishers are told that it is busy.
	maxUnsent = 64 << 20
	// keptMessages is the capacity up to which a list of messages is kept.
	keptMessages = 1024
)

// enqueue has a publication sent to the members of a share, in its next pass or at
// the end of its window.
func (s *shard) enqueue(number uint32, p *publication) {
	sh := s.shares.At(number)
	if sh.members.Len() == 0 {
		p.receipt.finish()
		return
	}
	if sh.pending == nil {
		sh.pending, s.fanout.spare = s.fanout.spare, nil
	}
	sh.pending = append(sh.pending, p)
	sh.bytes += p.size
	s.fanout.messages++
	s.fanout.unsent.Add(int64(p.size))
	delivery := sh.class.delivery.Load()
	switch window := delivery.Window; {
	case window == 0 || sh.bytes >= delivery.Batch || p.errand != nil:
		s.schedule(number)
	case !sh.timed:
		sh.timed = true
		s.loop.After(window-windowSlack, &windowEnd{s, number, sh.group})
	}
}

// windowSlack is how much later than asked a loop may wake up.
const windowSlack = time.Millisecond

// schedule has what is pending in a share sent in its next pass.
func (s *shard) schedule(number uint32) {
	sh := s.shares.At(number)
	sh.due = true
	if !sh.listed {
		sh.listed = true
		s.fanout.list = append(s.fanout.list, number)
	}
}

// windowEnd is the end of a share's window.
type windowEnd struct {
	shard  *shard
	number uint32
	group  *hub.Group
}

// Run sends what the window has collected.
func (w *windowEnd) Run(*poller.Loop) {
	sh := w.shard.shares.At(w.number)
	if sh == nil || sh.hub == nil || sh.group != w.group {
		return // the group has left this loop since
	}
	sh.timed = false
	if len(sh.pending) > 0 {
		w.shard.schedule(w.number)
	}
}

// fanOut goes on with the passes for a part of this turn.
func (s *shard) fanOut() {
	if len(s.fanout.list) == 0 {
		return
	}
	until := s.loop.Clock() + fanoutBudget
	next := 0
	for next < len(s.fanout.list) {
		number := s.fanout.list[next]
		next++
		if s.advance(number) {
			s.fanout.list = append(s.fanout.list, number)
		}
		if s.loop.Clock() >= until {
			break
		}
	}
	s.fanout.list = s.fanout.list[:copy(s.fanout.list, s.fanout.list[next:])]
	if len(s.fanout.list) > 0 {
		s.loop.Continue()
	}
}

// advance goes on with the pass of a share, or begins one: it sends the messages to
// some members, and writes them. It reports whether there is more to be done for it.
func (s *shard) advance(number uint32) bool {
	sh := s.shares.At(number)
	if sh.pass == nil {
		s.beginPass(sh)
	}
	served := 0
	for ; served < sliceMembers; served++ {
		slot, ok := sh.members.Next()
		if !ok {
			break
		}
		s.visit(sh, slot)
	}
	s.loop.Flush()
	s.fanout.members += uint64(served)
	return served == sliceMembers || s.endPass(number)
}

// beginPass makes a pass of what is pending.
func (s *shard) beginPass(sh *share) {
	s.fanout.passes++
	sh.pass = &pass{batch: s.endToEnd(sh.pending), late: sh.late}
	sh.pending, sh.late, sh.bytes, sh.due = nil, nil, 0, false
	sh.members.Begin()
}

// endPass ends the pass of a share whose members were all served.
func (s *shard) endPass(number uint32) (more bool) {
	sh := s.shares.At(number)
	messages := sh.pass.messages
	sh.pass = nil
	now := time.Now()
	for _, p := range messages {
		s.fanout.latency.Add(now.Sub(p.begun))
	}
	s.settle(messages)
	if cap(messages) <= keptMessages {
		clear(messages)
		s.fanout.spare = messages[:0]
	}
	if sh.due && len(sh.pending) > 0 {
		return true
	}
	sh.listed, sh.due = false, false
	s.closeShare(number)
	return false
}

// settle notes that messages are on their way to nobody here any more.
func (s *shard) settle(messages []*publication) {
	s.fanout.messages -= len(messages)
	for _, p := range messages {
		s.fanout.unsent.Add(int64(-p.size))
		p.receipt.finish()
	}
}

// abandon drops what is pending in a share that nobody is a member of.
func (s *shard) abandon(sh *share) {
	s.settle(sh.pending)
	sh.pending, sh.bytes = nil, 0
}

// visit sends the messages of the present pass to one member.
func (s *shard) visit(sh *share, slot uint32) {
	c, x, p := s.loop.ConnAt(slot), s.sessions.At(slot), sh.pass
	from, late := p.late[slot]
	if !late && x.backlog == nil && p.isAlike(slot, x) && receives(c, x) {
		whole := p.bytesFor(s, x)
		if whole != nil && s.fits(c, len(whole)) && (len(p.messages) == 1 || s.mayCommit(c, len(whole))) {
			n := uint64(len(p.messages))
			s.counts.messagesOut += n
			s.counts.classes[sh.class.number].offered += n
			c.QueueShared(whole)
			p.noteAll(outcomeSent)
			return
		}
	}
	s.sendEach(sh, p.messages[from:], c, x)
}

// mayCommit reports whether a batch may go to the connection in one piece, out
// of reach of the policies. A message alone may be larger.
func (s *shard) mayCommit(c *poller.Conn, size int) bool {
	return c.Unsent()+size <= s.committed
}

// hasten sends a member what was published before and has not been sent, ahead
// of its turn: it is about to leave, and publishers count on the order. It
// reports whether the session lives on.
func (s *shard) hasten(c *poller.Conn, x *session, m membership) (is bool) {
	sh := s.shares.At(m.share)
	if sh.pass != nil && sh.members.Awaits(m.seat) {
		s.sendEach(sh, sh.pass.messages[sh.pass.late[c.Slot()]:], c, x)
	}
	if receives(c, x) && len(sh.pending) > 0 {
		s.sendEach(sh, sh.pending[sh.late[c.Slot()]:], c, x)
	}
	return receives(c, x)
}

// sendEach sends a member those of some messages that are for it.
func (s *shard) sendEach(sh *share, messages []*publication, c *poller.Conn, x *session) {
	for _, m := range messages {
		if receives(c, x) && m.isFor(s, c, x) {
			m.receipt.note(s.give(c, x, m, sh.scope))
		}
	}
}
