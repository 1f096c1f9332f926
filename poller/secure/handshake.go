package secure

import (
	"context"
	"crypto/tls"
	"io"
	"net"
)

// Handshake is a connection on its way to become a [Session]. Its methods belong
// to the goroutine that began it.
type Handshake struct {
	wire   *wire
	cancel context.CancelFunc
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

// Begin starts a server's handshake on a goroutine, which ends with it. The
// config is used as it is but for its KeyLogWriter; its GetConfigForClient must
// be nil. Unless it has session ticket keys (SetSessionTicketKeys), no session
// will be resumed.
//
// send is given what the peer must be sent, which it borrows, and done the
// result, once; both are called on that goroutine. Bytes that were sent before
// done must also leave before those of the session.
func Begin(config *tls.Config, local, remote net.Addr, send func(p []byte), done func(Result)) *Handshake {
	ctx, cancel := context.WithCancel(context.Background())
	h := &Handshake{cancel: cancel}
	var sent []byte
	h.wire = newWire(local, remote, func(p []byte) {
		sent = append(sent, p...)
		send(p)
	})
	var noted secrets
	conn := tls.Server(h.wire, observed(config, &noted))
	go func() {
		defer cancel()
		if err := conn.HandshakeContext(ctx); err != nil {
			done(Result{Err: err})
			return
		}
		state := conn.ConnectionState()
		if state.Version < tls.VersionTLS13 {
			done(Result{Session: newSession12(conn, h.wire), State: state})
			return
		}
		made, err := noted.session(state.CipherSuite, sent)
		if err != nil {
			done(Result{Err: err})
			return
		}
		done(Result{Session: made, State: state})
	}()
	return h
}

// Feed gives the handshake what came from the peer, which it borrows.
func (h *Handshake) Feed(p []byte) error { return h.wire.feed(p) }

// Abandon ends a handshake whose peer has gone, or takes too long. done will be
// called.
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
