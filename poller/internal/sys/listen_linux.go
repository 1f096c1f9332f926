package sys

import "golang.org/x/sys/unix"

// socket opens a TCP socket, non-blocking and close-on-exec.
func socket(domain int) (int, error) {
	return unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
}

func systemOptions(o Options) []socketOption {
	return []socketOption{
		{"TCP_USER_TIMEOUT", unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, o.UserTimeout},
		{"TCP_NOTSENT_LOWAT", unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, o.Unsent},
	}
}
