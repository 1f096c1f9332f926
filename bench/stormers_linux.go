package bench

import (
	"errors"
	"time"
)

// stormers is the traffic of connections that are dropped at once and come back,
// and of bystanders that are not. Loop only, until the loop has ended.
type stormers struct {
	*talk // of the bystanders

	// Fixed after newStormers.
	bystanders int
	stride     uint32 // each such slot is a bystander's, as far as there are some
	retry      time.Duration
	honours    bool // the server's Retry-After

	// Loop only.
	dropping uint32 // the next slot to drop, while that is under way
	underWay bool
	gone     bitset // slots that were dropped
	returns  agenda
	began    int64 // when the first was dropped, on the loop's clock
	lastBack int64

	// Loop only. The figures.
	dropped, back int
	attempts      uint64
	refusals      failures
	away          latencies
}

// The rounds of messages of bystanders.
const (
	roundBefore = iota
	roundDuring
	roundAfter
	stormRounds
)

var _ returning = (*stormers)(nil)

// newStormers returns the traffic of connections from number first on, which
// have so many bystanders.
func newStormers(s Storm, p *payloads, first uint32, connections, bystanders int) *stormers {
	return &stormers{
		talk:       newTalk(Echo{Size: s.Size}, p, first, connections, stormRounds),
		bystanders: bystanders,
		stride:     uint32(connections / bystanders),
		retry:      s.Retry,
		honours:    s.RetryAfter,
		gone:       newBitset(connections),
		returns:    newAgenda(connections),
		refusals:   failures{},
		away:       newLatencies(),
	}
}

// measure has the bystanders speak, for so long at most.
func (s *stormers) measure(l *loop, round int, p pace, length time.Duration) {
	s.turn(l, &s.rounds[round], p, uint64(p.before(length)), s.bystanders, s.stride)
}

// drop has all connections dropped but the bystanders.
func (s *stormers) drop(l *loop) { s.dropping, s.underWay, s.began = 0, true, l.clock() }

func (s *stormers) isBystander(slot uint32) bool {
	return slot%s.stride == 0 && slot/s.stride < uint32(s.bystanders)
}

// missing is how many are still to be dropped or to come back.
func (s *stormers) missing() uint64 {
	if s.underWay {
		return 1
	}
	return uint64(s.dropped - s.back)
}

func (s *stormers) wait(now int64) time.Duration {
	if s.underWay {
		return 0
	}
	return min(s.talk.wait(now), s.returns.wait(now))
}

func (s *stormers) advance(l *loop) {
	s.talk.advance(l)
	for slot, due := s.returns.due(l.now); due; slot, due = s.returns.due(l.now) {
		l.reopen(slot)
	}
	if !s.underWay {
		return
	}
	// The bystanders are served between two parts of it.
	end := min(s.dropping+eventBatch, uint32(len(l.conns)))
	for ; s.dropping < end; s.dropping++ {
		if c := &l.conns[s.dropping]; c.state == stateOpen && !s.isBystander(s.dropping) {
			s.gone.add(s.dropping)
			s.dropped++
			l.drop(c)
		}
	}
	if s.underWay = int(end) < len(l.conns); s.underWay {
		return
	}
	for slot := range l.conns {
		if s.gone.has(uint32(slot)) {
			l.reopen(uint32(slot))
		}
	}
}

func (s *stormers) opened(l *loop, slot uint32, _ time.Duration) {
	if s.began == 0 {
		return
	}
	s.attempts++
	s.back++
	s.lastBack = l.now
	s.away.record(time.Duration(l.now - s.began))
}

func (s *stormers) refused(l *loop, slot uint32, err error) {
	s.attempts++
	s.refusals.add(failed(StageHandshake, err), 1)
	wait := s.retry
	var p postponed
	if s.honours && errors.As(err, &p) {
		wait = max(wait, p.wait)
	}
	s.returns.set(l.now+int64(wait), slot)
}

func (s *stormers) left(*loop, uint32, error) (accepted bool) { return false }
