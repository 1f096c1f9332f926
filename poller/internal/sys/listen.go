//go:build linux || darwin || freebsd

package sys

import (
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Backlog is asked of the kernel for each listener; the system's own limit
// (net.core.somaxconn, kern.ipc.somaxconn) caps it.
const Backlog = 65535

// Options are set on a listener, from which accepted connections inherit them:
// no connection pays a system call for its own.
type Options struct {
	// UserTimeout bounds how long sent bytes may stay unacknowledged, or unsent
	// for want of a window, in milliseconds; 0 leaves the kernel's default. Linux
	// only.
	UserTimeout int
	// SendBuffer and ReceiveBuffer are the sizes of the kernel's buffers, in
	// bytes, of which it takes up to twice as much; 0 leaves them to the kernel,
	// which lets them grow to some megabytes.
	SendBuffer, ReceiveBuffer int
	// Unsent is how many bytes the kernel takes beyond those that the peer has
	// room for; 0 leaves it at the send buffer's size. Linux only.
	Unsent int
}

// socketOption is one call of setsockopt.
type socketOption struct {
	name          string
	level, option int
	value         int
}

// Listen opens a TCP listener with SO_REUSEPORT on addr, so that every loop
// can hold one for the same port, and returns it with the address it is bound
// to. Linux shares connections out among such listeners evenly, others do not.
func Listen(addr netip.AddrPort, options Options) (int, netip.AddrPort, error) {
	domain := unix.AF_INET6
	if addr.Addr().Unmap().Is4() {
		domain = unix.AF_INET
	}
	fd, err := socket(domain)
	if err != nil {
		return -1, netip.AddrPort{}, os.NewSyscallError("socket", err)
	}
	bound, err := listen(fd, domain, addr, options)
	if err != nil {
		unix.Close(fd)
		return -1, netip.AddrPort{}, err
	}
	return fd, bound, nil
}

func listen(fd, domain int, addr netip.AddrPort, options Options) (netip.AddrPort, error) {
	own := []socketOption{
		{"SO_REUSEADDR", unix.SOL_SOCKET, unix.SO_REUSEADDR, 1},
		{"SO_REUSEPORT", unix.SOL_SOCKET, unix.SO_REUSEPORT, 1},
	}
	if domain == unix.AF_INET6 {
		// "[::]" serves both families, as net.Listen does.
		only := 1
		if addr.Addr().IsUnspecified() {
			only = 0
		}
		own = append(own, socketOption{"IPV6_V6ONLY", unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only})
	}
	if err := set(fd, append(own, options.inherited()...)); err != nil {
		return netip.AddrPort{}, err
	}
	if err := unix.Bind(fd, toSockaddr(addr)); err != nil {
		return netip.AddrPort{}, os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(fd, Backlog); err != nil {
		return netip.AddrPort{}, os.NewSyscallError("listen", err)
	}
	return boundTo(fd)
}

// inherited returns what accepted connections have from their listener.
func (o Options) inherited() []socketOption {
	inherited := append([]socketOption{
		{"TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{"SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
	}, systemOptions(o)...)
	for _, buffer := range []socketOption{
		{"SO_SNDBUF", unix.SOL_SOCKET, unix.SO_SNDBUF, o.SendBuffer},
		{"SO_RCVBUF", unix.SOL_SOCKET, unix.SO_RCVBUF, o.ReceiveBuffer},
	} {
		if buffer.value > 0 {
			inherited = append(inherited, buffer)
		}
	}
	return inherited
}

func set(fd int, options []socketOption) error {
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o.level, o.option, o.value); err != nil {
			return os.NewSyscallError("setsockopt "+o.name, err)
		}
	}
	return nil
}

func boundTo(fd int) (netip.AddrPort, error) {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	return fromSockaddr(name), nil
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
