package bench

import "time"

// bursts says when messages are due that come several at a time: so many bursts
// a second, of size messages each, with a gap between two of a burst. All gaps of
// a burst together are shorter than the time to the next. It is a pure function
// of the time that has passed.
type bursts struct {
	pace pace // it has a limit
	size uint64
	gap  time.Duration
}

// at returns when message n is due.
func (b bursts) at(n uint64) time.Duration {
	return b.pace.at(int(n/b.size)) + time.Duration(n%b.size)*b.gap
}

// due returns how many messages are due after elapsed.
func (b bursts) due(elapsed time.Duration) uint64 {
	last := uint64(b.pace.due(elapsed)) - 1
	if b.gap == 0 {
		return (last + 1) * b.size
	}
	gaps := uint64(max(0, elapsed-b.pace.at(int(last))) / b.gap)
	return last*b.size + min(b.size, 1+gaps)
}

// wait returns how long after elapsed message n is due; 0 if it is due already.
func (b bursts) wait(elapsed time.Duration, n uint64) time.Duration {
	return max(0, b.at(n)-elapsed)
}
