package poller

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"time"
)

// Config is what a [Server] is built from.
type Config struct {
	// Listen is the address to listen on; port 0 lets the kernel choose.
	Listen netip.AddrPort
	// Inherited are listening TCP sockets that another process has opened. The
	// loops accept from them, and Listen is not opened. Where there are fewer than
	// loops, several loops accept from each; where there are more, a loop accepts
	// from several. [Listen] takes the files.
	Inherited []*os.File
	// Loops is the number of event loops, 1 to 65,536.
	Loops int
	// Engine is "epoll" (Linux) or "easygo".
	Engine string
	// PrivateFDTables gives each loop a thread, and that thread a descriptor
	// table of its own. It needs Linux and the epoll engine.
	PrivateFDTables bool

	// Pace can change while the loops run; see [Loop.SetPace].
	Pace
	// SendBuffer and ReceiveBuffer are the sizes of the kernel's buffers of a
	// connection, in bytes; it takes up to twice as much. 0 leaves them to the
	// kernel, which lets them grow to some megabytes.
	SendBuffer, ReceiveBuffer int
	// Unsent is how many bytes the kernel takes for a peer beyond those that it
	// has room for, whatever the send buffer's size: a peer that stops reading
	// must not have megabytes queued where nobody sees them. 0 sets no bound.
	// Linux only.
	Unsent int
	// UserTimeout is how long the kernel waits for a peer to acknowledge or to
	// make room (RFC 9293 §3.9.1; Linux only). It is the last resort, and should be
	// longer than it takes the loop to find such a peer: the kernel drops the
	// connection without a word, and a peer that sends nothing never learns of it.
	UserTimeout time.Duration
	// Linger is how long a connection may take to end once it was finished: its
	// output to be read, and the peer to close too. Its input is read meanwhile,
	// and thrown away: closing at once could reset the connection before the
	// peer has read the last bytes.
	Linger time.Duration

	// LongTurn is the time from which a turn counts as long; 0 counts none. See
	// [Loop.Turning].
	LongTurn time.Duration
	// Gate, if set, makes the gate of each loop, when the loop starts.
	Gate func(*Loop) Gate

	// TLS, if set, secures every connection before its handler hears of it.
	TLS *TLS

	// Adopt receives the connections handed off with [Conn.HandOff] and the
	// bytes already read from each, which it owns. conn has a CloseWrite as
	// [*net.TCPConn] has, and over TLS a ConnectionState as [*tls.Conn] has; it is nil
	// if the socket was lost on the way, for want of descriptors. Adopt is called on goroutines of the server's own, one for each
	// loop; without it nothing may be handed off.
	Adopt func(conn net.Conn, read []byte)
	// AcceptFailed, if set, is told when a loop begins to fail to accept for
	// want of resources, once until it recovers. It is called on the loop and
	// must not block.
	AcceptFailed func(loop int, err error)
}

// Pace is how often and how long a loop looks after its connections.
type Pace struct {
	// Sweep is how often each connection is visited for timeouts.
	Sweep time.Duration
	// WriteStall ends a connection whose peer takes none of the waiting output
	// for so long.
	WriteStall time.Duration
	// Preface bounds the time from accept until a gate has let in a connection for
	// whose first bytes it waits. It must be set beside [Config].Gate.
	Preface time.Duration
}

// TLS is how connections are secured.
type TLS struct {
	// Config returns the configuration for the next handshake. It is called on
	// the loops and must not block. Its sessions can be resumed if it has ticket
	// keys (SetSessionTicketKeys); its GetConfigForClient must be nil.
	Config func() *tls.Config
	// Timeout bounds the time from accept to the end of the handshake.
	Timeout time.Duration
	// Handshakes is how many may be under way on one loop, at least 1; each has a
	// goroutine. Others wait for their turn. A network has half of them at most.
	Handshakes int
	// Network, if set, returns the network that an address counts as a part of, always the
	// same. In the line for a handshake networks take turns; without it addresses do. It
	// is called on the loops and must not block.
	Network func(netip.Addr) netip.Prefix
	// Failed, if set, is told of each connection that ends before it is secured,
	// and why: a [*HandshakeError], [ErrHandshakeTimeout], [ErrStopped], [io.EOF]
	// for a peer that has left, or an error of the kernel. It is called on the loop
	// of that number and must not block.
	Failed func(loop int, peer netip.AddrPort, cause error)
}

// HandshakeError is why a TLS handshake has come to nothing: what the peer has
// sent, or the alert with which it has refused.
type HandshakeError struct{ Err error }

func (e *HandshakeError) Error() string { return e.Err.Error() }

// Unwrap returns what crypto/tls says.
func (e *HandshakeError) Unwrap() error { return e.Err }

// ErrHandshakeTimeout: the connection was not secured within [TLS].Timeout.
var ErrHandshakeTimeout = errors.New("poller: the TLS handshake took too long")

// Errors of posting and handing off.
var (
	// ErrStarted: the server was started, or stopped, before.
	ErrStarted = errors.New("poller: a server runs once")
	// ErrStopped: the loop has ended.
	ErrStopped = errors.New("poller: the loop has stopped")
	// ErrOtherLoop: the handle names a connection of another loop.
	ErrOtherLoop = errors.New("poller: the connection belongs to another loop")
	// ErrMailboxFull: the loop has more letters than it can keep up with.
	ErrMailboxFull = errors.New("poller: the loop's mailbox is full")
	// ErrHandOffBusy: connections are handed off faster than they are adopted.
	ErrHandOffBusy = errors.New("poller: too many connections are being handed off")
)

// Causes given to [Handler.Closed], besides the errors of the kernel.
var (
	// ErrFinished: the connection was ended with [Conn.Finish].
	ErrFinished = errors.New("poller: finished")
	// ErrWriteStalled: the peer took no byte for [Config].WriteStall.
	ErrWriteStalled = errors.New("poller: the peer takes no output")
)

// maxLoops is how many loops a [Handle] can tell apart.
const maxLoops = math.MaxUint16 + 1

func (c Config) validate() error {
	switch {
	case c.Loops < 1 || c.Loops > maxLoops:
		return fmt.Errorf("poller: Loops is %d; 1 to %d are possible", c.Loops, maxLoops)
	case !c.Listen.IsValid() && len(c.Inherited) == 0:
		return errors.New("poller: Listen is not an address")
	case c.SendBuffer < 0 || c.ReceiveBuffer < 0 || c.Unsent < 0:
		return fmt.Errorf("poller: SendBuffer (%d), ReceiveBuffer (%d) and Unsent (%d) must not be negative", c.SendBuffer, c.ReceiveBuffer, c.Unsent)
	case c.Sweep <= 0 || c.WriteStall <= 0 || c.UserTimeout <= 0 || c.Linger <= 0:
		return fmt.Errorf("poller: Sweep (%v), WriteStall (%v), UserTimeout (%v) and Linger (%v) must be positive", c.Sweep, c.WriteStall, c.UserTimeout, c.Linger)
	case c.Gate != nil && c.Preface <= 0:
		return fmt.Errorf("poller: Preface (%v) must be positive beside Gate", c.Preface)
	case c.TLS != nil && (c.TLS.Config == nil || c.TLS.Timeout <= 0 || c.TLS.Handshakes < 1):
		return errors.New("poller: TLS needs a Config, a positive Timeout and at least 1 of Handshakes")
	case c.PrivateFDTables && c.Engine != "epoll":
		return fmt.Errorf("poller: private descriptor tables need the epoll engine, not %q", c.Engine)
	}
	return nil
}
