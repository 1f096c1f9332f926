package secure

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// wire is a connection for crypto/tls that has no socket: what it reads was fed
// by a loop, and what it writes a loop will send.
type wire struct {
	// Fixed.
	local, remote net.Addr
	send          func(p []byte) // borrows p
	more          func()         // there is room again

	// Guarded by mu.
	mu     sync.Mutex
	fed    sync.Cond // signalled when a Read should look again
	in     []byte
	record int  // bytes of the present record that were not read yet
	full   bool // nothing should be fed until there is room
	ended  error
	// nonblocking is set once a loop drives the connection: a Read without
	// input says so and does not wait.
	nonblocking bool
}

var _ net.Conn = (*wire)(nil)

// maxFed is from how much on a handshake that is behind should be fed no more. Clients
// wait for its answer, but from their Finished on send all that they have at once. It is
// more than any record says that it has.
const maxFed = 66 << 10

// errNoInput is what a read finds that would have to wait. crypto/tls takes it
// as passing, because it is temporary in the sense of [net.Error].
var errNoInput net.Error = noInput{}

type noInput struct{}

func (noInput) Error() string   { return "tls: no input yet" }
func (noInput) Timeout() bool   { return true }
func (noInput) Temporary() bool { return true }

func newWire(local, remote net.Addr, send func([]byte), more func()) *wire {
	w := &wire{local: local, remote: remote, send: send, more: more}
	w.fed.L = &w.mu
	return w
}

// feed adds what came, which it borrows, and reports whether there is room for more.
// If not, more is called once there is.
func (w *wire) feed(p []byte) (room bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.in = append(w.in, p...)
	w.fed.Signal()
	w.full = !w.nonblocking && len(w.in) >= maxFed
	return !w.full
}

// holdsRecord reports whether a whole record waits, or what cannot become the
// first one of a handshake.
func (w *wire) holdsRecord() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.in) > 0 && contentType(w.in[0]) != typeHandshake {
		return true
	}
	if len(w.in) < headerSize {
		return false
	}
	length := int(w.in[3])<<8 | int(w.in[4])
	return length > maxCiphertext || len(w.in) >= headerSize+length
}

// end makes reads fail with err once all input was read.
func (w *wire) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = err
	w.fed.Signal()
}

// takeOver makes reads report that there is no input rather than wait for some.
func (w *wire) takeOver() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nonblocking = true
}

// rest takes the input that was not read.
func (w *wire) rest() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	rest := w.in
	w.in, w.record = nil, 0
	return rest
}

// Read returns input of one record at most: what follows the last one of the
// handshake is not for crypto/tls to read.
func (w *wire) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.record == 0 && len(w.in) < headerSize || len(w.in) == 0 {
		switch {
		case w.ended != nil:
			return 0, w.ended
		case w.nonblocking:
			w.in = bytes.Clone(w.in) // not with all that came before
			return 0, errNoInput
		case w.full:
			w.full = false
			w.more()
		}
		w.fed.Wait()
	}
	if w.record == 0 {
		w.record = headerSize + int(w.in[3])<<8 + int(w.in[4])
	}
	n := copy(p, w.in[:min(w.record, len(w.in))])
	w.record -= n
	w.in = w.in[n:]
	if len(w.in) == 0 {
		w.in = nil
	}
	return n, nil
}

// Write gives p to the loop.
func (w *wire) Write(p []byte) (int, error) {
	w.send(p)
	return len(p), nil
}

// Close ends the reads.
func (w *wire) Close() error {
	w.end(io.ErrClosedPipe)
	return nil
}

func (w *wire) LocalAddr() net.Addr  { return w.local }
func (w *wire) RemoteAddr() net.Addr { return w.remote }

// SetDeadline and the two others are not needed: the loop has the clock.
func (w *wire) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (w *wire) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (w *wire) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
