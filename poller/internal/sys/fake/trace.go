package fake

import (
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// traceLength is how many of the latest calls the trace keeps.
const traceLength = 256

// trace is the latest calls. Repetitions of one call are counted, not kept.
type trace struct {
	calls   [traceLength]call
	written int // calls ever kept; the next one goes to written % traceLength
}

type call struct {
	op    Op
	fd    int // -1 for none
	n     int
	err   error
	times int
}

// record traces one call and returns err.
func (k *Kernel) record(op Op, fd, n int, err error) error {
	t := &k.trace
	last := &t.calls[(t.written+traceLength-1)%traceLength]
	if t.written > 0 && last.op == op && last.fd == fd && last.n == n && last.err == err {
		last.times++
		return err
	}
	t.calls[t.written%traceLength] = call{op, fd, n, err, 1}
	t.written++
	return err
}

// Trace returns the latest 256 calls, one to a line, oldest first: what was
// called, its descriptor, its result and its error.
func (k *Kernel) Trace() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var lines strings.Builder
	for i := max(k.trace.written-traceLength, 0); i < k.trace.written; i++ {
		fmt.Fprintln(&lines, k.trace.calls[i%traceLength])
	}
	return lines.String()
}

// String returns the call as a line of the trace.
func (c call) String() string {
	line := c.op.String()
	if c.fd >= 0 {
		line += fmt.Sprintf(" fd=%d", c.fd)
	}
	line += fmt.Sprintf(" n=%d", c.n)
	if errno, ok := c.err.(syscall.Errno); ok {
		line += " " + unix.ErrnoName(errno)
	}
	if c.times > 1 {
		line += fmt.Sprintf(" (%d times)", c.times)
	}
	return line
}
