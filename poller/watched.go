package poller

import (
	"bytes"
	"runtime"
	"sync/atomic"
	"time"
)

// watched is what others may see of a loop while it is in a turn. The two stores
// of a turn cost 5 ns.
type watched struct {
	// Fixed once running.
	goroutine []byte // its number, as stacks have it

	// Atomic.
	began atomic.Int64 // of the present turn, on the loop's clock; betweenTurns
}

// betweenTurns is no moment of a loop's clock.
const betweenTurns = -1

// Turning returns when the present turn began, on the clock of all loops, and how
// long it has taken so far; turning is false between turns. It may be called from
// any goroutine.
func (l *Loop) Turning() (began, took time.Duration, turning bool) {
	began = time.Duration(l.watched.began.Load())
	return began, l.clock() - began, began != betweenTurns
}

// maxStacks bounds what the stacks of all goroutines may take.
const maxStacks = 16 << 20

// Stack returns what the loop is at: the stack of its goroutine, or nil if it is
// not among the first 16 MiB of all stacks. Every goroutine stops meanwhile. It
// may be called from any goroutine while the loop runs.
func (l *Loop) Stack() []byte {
	all := make([]byte, 64<<10)
	n := runtime.Stack(all, true)
	for n == len(all) && n < maxStacks {
		all = make([]byte, 4*n)
		n = runtime.Stack(all, true)
	}
	for stack := range bytes.SplitSeq(all[:n], []byte("\n\n")) {
		if bytes.Equal(numberIn(stack), l.watched.goroutine) {
			return bytes.Clone(stack)
		}
	}
	return nil
}

// goroutineID returns the number of the calling goroutine, as text.
func goroutineID() []byte {
	var own [64]byte
	return bytes.Clone(numberIn(own[:runtime.Stack(own[:], false)]))
}

// numberIn returns the number in the first line of a stack, "goroutine 7 [...]:".
func numberIn(stack []byte) []byte {
	rest, _ := bytes.CutPrefix(stack, []byte("goroutine "))
	number, _, _ := bytes.Cut(rest, []byte(" "))
	return number
}
