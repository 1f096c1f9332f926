// Package sys is the seam between the event loops and the kernel.
//
// A loop needs two things from its system: to learn which descriptors are
// ready ([Engine]) and to move bytes through them ([Sockets]). Both are small
// interfaces, so that the same loop runs on the native epoll engine, on the
// portable easygo engine, and on a scripted fake that injects the faults a
// real kernel produces once a year.
//
// An interface call costs about 2 % of the system call behind it; that is the
// price of a loop whose every fault path is tested.
package sys

import (
	"net/netip"
	"time"
)

// Token names what a descriptor belongs to. The kernel hands it back with
// every event, so that an event for a descriptor closed and reused since can
// be told from an event for its present owner.
type Token uint64

// Ready says what a descriptor is ready for; several bits may be set.
type Ready uint8

const (
	// Readable means that a read, or an accept on a listener, will not block.
	Readable Ready = 1 << iota
	// Writable means that a write that would have blocked may now go on.
	Writable
	// PeerClosed means that the peer will send nothing more: bytes may still
	// wait to be read before the end of the stream.
	PeerClosed
	// Failed means that the descriptor is in error or fully hung up.
	Failed
)

// Event is one report of an [Engine].
type Event struct {
	Token Token
	Ready Ready
}

// Engine tells which descriptors are ready.
//
// Registration is edge-triggered, for both directions at once, and made once
// in a descriptor's life: an event says that readiness has changed, and its
// owner must read or write until the kernel says EAGAIN, or remember that it
// has not.
//
// All methods but Wake belong to the loop that owns the engine.
type Engine interface {
	// Add registers fd. The current state of fd is reported as a first event.
	Add(fd int, token Token) error
	// Remove ends the registration of fd; it must precede the closing of fd.
	// Events already taken from the kernel may still be reported.
	Remove(fd int) error
	// Wait fills events and returns how many it filled. A timeout of zero
	// polls without blocking, a negative one waits without limit. An
	// interrupted wait returns 0 and no error.
	Wait(events []Event, timeout time.Duration) (int, error)
	// Wake makes a Wait that is under way, or the next one, return early. It
	// may be called from any goroutine until Close.
	Wake() error
	// Close releases what the engine holds, but no registered descriptor.
	Close() error
}

// Sockets are the calls on descriptors. None of them blocks; where a call
// would, it returns [EAGAIN]. EINTR is retried here and never returned. Errors
// are bare [syscall.Errno] values, so that the hot path does not allocate.
type Sockets interface {
	// Accept takes one connection from a listener, non-blocking and
	// close-on-exec.
	Accept(listener int) (fd int, peer netip.AddrPort, err error)
	// Read reads into p, which it borrows. Zero bytes and no error is the end
	// of the stream.
	Read(fd int, p []byte) (int, error)
	// Write writes from p, which it borrows.
	Write(fd int, p []byte) (int, error)
	// Writev writes from several slices, which it borrows, in order.
	Writev(fd int, ps [][]byte) (int, error)
	// CloseWrite sends the end of the stream and leaves reading open.
	CloseWrite(fd int) error
	// Close closes fd. Bytes still queued for sending are sent in the
	// background.
	Close(fd int) error
	// Reset closes fd at once: the peer is sent a reset and queued bytes are
	// dropped.
	Reset(fd int) error
}
