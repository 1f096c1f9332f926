package main

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	batch      = 256
	bufferSize = 64 << 10

	// Registered once per connection and never changed.
	connEvents = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET
)

// loop serves the connections of one listener. Its goroutine is the only one
// that touches it.
type loop struct {
	// Fixed after newLoop.
	epfd     int
	listener int
	respond  response

	// Loop only.
	conns  table
	events [batch]unix.EpollEvent
	head   [256]byte // the answer to a handshake
	buf    []byte    // what one turn of one connection reads and answers in

	control []byte // replies of a turn to control frames, in broadcasts
}

// response deals with the whole frames at the start of p, that have come from
// fd: reply is what to send, rest the partial frame behind the last whole one,
// which aliases p.
type response func(fd int32, p []byte) (reply, rest []byte, v verdict)

func newLoop(listener int) (*loop, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	accept := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(listener)}
	if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, listener, &accept); err != nil {
		unix.Close(epfd)
		return nil, fmt.Errorf("epoll_ctl: %w", err)
	}
	l := &loop{epfd: epfd, listener: listener, buf: make([]byte, bufferSize)}
	l.respond = func(_ int32, p []byte) (reply, rest []byte, v verdict) { return echo(p) }
	return l, nil
}

// run serves until the epoll instance fails.
func (l *loop) run() error {
	for {
		n, err := l.wait()
		if err != nil {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for i := range l.events[:n] {
			ev := &l.events[i]
			if ev.Fd == int32(l.listener) {
				l.accept()
				continue
			}
			l.ready(ev.Fd)
		}
	}
}

// wait returns the number of events taken: those that are pending if there are
// any, otherwise the next ones to come. Between its two looks it lets other
// goroutines run, which also gives peers a moment: a loop that does not block
// saves the scheduler's part in blocking.
func (l *loop) wait() (int, error) {
	if n, errno := poll(l.epfd, l.events[:]); n > 0 && errno == 0 {
		return n, nil
	}
	runtime.Gosched()
	if n, errno := poll(l.epfd, l.events[:]); n > 0 && errno == 0 {
		return n, nil
	}
	n, err := unix.EpollWait(l.epfd, l.events[:], -1)
	if err == unix.EINTR {
		return 0, nil
	}
	return n, err
}

// accept takes every connection that waits.
func (l *loop) accept() {
	for {
		fd, errno := accept(l.listener)
		if errno != 0 {
			return
		}
		*l.conns.at(fd) = conn{}
		ev := unix.EpollEvent{Events: connEvents, Fd: fd}
		if unix.EpollCtl(l.epfd, unix.EPOLL_CTL_ADD, int(fd), &ev) != nil {
			unix.Close(int(fd))
		}
	}
}

// ready gives the connection its turn: what waits is sent, then what has
// arrived is read and answered until the socket is empty. A read that leaves
// room in the buffer has emptied it (epoll(7)).
func (l *loop) ready(fd int32) {
	c := l.conns.at(fd)
	if c.spill != nil && len(c.spill.out) > 0 && !l.drain(fd, c) {
		return
	}
	for {
		in := l.input(c)
		n, errno := read(fd, in[len(in):cap(in)])
		switch {
		case errno == unix.EAGAIN || errno == unix.EINTR:
			return
		case errno != 0 || n == 0:
			l.close(fd, c)
			return
		}
		in = in[:len(in)+n]
		emptied := len(in) < cap(in)
		if !l.answer(fd, c, in) || emptied {
			return
		}
	}
}

// input returns the connection's partial input, with room behind it up to the
// capacity: in the loop's buffer, or in the connection's own for a long frame.
func (l *loop) input(c *conn) []byte {
	if c.spill == nil {
		return l.buf[:0]
	}
	if cap(c.spill.in) > bufferSize {
		return c.spill.in
	}
	return append(l.buf[:0], c.spill.in...)
}

// answer sends the replies to in and holds what is left of both. It returns
// false if nothing more is to be read now.
func (l *loop) answer(fd int32, c *conn, in []byte) bool {
	if !c.opened {
		frames, ok := l.open(fd, c, in)
		if !ok {
			return c.opened
		}
		in = frames
	}
	reply, rest, v := l.respond(fd, in)
	var unsent []byte
	if len(reply) > 0 {
		n, errno := write(fd, reply)
		if errno != 0 && errno != unix.EAGAIN {
			l.close(fd, c)
			return false
		}
		unsent = reply[max(n, 0):]
	}
	if v == fault || (v == finish && len(unsent) == 0) {
		l.close(fd, c)
		return false
	}
	c.ending = v == finish
	c.hold(rest, unsent)
	return len(unsent) == 0
}

// open answers the request head in p and returns the frames behind it.
func (l *loop) open(fd int32, c *conn, p []byte) (frames []byte, ok bool) {
	head, frames, whole := splitHead(p)
	if !whole && len(p) < maxHead {
		c.hold(p, nil)
		return nil, false
	}
	key, ok := challenge(head)
	if !ok {
		l.close(fd, c)
		return nil, false
	}
	reply := appendSwitch(l.head[:0], key)
	if n, errno := write(fd, reply); errno != 0 || n < len(reply) {
		l.close(fd, c)
		return nil, false
	}
	c.opened = true
	return frames, true
}

// drain sends what waits for the socket and returns whether the connection may
// be read again.
func (l *loop) drain(fd int32, c *conn) bool {
	n, errno := write(fd, c.spill.out)
	if errno == unix.EAGAIN {
		return false
	}
	if errno != 0 {
		l.close(fd, c)
		return false
	}
	if n < len(c.spill.out) {
		c.spill.out = c.spill.out[n:]
		return false
	}
	if c.ending {
		l.close(fd, c)
		return false
	}
	c.hold(c.spill.in, nil)
	return true
}

func (l *loop) close(fd int32, c *conn) {
	*c = conn{}
	unix.Close(int(fd))
}
