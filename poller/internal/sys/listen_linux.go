package sys

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Listen opens a TCP listener with SO_REUSEPORT on addr, so that every loop
// can hold one for the same port, and returns it with the address it is bound
// to.
func Listen(addr netip.AddrPort, options Options) (int, netip.AddrPort, error) {
	domain := unix.AF_INET6
	if addr.Addr().Unmap().Is4() {
		domain = unix.AF_INET
	}
	fd, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
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
	for _, o := range []struct {
		name               string
		level, option, set int
	}{
		{"SO_REUSEADDR", unix.SOL_SOCKET, unix.SO_REUSEADDR, 1},
		{"SO_REUSEPORT", unix.SOL_SOCKET, unix.SO_REUSEPORT, 1},
		{"TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{"SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{"TCP_USER_TIMEOUT", unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, options.UserTimeout},
	} {
		if err := unix.SetsockoptInt(fd, o.level, o.option, o.set); err != nil {
			return netip.AddrPort{}, os.NewSyscallError("setsockopt "+o.name, err)
		}
	}
	if domain == unix.AF_INET6 {
		// "[::]" serves both families, as net.Listen does.
		only := 1
		if addr.Addr().IsUnspecified() {
			only = 0
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return netip.AddrPort{}, os.NewSyscallError("setsockopt IPV6_V6ONLY", err)
		}
	}
	if err := unix.Bind(fd, toSockaddr(addr)); err != nil {
		return netip.AddrPort{}, os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(fd, Backlog); err != nil {
		return netip.AddrPort{}, os.NewSyscallError("listen", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	return fromSockaddr(name), nil
}
