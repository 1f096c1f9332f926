//go:build linux || darwin || freebsd

package sys

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Backlog is asked of the kernel for each listener; the system's limit (net.core.somaxconn,
// kern.ipc.somaxconn) caps it.
const Backlog = 65535

// Options are set on a listener, from which accepted connections inherit them:
// no connection pays a system call for its own.
type Options struct {
	// UserTimeout bounds how long sent bytes may stay unacknowledged, in
	// milliseconds; 0 leaves the kernel's default. Linux only.
	UserTimeout int
}

// Unused reports an error if somebody listens on addr already. SO_REUSEPORT
// would let two programs of one user share a port unnoticed, each with half of
// the clients.
func Unused(addr netip.AddrPort) error {
	if addr.Port() == 0 {
		return nil
	}
	probe, err := net.Listen("tcp", addr.String())
	if err != nil {
		return err
	}
	return probe.Close()
}

func toSockaddr(addr netip.AddrPort) unix.Sockaddr {
	if ip := addr.Addr().Unmap(); ip.Is4() {
		return &unix.SockaddrInet4{Port: int(addr.Port()), Addr: ip.As4()}
	}
	return &unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()}
}

func fromSockaddr(name unix.Sockaddr) netip.AddrPort {
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(name.Addr), uint16(name.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(name.Addr), uint16(name.Port))
	}
	return netip.AddrPort{}
}
