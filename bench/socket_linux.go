package bench

import (
	"errors"
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of the data path go to the kernel without telling the Go
// scheduler: on a descriptor that never blocks that saves 10 to 20 % of the
// call. recv and send are some 10 % cheaper than read and write, which are for
// files of any kind. They return -1 and the error number on failure.

// readNow reads once from a non-blocking socket into p, which is not empty.
func readNow(fd int32, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), 0, 0, 0)
	return int(n), errno
}

// writeNow writes once to a non-blocking socket from p, which is not empty.
func writeNow(fd int32, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// pollNow asks for events without waiting for any.
func pollNow(epoll int, events []unix.EpollEvent) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	return int(n), errno
}

// sleep waits for events, forever at most, and returns how many there are.
func sleep(epoll int, events []unix.EpollEvent, timeout time.Duration) int {
	var limit *unix.Timespec
	if timeout != forever {
		spec := unix.NsecToTimespec(int64(timeout))
		limit = &spec
	}
	// In nanoseconds: what is due in half a millisecond cannot wait for a whole
	// one.
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epoll),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(limit)), 0, 0)
	switch {
	case errno == 0:
		return int(n)
	case errno == unix.ENOSYS: // before Linux 5.11
		return sleepMilliseconds(epoll, events, timeout)
	default:
		return 0 // EINTR: nothing else can come from a valid instance
	}
}

func sleepMilliseconds(epoll int, events []unix.EpollEvent, timeout time.Duration) int {
	milliseconds := -1
	if timeout != forever {
		milliseconds = int((timeout + time.Millisecond - 1) / time.Millisecond)
	}
	n, err := unix.EpollWait(epoll, events, milliseconds)
	if err != nil {
		return 0
	}
	return n
}

// connectNow begins a connection from a source address, if it is valid, and
// returns its descriptor. The connection is not yet established. Errors are
// connect failures.
func connectNow(from netip.Addr, to unix.Sockaddr) (fd int, err error) {
	if fd, err = newSocket(to); err != nil {
		return -1, err
	}
	if err := connectFrom(fd, from, to); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// deafBuffer is the receive buffer of those that do not read, in bytes: what
// they do not take the server has to keep. The kernel's least is not much less.
const deafBuffer = 4 << 10

// connectDeaf is connectNow with a small receive buffer.
func connectDeaf(from netip.Addr, to unix.Sockaddr) (fd int, err error) {
	if fd, err = newSocket(to); err != nil {
		return -1, err
	}
	// Before it connects: a window that shrinks later confuses its own side.
	if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, deafBuffer); err == nil {
		err = connectFrom(fd, from, to)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// newSocket returns a socket that can connect to that kind of address. Errors
// are connect failures.
func newSocket(to unix.Sockaddr) (fd int, err error) {
	family := unix.AF_INET
	if _, isIPv6 := to.(*unix.SockaddrInet6); isIPv6 {
		family = unix.AF_INET6
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, failure{StageConnect, "socket: " + err.Error()}
	}
	return fd, nil
}

func connectFrom(fd int, from netip.Addr, to unix.Sockaddr) error {
	// A small message must not wait for the acknowledgement of the one before.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return failure{StageConnect, "TCP_NODELAY: " + err.Error()}
	}
	if from.IsValid() {
		// The port is then chosen by connect, which knows the peer: ports in
		// use towards other peers stay usable.
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return failure{StageConnect, "IP_BIND_ADDRESS_NO_PORT: " + err.Error()}
		}
		if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(from, 0))); err != nil {
			return failure{StageConnect, "bind to a source address: " + err.Error()}
		}
	}
	switch err := unix.Connect(fd, to); {
	case err == nil, errors.Is(err, unix.EINPROGRESS):
		return nil
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return failure{StageConnect, "no source port is free; add source addresses"}
	default:
		return failure{StageConnect, err.Error()}
	}
}

// abort closes a socket with a reset. Closed in the usual way after its close
// handshake, each connection would leave a port in TIME_WAIT for a minute, and
// the next run would find none.
func abort(fd int32) {
	_ = unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	unix.Close(int(fd))
}

// pendingError returns the error that a socket has met, or nil.
func pendingError(fd int32) error {
	number, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil || number == 0 {
		return err
	}
	return syscall.Errno(number)
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}
	}
	return &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}
}

// localAddress returns the address that a socket is bound to; the zero AddrPort if
// it is not.
func localAddress(fd int32) netip.AddrPort {
	switch a, _ := unix.Getsockname(int(fd)); a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
}
