package secure

import (
	"context"
	"crypto/tls"
	"io"
	"net"
)

// Handshake is a connection on its way to become a [Session]. Its methods belong
// to one goroutine; New makes one.
type Handshake struct {
	// Fixed.
	config *tls.Config
	wire   *wire
	done   func(Result)
	ctx    context.Context
	cancel context.CancelFunc

	// The handshake's goroutine's.
	noted *secrets // a TLS 1.2 connection keeps it, and is not to keep the rest
	sent  []byte
}

// Result is what a handshake has come to.
type Result struct {
	// Session is nil if the handshake has failed.
	Session Session
	// State is what was negotiated.
	State tls.ConnectionState
	// Err is why it has failed.
	Err error
}

// NewHandshake returns a server's handshake that has not begun: bytes can be
// fed to it, and wait. The config is used as it is but for its KeyLogWriter; its
// GetConfigForClient must be nil. Unless it has session ticket keys
// (SetSessionTicketKeys), no session will be resumed.
//
// send is given what the peer must be sent, which it borrows, more says that there is
// room again (see [Handshake.Feed]), and done is given the result, once; all are called
// by Run. Bytes that were sent before done must also leave before those of the session.
func NewHandshake(config *tls.Config, local, remote net.Addr, send func(p []byte), more func(), done func(Result)) *Handshake {
	h := &Handshake{config: config, done: done, noted: new(secrets)}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.wire = newWire(local, remote, func(p []byte) {
		h.sent = append(h.sent, p...)
		send(p)
	}, more)
	return h
}

// Run makes the handshake. It blocks until that has ended, and is called once,
// on a goroutine of its own.
func (h *Handshake) Run() {
	defer h.cancel()
	conn := tls.Server(h.wire, observed(h.config, h.noted))
	if err := conn.HandshakeContext(h.ctx); err != nil {
		h.done(Result{Err: err})
		return
	}
	state := conn.ConnectionState()
	if state.Version < tls.VersionTLS13 {
		h.done(Result{Session: newSession12(conn, h.wire), State: state})
		return
	}
	made, err := h.noted.session(state.CipherSuite, h.sent)
	if err != nil {
		h.done(Result{Err: err})
		return
	}
	h.done(Result{Session: made, State: state})
}

// Feed gives the handshake what came from the peer, which it borrows. It reports whether
// there is room for more: else the peer should not be read until there is, or the
// handshake has ended, for what it sends is kept until then.
func (h *Handshake) Feed(p []byte) (room bool) { return h.wire.feed(p) }

// Ready reports whether there is something for Run to work on: a whole hello, or
// what is none. Until then it would hold a goroutine for a peer that may never
// send the rest.
func (h *Handshake) Ready() bool { return h.wire.holdsRecord() }

// End tells the handshake that nothing more will be fed to it. It fails, unless
// it has what it needs; Run goes on until then.
func (h *Handshake) End() { h.wire.end(io.EOF) }

// Abandon ends a handshake whose peer has gone, or takes too long. If it runs,
// done will be called.
func (h *Handshake) Abandon() {
	h.cancel()
	h.wire.end(io.ErrUnexpectedEOF)
}

// Finish takes the bytes that were fed and not needed: they are the session's
// first. It is called when done was, and readies the session, which uses warm.
func (h *Handshake) Finish(s Session, warm *Warm) (rest []byte) {
	if s, ok := s.(*session13); ok {
		s.warm = warm
	}
	rest = h.wire.rest()
	h.wire.takeOver()
	return rest
}
