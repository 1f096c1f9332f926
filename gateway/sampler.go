package gateway

import (
	"iter"
	"log/slog"
	"sync/atomic"
)

// Log says what is written to [Config].Logger.
type Log struct {
	// Sample is how many records of one kind are written in a second: of
	// connections that ended for one [Reason], or of failures of the program's own
	// code. The rest is counted, and the count is written in one record: who
	// provokes refusals must not fill a disk. Default 10; negative writes all.
	Sample int
}

// kind is what records are sampled by: a Reason, or one of those below.
type kind uint8

const (
	kindFailure = kind(reasonCount) + iota // of the program's own code
	kindCount
)

func (k kind) String() string {
	if k == kindFailure {
		return "failure"
	}
	return Reason(k).String()
}

func (k kind) level() slog.Level {
	if k == kindFailure {
		return slog.LevelError
	}
	return Reason(k).Level()
}

// sampler bounds the records of each kind in a window, which ends with a call of
// excess. It may be used from any goroutine.
type sampler struct {
	// Atomic.
	most  atomic.Int64 // in a window; negative: any number
	asked [kindCount]atomic.Int64
}

// admits reports whether a record of that kind is to be written, and counts it.
func (s *sampler) admits(k kind) bool {
	most := s.most.Load()
	return most < 0 || s.asked[k].Add(1) <= most
}

// excess ends the window, and yields the kinds of which records were not written,
// with their number.
func (s *sampler) excess() iter.Seq2[kind, int64] {
	return func(yield func(kind, int64) bool) {
		for k := range kindCount {
			asked, most := s.asked[k].Swap(0), s.most.Load()
			if most >= 0 && asked > most && !yield(k, asked-most) {
				return
			}
		}
	}
}
