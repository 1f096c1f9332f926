package subprotocol

import (
	"iter"

	"github.com/gobwas/ws"
)

const (
	replayMessages = 1000
	replayBytes    = 16 << 20
)

// ErrReplayFull ends the session of a reliable client that leaves 1000 messages or
// 16 MiB unacknowledged, with the one code that says there is no recovery.
var ErrReplayFull error = &Error{"sequenceId", "1000 messages or 16 MiB wait to be acknowledged", ws.StatusPolicyViolation}

// Replay keeps what a reliable client has not acknowledged. The zero value is ready,
// and without such messages it holds no memory. It belongs to one goroutine at a
// time.
type Replay struct {
	held  [][]byte // the last len(held) messages
	bytes int
	last  uint64 // sequence id of the last message
}

// Add gives the next message its sequence id, from 1, and keeps it. The bytes are
// those that [Encoding.AppendStamped] is to borrow: they may be shared with other
// sessions, and nobody may change them. The only error is [ErrReplayFull].
func (r *Replay) Add(shared []byte) (sequence uint64, err error) {
	if len(r.held) == replayMessages || len(shared) > replayBytes-r.bytes {
		return 0, ErrReplayFull
	}
	r.held = append(r.held, shared)
	r.bytes += len(shared)
	r.last++
	return r.last, nil
}

// Ack lets go of all messages up to a sequence id. One that was acknowledged
// before, or not yet given, changes nothing.
func (r *Replay) Ack(sequence uint64) {
	first := r.last - uint64(len(r.held)) + 1
	if sequence < first || sequence > r.last {
		return
	}
	n := int(sequence - first + 1)
	for i := range n {
		r.bytes -= len(r.held[i])
		r.held[i] = nil
	}
	if r.held = r.held[n:]; len(r.held) == 0 {
		r.held = nil
	}
}

// All yields what is not acknowledged, in order, for a client that has recovered.
// The bytes are as Add was given them, to be stamped again.
func (r *Replay) All() iter.Seq2[uint64, []byte] {
	return func(yield func(uint64, []byte) bool) {
		first := r.last - uint64(len(r.held)) + 1
		for i, shared := range r.held {
			if !yield(first+uint64(i), shared) {
				return
			}
		}
	}
}

// Len and Bytes are how many messages are kept, and their size. Bytes that are
// shared count in each session that keeps them.
func (r *Replay) Len() int { return len(r.held) }

// Bytes is described with Len.
func (r *Replay) Bytes() int { return r.bytes }
