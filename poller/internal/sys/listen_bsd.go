//go:build darwin || freebsd

package sys

import (
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Listen opens a TCP listener with SO_REUSEPORT on addr and returns it with the
// address it is bound to. Several listeners may hold one port, but these
// kernels do not share connections out among them evenly.
func Listen(addr netip.AddrPort, _ Options) (int, netip.AddrPort, error) {
	domain := unix.AF_INET6
	if addr.Addr().Unmap().Is4() {
		domain = unix.AF_INET
	}
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(domain, unix.SOCK_STREAM, unix.IPPROTO_TCP)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, netip.AddrPort{}, os.NewSyscallError("socket", err)
	}
	bound, err := listen(fd, domain, addr)
	if err != nil {
		unix.Close(fd)
		return -1, netip.AddrPort{}, err
	}
	return fd, bound, nil
}

func listen(fd, domain int, addr netip.AddrPort) (netip.AddrPort, error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		return netip.AddrPort{}, os.NewSyscallError("fcntl O_NONBLOCK", err)
	}
	for _, o := range []struct {
		name          string
		level, option int
	}{
		{"SO_REUSEADDR", unix.SOL_SOCKET, unix.SO_REUSEADDR},
		{"SO_REUSEPORT", unix.SOL_SOCKET, unix.SO_REUSEPORT},
		{"TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY},
		{"SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE},
	} {
		if err := unix.SetsockoptInt(fd, o.level, o.option, 1); err != nil {
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
