package gateway

import (
	"crypto/x509"
	"errors"
	"net/netip"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
)

// Handler receives the sessions of a route. For each session its methods are
// called one at a time and in order: Open, Message for every message, Close.
// Different sessions' calls run concurrently, so a handler must be safe for
// that. Where they run is the route's [Dispatch].
//
// A handler that panics ends the session it was called for, with 1011; the
// panic is logged, and nobody else is disturbed. The same goes for a pooled one that
// calls [runtime.Goexit]; an [Inline] one must not, for it would end the loop.
type Handler interface {
	// Open announces a session. It borrows r.
	Open(s Session, r *Request)
	// Message delivers a complete message. It borrows m.Payload, and may write
	// to it: to keep the bytes, copy them.
	Message(s Session, m Message)
	// Close announces the end of a session, whatever ended it. Sends to it have
	// no effect by now.
	Close(s Session, r Reason)
}

// Member is a [Handler] that is told of its sessions' groups: at once and in order, on
// the session's loop, whatever the route's [Dispatch]. It must not block. What a session
// joins from its beginning comes before Open, and its last groups are left before Close.
type Member interface {
	Handler
	Joined(s Session, group string)
	Left(s Session, group string)
}

// Parting is a [Handler] that is told with which code a peer begins the close handshake
// (RFC 6455 §7.4): at once, on the session's loop, whatever the route's [Dispatch], and
// ahead of Close. It must not block. A close frame without a code has 1005.
type Parting interface {
	Handler
	PeerCloses(s Session, code ws.StatusCode)
}

// MessageType is the type of a message (RFC 6455 §5.6).
type MessageType uint8

const (
	// Text is UTF-8. What arrives has been checked; what is sent must be.
	Text = MessageType(ws.OpText)
	// Binary is any bytes.
	Binary = MessageType(ws.OpBinary)
)

// check returns an error for what is no type of a message.
func (t MessageType) check() error {
	if t != Text && t != Binary {
		return ErrMessageType
	}
	return nil
}

// Message is one complete message, however it was fragmented.
type Message struct {
	Type    MessageType
	Payload []byte
}

// Request is the HTTP request that became, or asks to become, a session.
type Request struct {
	codec.Request
	// Session is the session that it becomes, if it is granted.
	Session Session
	// RemoteAddr is the peer's address.
	RemoteAddr netip.AddrPort
	// Certificate is the one with which the client has proved in TLS who it is; nil if
	// it has shown none. How it was verified is for [Config].TLS to say, in ClientAuth.
	Certificate *x509.Certificate
	// Subprotocol is what was negotiated, or empty. [Authorize] and [Decide] may set
	// it to another one of those that the client offers, or to none.
	Subprotocol string

	// What follows is for [Authorize] and [Decide] to set.

	// Identity is who the session belongs to.
	Identity Identity
	// Handler, if set, is called for this session instead of its route's, in the
	// same way. It may hold what the program keeps of the session.
	Handler Handler
	// Form is the form of publications that the session is sent; at most [Forms]-1.
	Form Form
	// Encoder, if set, makes the bytes of publications for this session.
	Encoder Encoder
	// Replaces, if [Authorize] sets it, is a session of the same client that Handler
	// closes once it has this one: limits of sessions are twice as high for it, lest the
	// client be refused its own place, which is taken until then.
	Replaces Session
	// Greeting, if it has a type, is the first message of the session, ahead of
	// whatever is published. Its payload must not change.
	Greeting Message
}

// HandlerFunc makes a [Handler] of a function that receives messages, for
// programs to which a session's beginning and end do not matter.
type HandlerFunc func(s Session, m Message)

// Open does nothing.
func (HandlerFunc) Open(Session, *Request) {}

// Message calls f.
func (f HandlerFunc) Message(s Session, m Message) { f(s, m) }

// Close does nothing.
func (HandlerFunc) Close(Session, Reason) {}

func (HandlerFunc) onlyMessages() {}

// onlyMessages marks handlers whose Open and Close do nothing, which a pooled
// route then need not dispatch.
type onlyMessages interface{ onlyMessages() }

// Echo returns a handler that sends every message back.
func Echo() Handler {
	return HandlerFunc(func(s Session, m Message) { s.Send(m.Type, m.Payload) })
}

// Errors of sending.
var (
	// ErrEnded: the session has ended, or never was. A session that ends at
	// the same moment can also swallow a send without an error.
	ErrEnded = errors.New("gateway: the session has ended")
	// ErrMessageType: a message is [Text] or [Binary].
	ErrMessageType = errors.New("gateway: a message's type must be Text or Binary")
	// ErrBusy: the session's loop has more to do than it can keep up with.
	ErrBusy = errors.New("gateway: the session's loop is overloaded")
)
