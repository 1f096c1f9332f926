package sys

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TCP is the kernel's own sockets.
//
// The calls go to the kernel without telling the Go scheduler: on a
// non-blocking descriptor none of them waits, and the scheduler's bookkeeping
// would cost 10-20 % of each. They are those for sockets alone: what read(2) and
// write(2) do first for files of any kind is 12 % of a delivery.
type TCP struct {
	// Loop only.
	iovecs  [maxIovecs]unix.Iovec
	message unix.Msghdr // of these iovecs
}

var _ Sockets = (*TCP)(nil)

// maxIovecs is how many slices one sendmsg takes. Past some dozens the kernel's
// own work per byte dominates; the limit of Linux is 1024.
const maxIovecs = 64

// Accept implements [Sockets].
func (*TCP) Accept(listener int) (int, netip.AddrPort, error) {
	var addr unix.RawSockaddrInet6
	for {
		size := uint32(unsafe.Sizeof(addr))
		fd, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(&addr)), uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			return -1, netip.AddrPort{}, errno
		}
		return int(fd), peerAddr(&addr), nil
	}
}

func peerAddr(addr *unix.RawSockaddrInet6) netip.AddrPort {
	// The port stands at the same place, in network order, in both families.
	port := addr.Port<<8 | addr.Port>>8
	switch addr.Family {
	case unix.AF_INET:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(addr))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(addr.Addr).Unmap(), port)
	}
	return netip.AddrPort{}
}

// Read implements [Sockets].
func (*TCP) Read(fd int, p []byte) (int, error) {
	return transfer(unix.SYS_RECVFROM, fd, p, 0)
}

// Write implements [Sockets].
func (*TCP) Write(fd int, p []byte) (int, error) {
	return transfer(unix.SYS_SENDTO, fd, p, unix.MSG_NOSIGNAL)
}

func transfer(call uintptr, fd int, p []byte, flags uintptr) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
		if errno == 0 {
			return int(n), nil
		}
		if errno != syscall.EINTR {
			return 0, errno
		}
	}
}

// Writev implements [Sockets]. Of more than 64 slices it takes the first 64.
func (t *TCP) Writev(fd int, ps [][]byte) (int, error) {
	count := min(len(ps), maxIovecs)
	for i, p := range ps[:count] {
		t.iovecs[i].Base = unsafe.SliceData(p)
		t.iovecs[i].SetLen(len(p))
	}
	t.message.Iov = &t.iovecs[0]
	t.message.SetIovlen(count)
	defer clear(t.iovecs[:count])
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&t.message)), unix.MSG_NOSIGNAL)
		if errno == 0 {
			return int(n), nil
		}
		if errno != syscall.EINTR {
			return 0, errno
		}
	}
}

// CloseWrite implements [Sockets]. It does not wait either: a call that the runtime
// believes may wait can cost the loop its P in the middle of a turn.
func (*TCP) CloseWrite(fd int) error {
	if _, _, errno := syscall.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0); errno != 0 {
		return errno
	}
	return nil
}

// Close implements [Sockets].
func (*TCP) Close(fd int) error {
	// Closing can be heavy (the kernel sends the last bytes), but it does not
	// wait: sockets are non-blocking and do not linger.
	_, _, errno := syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// Reset implements [Sockets].
func (t *TCP) Reset(fd int) error {
	// A linger time of zero turns close into an abort (tcp(7), RFC 9293 §3.10.5).
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 0})
	return t.Close(fd)
}
