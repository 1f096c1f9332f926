package bench

import (
	"crypto/tls"
	"errors"
	"io"
	"iter"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// channel is the TLS of one connection: that of crypto/tls, which shares no code
// with the gateway under test, over the connection's socket. It reads until the
// socket has no more, and keeps what the socket does not take. Loop only.
type channel struct {
	// Fixed after newChannel.
	fd  int32
	tls *tls.Conn

	// Loop only.
	out []byte // records that the socket has not taken
	// The handshake runs as a coroutine of the loop, which resumes it when the
	// socket is ready: crypto/tls cannot leave it and come back, and a goroutine
	// would do its work on another thread.
	resume  func() (struct{}, bool)
	abandon func()
	yield   func(struct{}) bool // nil outside of the handshake
	err     error               // of the handshake
}

// wouldBlock is temporary, so that crypto/tls does not keep it.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "nothing has arrived" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

var (
	_ net.Error = wouldBlock{}
	_ net.Conn  = (*channel)(nil)

	errAbandoned = errors.New("abandoned")
)

// newChannel returns the channel over a socket that is connected. The handshake
// has not begun.
func newChannel(fd int32, config *tls.Config) *channel {
	ch := &channel{fd: fd}
	ch.tls = tls.Client(ch, config)
	ch.resume, ch.abandon = iter.Pull(func(yield func(struct{}) bool) {
		ch.yield = yield
		ch.err = ch.tls.Handshake()
		ch.yield = nil
	})
	return ch
}

// shake goes on with the handshake as far as the socket lets it.
func (ch *channel) shake() (done bool, err error) {
	if err := ch.drain(); err != nil {
		return false, err
	}
	if _, waits := ch.resume(); waits {
		return false, nil
	}
	ch.resume, ch.abandon = nil, nil
	return true, ch.err
}

// read fills p as far as there is something; 0 where nothing has arrived, and
// errEnded at the end of the stream.
func (ch *channel) read(p []byte) (n int, err error) {
	for n < len(p) {
		var more int
		more, err = ch.tls.Read(p[n:])
		n += more
		switch {
		case err == nil:
		case n > 0 || errors.Is(err, wouldBlock{}):
			return n, nil // another error comes again
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return 0, errEnded
		default:
			return 0, err
		}
	}
	return n, nil
}

// write takes all of b, or nothing while earlier records wait for the socket.
func (ch *channel) write(b []byte) (int, error) {
	if err := ch.drain(); err != nil || len(ch.out) > 0 {
		return 0, err
	}
	return ch.tls.Write(b)
}

// drain writes the records that the socket has not taken, as far as it takes
// them now.
func (ch *channel) drain() error {
	for len(ch.out) > 0 {
		n, errno := writeNow(ch.fd, ch.out)
		switch {
		case n >= 0:
			ch.out = ch.out[n:]
		case errno == unix.EAGAIN:
			return nil
		case errno != unix.EINTR:
			return errno
		}
	}
	ch.out = nil
	return nil
}

// Read is called by crypto/tls.
func (ch *channel) Read(p []byte) (int, error) {
	for {
		n, errno := readNow(ch.fd, p)
		switch {
		case n > 0:
			return n, nil
		case n == 0:
			return 0, io.EOF
		case errno == unix.EINTR:
		case errno != unix.EAGAIN:
			return 0, errno
		case ch.yield == nil:
			return 0, wouldBlock{}
		case !ch.yield(struct{}{}):
			return 0, errAbandoned
		}
	}
}

// Write is called by crypto/tls. It takes all of p, which it borrows.
func (ch *channel) Write(p []byte) (int, error) {
	ch.out = append(ch.out, p...)
	return len(p), ch.drain()
}

// Close does nothing: the socket is the loop's.
func (ch *channel) Close() error { return nil }

// LocalAddr is asked by nobody.
func (ch *channel) LocalAddr() net.Addr { return nil }

// RemoteAddr is asked by nobody.
func (ch *channel) RemoteAddr() net.Addr { return nil }

// SetDeadline does nothing: the loop has deadlines of its own.
func (ch *channel) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (ch *channel) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (ch *channel) SetWriteDeadline(time.Time) error { return nil }
