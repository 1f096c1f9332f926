//go:build linux || darwin || freebsd

package sys

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Inherit readies a listening TCP socket that another process has opened, and
// returns it with the address it is bound to. It takes file. The options are set
// anew, for connections to come.
func Inherit(file *os.File, options Options) (int, netip.AddrPort, error) {
	defer file.Close()
	fd, err := duplicateOf(file)
	if err != nil {
		return -1, netip.AddrPort{}, fmt.Errorf("inherited socket %s: %w", file.Name(), err)
	}
	addr, err := inherit(fd, options)
	if err != nil {
		unix.Close(fd)
		return -1, netip.AddrPort{}, fmt.Errorf("inherited socket %s: %w", file.Name(), err)
	}
	return fd, addr, nil
}

func inherit(fd int, options Options) (netip.AddrPort, error) {
	// A service manager may have opened it blocking.
	if err := unix.SetNonblock(fd, true); err != nil {
		return netip.AddrPort{}, os.NewSyscallError("fcntl", err)
	}
	listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockopt SO_ACCEPTCONN", err)
	}
	if listening == 0 {
		return netip.AddrPort{}, errors.New("it does not listen")
	}
	addr, err := boundTo(fd)
	if err != nil {
		return addr, err
	}
	if !addr.IsValid() {
		return addr, errors.New("it is not a TCP socket")
	}
	for _, o := range options.inherited() {
		// A socket of Multipath TCP, which Go's own listeners are, has not all of
		// them.
		if err := set(fd, []socketOption{o}); err != nil && !errors.Is(err, unix.ENOPROTOOPT) {
			return addr, err
		}
	}
	return addr, nil
}

// duplicateOf returns a duplicate of the descriptor of file. [os.File.Fd] could
// make the socket blocking for a moment, and with it that of a process which
// still accepts from it, on a loop.
func duplicateOf(file *os.File) (fd int, err error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return -1, err
	}
	failed := raw.Control(func(own uintptr) { fd, err = Duplicate(int(own)) })
	return fd, errors.Join(failed, err)
}

// Duplicate returns another descriptor of what fd names, close-on-exec.
func Duplicate(fd int) (int, error) {
	duplicate, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("fcntl F_DUPFD_CLOEXEC", err)
	}
	return duplicate, nil
}
