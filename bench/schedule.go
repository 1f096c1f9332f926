package bench

import "time"

// schedule says when the messages of one loop are due, and in which span of the
// run. Message n belongs to the connection in slot n modulo connections. It is
// pure arithmetic: nothing is kept per message, and nothing depends on what
// became of the ones before.
type schedule struct {
	pace        pace
	connections uint32
	// ends has, for each span in order, the number of its last message plus one.
	ends []uint64
}

// lateAfter is how long after it was due a message counts as late.
const lateAfter = time.Millisecond

// newSchedule returns the schedule of connections at a pace through spans of
// these lengths.
func newSchedule(p pace, connections int, spans []time.Duration) schedule {
	s := schedule{pace: p, connections: uint32(connections)}
	var end time.Duration
	for _, length := range spans {
		end += length
		s.ends = append(s.ends, uint64(p.before(end)))
	}
	return s
}

// total is how many messages there are.
func (s *schedule) total() uint64 { return s.ends[len(s.ends)-1] }

// due returns how many messages are due after elapsed.
func (s *schedule) due(elapsed time.Duration) uint64 {
	return min(s.total(), uint64(s.pace.due(elapsed)))
}

// number returns which message of the loop is the one of that sequence number
// on the connection in slot.
func (s *schedule) number(slot, sequence uint32) uint64 {
	return uint64(sequence)*uint64(s.connections) + uint64(slot)
}

// portion returns how many of the first due messages are those of the connection
// in slot.
func (s *schedule) portion(due uint64, slot uint32) uint32 {
	return portion(due, slot, int(s.connections))
}

// portion returns how many of the first due messages are those of the one in
// slot, where so many take turns.
func portion(due uint64, slot uint32, turns int) uint32 {
	n := uint64(turns)
	return uint32((due + n - 1 - uint64(slot)) / n)
}

// span returns the span of message number.
func (s *schedule) span(number uint64) int {
	span := 0
	for number >= s.ends[span] {
		span++
	}
	return span
}

// messages returns how many messages a span has.
func (s *schedule) messages(span int) uint64 {
	if span == 0 {
		return s.ends[0]
	}
	return s.ends[span] - s.ends[span-1]
}

// cut ends the schedule after its first due messages.
func (s *schedule) cut(due uint64) {
	for span, end := range s.ends {
		s.ends[span] = min(end, due)
	}
}
