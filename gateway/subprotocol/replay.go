package subprotocol

import (
	"iter"
	"slices"
	"time"

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
	held    []heldMessage // in the order of their sequence ids, which may have gaps
	bytes   int
	last    uint64        // sequence id of the last message
	soonest time.Duration // of held: no message expires before; 0: none does
}

// heldMessage is a message that waits to be acknowledged.
type heldMessage struct {
	shared   []byte
	sequence uint64
	expires  time.Duration // 0: never
}

// Add gives the next message its sequence id, from 1, and keeps it. The bytes are
// those that [Encoding.AppendStamped] is to borrow: they may be shared with other
// sessions, and nobody may change them. Expires is when it is no longer worth sending,
// on a clock of the owner's; 0: never. The only error is [ErrReplayFull].
func (r *Replay) Add(shared []byte, expires time.Duration) (sequence uint64, err error) {
	if len(r.held) == replayMessages || len(shared) > replayBytes-r.bytes {
		return 0, ErrReplayFull
	}
	r.last++
	r.held = append(r.held, heldMessage{shared, r.last, expires})
	r.bytes += len(shared)
	r.expect(expires)
	return r.last, nil
}

// expect notes when a message expires.
func (r *Replay) expect(expires time.Duration) {
	if expires > 0 && (r.soonest == 0 || expires < r.soonest) {
		r.soonest = expires
	}
}

// Ack lets go of all messages up to a sequence id, and reports whether that was given.
// One that was acknowledged before, or not yet given, changes nothing.
func (r *Replay) Ack(sequence uint64) (given bool) {
	if sequence > r.last {
		return false
	}
	n := 0
	for n < len(r.held) && r.held[n].sequence <= sequence {
		r.bytes -= len(r.held[n].shared)
		r.held[n] = heldMessage{}
		n++
	}
	r.held = r.held[n:]
	r.shrink()
	return true
}

// Expire lets go of the messages behind a sequence id whose time has come, and returns
// how many they were. The client sees a gap in the sequence ids, which may have any.
func (r *Replay) Expire(now time.Duration, behind uint64) (expired int) {
	if r.soonest == 0 || now < r.soonest {
		return 0
	}
	r.soonest = 0
	before := len(r.held)
	r.held = slices.DeleteFunc(r.held, func(m heldMessage) bool {
		if m.expires == 0 || m.expires > now || m.sequence <= behind {
			r.expect(m.expires)
			return false
		}
		r.bytes -= len(m.shared)
		return true
	})
	expired = before - len(r.held)
	r.shrink()
	return expired
}

// shrink gives up the memory of what is empty.
func (r *Replay) shrink() {
	if len(r.held) == 0 {
		r.held, r.soonest = nil, 0
	}
}

// All yields what is not acknowledged, in order, for a client that has recovered.
// The bytes are as Add was given them, to be stamped again.
func (r *Replay) All() iter.Seq2[uint64, []byte] {
	return func(yield func(uint64, []byte) bool) {
		for i := range r.held {
			if !yield(r.held[i].sequence, r.held[i].shared) {
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
