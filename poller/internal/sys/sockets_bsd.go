//go:build darwin || freebsd

package sys

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// TCP is the kernel's own sockets, for development builds: it is plain rather
// than fast.
type TCP struct{}

var _ Sockets = (*TCP)(nil)

// Accept implements [Sockets].
func (*TCP) Accept(listener int) (int, netip.AddrPort, error) {
	// macOS has no accept4: a fork between the two calls would pass the
	// descriptor on to the child.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for {
		fd, name, err := unix.Accept(listener)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return -1, netip.AddrPort{}, err
		}
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			unix.Close(fd)
			return -1, netip.AddrPort{}, err
		}
		return fd, fromSockaddr(name), nil
	}
}

// Read implements [Sockets].
func (*TCP) Read(fd int, p []byte) (int, error) {
	return transfer(func() (int, error) { return unix.Read(fd, p) })
}

// Write implements [Sockets].
func (*TCP) Write(fd int, p []byte) (int, error) {
	return transfer(func() (int, error) { return unix.Write(fd, p) })
}

// Writev implements [Sockets]. It copies: FreeBSD's writev is not in x/sys.
func (*TCP) Writev(fd int, ps [][]byte) (int, error) {
	var joined []byte
	for _, p := range ps {
		joined = append(joined, p...)
	}
	return transfer(func() (int, error) { return unix.Write(fd, joined) })
}

func transfer(move func() (int, error)) (int, error) {
	for {
		n, err := move()
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// CloseWrite implements [Sockets].
func (*TCP) CloseWrite(fd int) error { return unix.Shutdown(fd, unix.SHUT_WR) }

// Close implements [Sockets].
func (*TCP) Close(fd int) error { return unix.Close(fd) }

// Reset implements [Sockets].
func (t *TCP) Reset(fd int) error {
	// A linger time of zero turns close into an abort (RFC 9293 §3.10.5).
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 0})
	return t.Close(fd)
}
