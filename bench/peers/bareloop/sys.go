package main

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of the data path go to the kernel without telling the Go
// scheduler: on non-blocking descriptors they return at once, and
// entersyscall/exitsyscall would only add to them. recv and send are some 10 %
// cheaper than read and write, which are for files of any kind.

// read fills p from fd. It returns 0 and no error at the end of the stream.
func read(fd int32, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	return int(n), errno
}

// write sends as much of p as the socket takes.
func write(fd int32, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// poll collects events that are already pending; it never blocks.
func poll(epfd int, events []unix.EpollEvent) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	return int(n), errno
}

// accept takes one connection from the listener, non-blocking. Its options are
// the listener's.
func accept(listener int) (fd int32, errno syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int32(n), errno
}
