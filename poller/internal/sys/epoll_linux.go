package sys

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Epoll is the native engine: one epoll instance and one eventfd.
//
// A wait with a timeout of zero goes to the kernel without telling the Go
// scheduler, which saves 10-20 % of the cost of a short call; a wait that may
// block must tell it.
type Epoll struct {
	// Fixed after NewEpoll.
	fd   int
	wake *Waker

	// Loop only.
	raw []unix.EpollEvent
}

var _ Engine = (*Epoll)(nil)

// wakeToken marks the eventfd among the registered descriptors.
const wakeToken = ^Token(0)

// NewEpoll returns an engine woken through wake, which it borrows: the caller
// closes wake after the engine.
//
// The waker is made apart because of private descriptor tables: it must stand
// in the tables of all threads, the epoll instance only in its loop's.
func NewEpoll(wake *Waker) (*Epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	e := &Epoll{fd: fd, wake: wake}
	if err := e.control(unix.EPOLL_CTL_ADD, wake.fd, unix.EPOLLIN|unix.EPOLLET, wakeToken); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return e, nil
}

// Add implements [Engine].
func (e *Epoll) Add(fd int, token Token) error {
	return e.control(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP|unix.EPOLLET, token)
}

// Remove implements [Engine].
func (e *Epoll) Remove(fd int) error {
	return e.control(unix.EPOLL_CTL_DEL, fd, 0, 0)
}

func (e *Epoll) control(op, fd int, interest uint32, token Token) error {
	event := unix.EpollEvent{Events: interest, Fd: int32(token), Pad: int32(token >> 32)}
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(e.fd), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&event)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// Wait implements [Engine].
func (e *Epoll) Wait(events []Event, timeout time.Duration) (int, error) {
	if len(e.raw) != len(events) {
		e.raw = make([]unix.EpollEvent, len(events))
	}
	n, errno := e.wait(timeout)
	if errno == syscall.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, errno
	}
	kept := 0
	for i := range e.raw[:n] {
		raw := &e.raw[i]
		token := Token(uint32(raw.Fd)) | Token(uint32(raw.Pad))<<32
		if token == wakeToken {
			continue // edge-triggered: the counter need not be read
		}
		events[kept] = Event{Token: token, Ready: fromEpoll(raw.Events)}
		kept++
	}
	return kept, nil
}

func (e *Epoll) wait(timeout time.Duration) (int, syscall.Errno) {
	if timeout == 0 {
		n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(e.fd), uintptr(unsafe.Pointer(&e.raw[0])), uintptr(len(e.raw)), 0, 0, 0)
		return int(n), errno
	}
	n, _, errno := syscall.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(e.fd), uintptr(unsafe.Pointer(&e.raw[0])), uintptr(len(e.raw)), uintptr(milliseconds(timeout)), 0, 0)
	return int(n), errno
}

// longestWait is what the kernel can be asked for, 24 days: it takes an int.
const longestWait = math.MaxInt32 * time.Millisecond

// milliseconds rounds up: a deadline must not be met by spinning below 1 ms.
func milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int((min(d, longestWait) + time.Millisecond - 1) / time.Millisecond)
}

func fromEpoll(bits uint32) Ready {
	var r Ready
	if bits&unix.EPOLLIN != 0 {
		r |= Readable
	}
	if bits&unix.EPOLLOUT != 0 {
		r |= Writable
	}
	if bits&unix.EPOLLRDHUP != 0 {
		r |= PeerClosed
	}
	if bits&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		r |= Failed
	}
	return r
}

// Wake implements [Engine].
func (e *Epoll) Wake() error { return e.wake.Wake() }

// Close implements [Engine].
func (e *Epoll) Close() error { return unix.Close(e.fd) }
