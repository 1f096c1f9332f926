package bench

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// serve acts on the readiness of c.
func (l *loop) serve(c *conn, ready uint32) {
	switch c.state {
	case stateConnecting:
		l.connected(c, ready)
	case stateSecuring:
		l.shake(c)
	case stateUpgrading:
		l.upgrade(c, ready)
	case stateOpen, stateClosing:
		l.exchange(c, ready)
	}
}

// exchange reads from and writes to an open connection.
func (l *loop) exchange(c *conn, ready uint32) {
	if c.deaf {
		return
	}
	if ready == unix.EPOLLOUT {
		l.now = l.clock()
	} else if err := l.receive(c, ready); err != nil {
		l.end(c, err)
		return
	}
	if ready&unix.EPOLLOUT != 0 {
		c.blocked = false
	}
	if err := l.flush(c); err != nil {
		l.end(c, err)
	}
}

// hear lets a deaf connection read on.
func (l *loop) hear(c *conn) {
	if c.deaf {
		c.deaf = false
		l.unread = append(l.unread, c.slot)
	}
}

// receive reads until the socket is empty or others must have their turn.
func (l *loop) receive(c *conn, ready uint32) error {
	for range readsPerTurn {
		n, err := l.read(c)
		if err != nil {
			return failure{StageDisconnect, cause(err)}
		}
		if n == 0 {
			return nil
		}
		l.now = l.clock()
		if err := l.take(c, l.in[:n]); err != nil {
			return err
		}
		if l.drained(n, ready) {
			return nil
		}
	}
	l.unread = append(l.unread, c.slot)
	return nil
}

// drained reports whether a read of n bytes, in a turn that began with ready,
// emptied its socket: there was room for more and no sign of the end. Whatever
// comes later is a new edge.
func (l *loop) drained(n int, ready uint32) bool {
	return n < len(l.in) && ready&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) == 0
}

// take passes b to whom it concerns.
func (l *loop) take(c *conn, b []byte) error {
	for len(b) > 0 {
		p, n, ok, err := c.in.next(b)
		if err != nil || !ok {
			return err
		}
		b = b[n:]
		switch {
		case p.op.IsControl():
			err = l.control(c, p)
		case p.compressed:
			err = l.compressed(c, p)
		default:
			err = l.traffic.data(l, c, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// flush writes what c has to write, in an order that never cuts a frame.
func (l *loop) flush(c *conn) error {
	if ch := l.channel(c); ch != nil && !c.blocked {
		if err := ch.drain(); err != nil {
			return failure{StageDisconnect, cause(err)}
		}
		c.blocked = len(ch.out) > 0
	}
	if c.aside && !c.midFrame && !c.blocked {
		if err := l.writeAside(c); err != nil {
			return err
		}
	}
	if c.state == stateOpen && !c.blocked {
		if err := l.traffic.write(l, c); err != nil {
			return err
		}
		if l.finishing && !l.traffic.busy(c) {
			return l.sendClose(c)
		}
	}
	if c.aside && !c.midFrame && !c.blocked {
		return l.writeAside(c)
	}
	return nil
}

var errEnded = errors.New("closed by the server without a close frame")

// read reads once into l.in. It returns 0 where nothing has arrived, and
// errEnded at the end of the stream.
func (l *loop) read(c *conn) (int, error) {
	if ch := l.channel(c); ch != nil {
		return ch.read(l.in)
	}
	for {
		n, errno := readNow(c.fd, l.in)
		switch {
		case n > 0:
			return n, nil
		case n == 0:
			return 0, errEnded
		case errno == unix.EAGAIN:
			return 0, nil
		case errno != unix.EINTR:
			return 0, errno
		}
	}
}

// write writes once, and marks c blocked if its socket did not take all of b.
func (l *loop) write(c *conn, b []byte) (int, error) {
	if ch := l.channel(c); ch != nil {
		n, err := ch.write(b)
		c.blocked = len(ch.out) > 0
		return n, err
	}
	for {
		n, errno := writeNow(c.fd, b)
		switch {
		case n >= 0:
			c.blocked = n < len(b)
			return n, nil
		case errno == unix.EAGAIN:
			c.blocked = true
			return 0, nil
		case errno != unix.EINTR:
			return 0, errno
		}
	}
}

// cause returns the text under which err is counted.
func cause(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) && errno == unix.ECONNRESET {
		return "reset by the server"
	}
	return err.Error()
}
