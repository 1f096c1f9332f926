package bench

import "time"

// round has the connections of one loop act in turns, at a pace, and takes note
// of the answers. Act n is that of the connection in slot n modulo turns, times
// stride. When it is due is pure arithmetic, so that nothing is kept of an act
// but that it is over. Loop only; the zero value has no acts.
type round struct {
	// Fixed once it has begun.
	pace   pace
	since  int64 // on the loop's clock
	turns  int
	stride uint32

	// Loop only.
	total    uint64 // acts
	over     uint64 // acts that were due and are over
	sent     uint64 // acts of connections that were open
	late     uint64 // of these
	answered uint64
	latency  latencies
}

// begin starts a round of total acts now. It goes over so many connections.
func (r *round) begin(now int64, p pace, total uint64, turns int, stride uint32) {
	*r = round{pace: p, since: now, turns: turns, stride: stride, total: total, latency: newLatencies()}
}

// due returns how many acts are due.
func (r *round) due(now int64) uint64 {
	return min(r.total, uint64(r.pace.due(time.Duration(now-r.since))))
}

// wait returns how long after now the next act is due.
func (r *round) wait(now int64) time.Duration {
	if r.over == r.total {
		return forever
	}
	return r.pace.wait(time.Duration(now-r.since), int(r.over))
}

// cut ends the round with the acts that are over.
func (r *round) cut() { r.total = r.over }

// of returns the slot and the sequence number of an act.
func (r *round) of(act uint64) (slot, sequence uint32) {
	turns := uint64(r.turns)
	return uint32(act%turns) * r.stride, uint32(act / turns)
}

// portion returns how many acts of a slot are over.
func (r *round) portion(slot uint32) uint32 {
	if r.turns == 0 || slot%r.stride != 0 || slot/r.stride >= uint32(r.turns) {
		return 0
	}
	return portion(r.over, slot/r.stride, r.turns)
}

// begun counts an act of an open connection, and reports whether it is late.
func (r *round) begun(now int64, act uint64) (late bool) {
	r.sent++
	if now-r.dueAt(act) <= int64(lateAfter) {
		return false
	}
	r.late++
	return true
}

// answer counts the answer to an act of a slot, and returns how long ago that
// was due. The round has begun.
func (r *round) answer(now int64, slot, sequence uint32) (latency time.Duration) {
	r.answered++
	act := uint64(sequence)*uint64(r.turns) + uint64(slot/r.stride)
	latency = time.Duration(now - r.dueAt(act))
	r.latency.record(latency)
	return latency
}

func (r *round) dueAt(act uint64) int64 { return r.since + int64(r.pace.at(int(act))) }

// lacking is how many acts and answers are still to come.
func (r *round) lacking() uint64 { return r.total - r.over + r.sent - r.answered }

// answers adds up what came of a round on all loops. The loops have ended.
func answers(rounds []*round) Answers {
	var a Answers
	latency := newLatencies()
	for _, r := range rounds {
		a.Sent += r.sent
		a.Missing += r.sent - r.answered
		a.Late += r.late
		if r.turns > 0 {
			latency.merge(r.latency)
		}
	}
	a.Latency = latency.fromSchedule()
	return a
}
