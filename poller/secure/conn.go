package secure

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Conn is a session that has left its loop: a net.Conn over one.
type Conn struct {
	net.Conn // the socket

	// Held while bytes are sealed and written, so that they leave in order.
	writing sync.Mutex
	cut     error // of the write that may have sent a part of a record: none can follow

	// Guarded by mu.
	mu      sync.Mutex
	session Session

	// The reader's.
	early  []byte // read from the socket before
	wire   []byte
	plain  []byte // opened and not read yet
	failed error  // what follows plain
}

// NewConn returns a connection that goes on with a session over socket, from which
// early was read and not opened; it takes all three. The [Warm] of the loop that it
// comes from has forgotten the session. Reads and writes may be on
// different goroutines.
func NewConn(socket net.Conn, s Session, early []byte) *Conn {
	if s, ok := s.(*session13); ok {
		s.warm = NewWarm(1)
	}
	c := &Conn{Conn: socket, session: s, early: early}
	if s.Ended() {
		c.failed = io.EOF
	}
	return c
}

// Read implements [net.Conn].
func (c *Conn) Read(p []byte) (int, error) {
	if c.wire == nil {
		c.wire = make([]byte, 4<<10)
	}
	for len(c.plain) == 0 && len(p) > 0 {
		if c.failed != nil {
			return 0, c.failed
		}
		if len(c.early) > 0 {
			c.open(c.early)
			c.early = nil
			continue
		}
		n, err := c.Conn.Read(c.wire)
		switch {
		case n > 0:
			c.open(c.wire[:n])
		case errors.Is(err, io.EOF):
			return 0, io.ErrUnexpectedEOF // no close_notify came, RFC 8446 §6.1
		default:
			return 0, err
		}
	}
	n := copy(p, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

// open opens what came, and sends what that calls for.
func (c *Conn) open(wire []byte) {
	c.mu.Lock()
	for len(wire) > 0 && c.failed == nil {
		data, n, err := c.session.Open(wire)
		c.plain = append(c.plain, data...)
		wire, c.failed = wire[n:], err
	}
	c.mu.Unlock()
	if c.failed != nil {
		c.write(c.session.Reply)
	}
}

// write sends what the session makes, and returns how much that is.
func (c *Conn) write(make func(dst []byte) []byte) (n int, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.cut != nil {
		return 0, c.cut
	}
	c.mu.Lock()
	sealed := make(nil)
	c.mu.Unlock()
	if len(sealed) > 0 {
		_, c.cut = c.Conn.Write(sealed)
	}
	return len(sealed), c.cut
}

// Write implements [net.Conn].
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.write(func(dst []byte) []byte { return c.session.Seal(dst, [][]byte{p}) })
	switch {
	case err != nil:
		return 0, err
	case n == 0 && len(p) > 0: // the session is over
		return 0, net.ErrClosed
	}
	return len(p), nil
}

// closeWait is how long a peer may take to make room for the end of the stream.
const closeWait = 5 * time.Second

// CloseWrite announces the end of the stream and ends it; the peer's goes on.
func (c *Conn) CloseWrite() error {
	c.Conn.SetWriteDeadline(time.Now().Add(closeWait))
	if _, err := c.write(c.session.Close); err != nil {
		return err
	}
	if socket, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return socket.CloseWrite()
	}
	return nil
}

// Close implements [net.Conn]. It announces the end of the stream, unless a write
// waits for the peer: then that fails at once.
func (c *Conn) Close() error {
	if c.writing.TryLock() {
		c.writing.Unlock()
		c.Conn.SetWriteDeadline(time.Now().Add(closeWait))
		c.write(c.session.Close)
	}
	return c.Conn.Close()
}
