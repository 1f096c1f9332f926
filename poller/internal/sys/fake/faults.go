package fake

import (
	"syscall"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// Op is a call that a loop makes.
type Op uint8

// The calls of [sys.Engine] and [sys.Sockets].
const (
	OpAdd Op = iota
	OpRemove
	OpWait
	OpWake
	OpCloseEngine
	OpAccept
	OpRead
	OpWrite
	OpWritev
	OpCloseWrite
	OpClose
	OpReset

	opCount

	// What peers do, in the trace only.
	opDial Op = iota - 1
	opPeerWrite
	opPeerRead
	opPeerCloseWrite
	opPeerClose
	opPeerReset
	opInject
)

var opNames = [...]string{
	"add", "remove", "wait", "wake", "close engine",
	"accept", "read", "write", "writev", "close write", "close", "reset",
	"peer dial", "peer write", "peer read", "peer close write", "peer close", "peer reset", "inject",
}

// String returns the name that the trace uses.
func (op Op) String() string { return opNames[op] }

// faults are the script of what goes wrong.
type faults struct {
	planned [opCount][]fault
	short   [opCount]int // most bytes that one call moves; 0 is no limit
	retried [opCount]int
}

// fault is the fate of the next calls of an operation; errno 0 spares them.
type fault struct {
	calls int
	errno syscall.Errno
}

// Fail makes the next calls of op fail with errno, which 0 makes a plan to let
// them pass; a further Fail of the same op plans what comes after. Three errors
// do what they do on Linux:
//
//   - EINTR is not returned: [sys.Sockets] promises to retry, so the call is
//     tried again and counted in [Kernel.Retries], and a Wait returns no event.
//   - EAGAIN is followed by an event, as if the descriptor had become ready
//     just after the call. No edge is ever lost to the script.
//   - ECONNABORTED of OpAccept takes the oldest connection off the backlog.
//
// A failed OpClose or OpReset has closed its descriptor all the same.
// OpCloseEngine cannot fail.
func (k *Kernel) Fail(op Op, calls int, errno syscall.Errno) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.faults.planned[op] = append(k.faults.planned[op], fault{calls, errno})
}

// Short makes each call of op, one of OpRead, OpWrite and OpWritev, move at most
// most bytes, until Short is called again; 0 ends it. A call that it cuts short
// is followed by an event, as if the rest had become possible just after.
func (k *Kernel) Short(op Op, most int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.faults.short[op] = most
}

// Spurious makes a later Wait report ready for token, whether or not that
// token is, or ever was, registered: an event that comes too late or without
// cause.
func (k *Kernel) Spurious(token sys.Token, ready sys.Ready) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready = append(k.ready, report{injected: sys.Event{Token: token, Ready: ready}})
	k.pace.notify()
	k.record(opInject, -1, int(token), nil)
}

// Heal drops every fault that is planned and every limit set by [Kernel.Short].
func (k *Kernel) Heal() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.faults = faults{retried: k.faults.retried}
}

// Retries returns how many calls of op were interrupted and tried again.
func (k *Kernel) Retries(op Op) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.faults.retried[op]
}

// fault returns the planned error of this call of op, retrying past each EINTR,
// or nil.
func (k *Kernel) fault(op Op, fd int) error {
	for {
		switch errno := k.faults.next(op); errno {
		case 0:
			return nil
		case syscall.EINTR:
			k.faults.retried[op]++
			k.record(op, fd, 0, errno)
		default:
			return errno
		}
	}
}

// next takes the planned error of one call off the script; 0 is none.
func (f *faults) next(op Op) syscall.Errno {
	for len(f.planned[op]) > 0 {
		plan := &f.planned[op][0]
		if plan.calls > 0 {
			plan.calls--
			return plan.errno
		}
		f.planned[op] = f.planned[op][1:]
	}
	return 0
}
