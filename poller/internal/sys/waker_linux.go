package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Waker is an eventfd: a descriptor that any thread can make readable.
type Waker struct{ fd int }

// NewWaker opens an eventfd.
func NewWaker() (*Waker, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	return &Waker{fd}, nil
}

// FD returns the descriptor, for a thread that prunes its private table.
func (w *Waker) FD() int { return w.fd }

var one uint64 = 1

// Wake adds to the counter, which an edge-triggered epoll reports each time.
// It may be called from any goroutine. The counter is never read: at one wake
// per nanosecond it would take centuries to fill, and a full counter reports
// EAGAIN while it is readable all the same.
func (w *Waker) Wake() error {
	_, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(w.fd), uintptr(unsafe.Pointer(&one)), 8)
	if errno != 0 && errno != syscall.EAGAIN {
		return errno
	}
	return nil
}

// Close closes the descriptor in the calling thread's table.
func (w *Waker) Close() error { return unix.Close(w.fd) }
