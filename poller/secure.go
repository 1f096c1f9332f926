package poller

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"

	"github.com/sluicegate/sluice/internal/shrinkmap"
	"github.com/sluicegate/sluice/poller/secure"
	"github.com/sluicegate/sluice/poller/slab"
)

// security is what a loop needs to secure its connections.
type security struct {
	// Fixed once running.
	local net.Addr

	// Loop only.
	table      slab.Table[secured]
	handshakes handshakes
	shown      shrinkmap.Map[uint32, *x509.Certificate] // by slot, until [Conn.TakeCertificate]
	sealed     []byte                                   // what was read behind the records that are being delivered
	warm       *secure.Warm
}

// newSecurity returns what a loop needs; start starts a goroutine.
func newSecurity(local net.Addr, start func(handshake func())) security {
	return security{local: local, warm: secure.NewWarm(warmSessions), handshakes: newHandshakes(start)}
}

// secured is the TLS part of a connection. It lives in a slab under the
// connection's slot; loops without TLS have none.
type secured struct {
	handshake *secure.Handshake // nil: nothing has come yet, or it is over
	session   secure.Session    // nil: not secured yet
	begun     bool              // the handshake, or it waits for its turn
	running   bool              // the handshake has a goroutine
	told      bool              // of its failure: [TLS].Failed
	since     Tick              // when it was let in
}

// warmSessions is how many connections of a loop keep their ciphers at hand, some
// 2.5 KB each.
const warmSessions = 1024

// secure begins with a connection that was accepted.
func (l *Loop) secure(c *Conn) {
	c.state = connSecuring
	c.flags |= flagSecure | flagYields
	l.security.table.Claim(c.slot).since = l.now
}

// feed gives input to the connection's handshake, and begins it with the first.
func (l *Loop) feed(c *Conn, p []byte) {
	s := l.security.table.At(c.slot)
	network := l.config.TLS.networkOf(c.RemoteAddr().Addr())
	if s.handshake == nil {
		h := c.Handle()
		s.handshake = secure.NewHandshake(l.config.TLS.Config(), l.security.local, net.TCPAddrFromAddrPort(c.RemoteAddr()),
			func(p []byte) { l.Do(&sealedOutput{h, bytes.Clone(p)}) },
			func() { l.Do((*roomAgain)(&h)) },
			func(r secure.Result) { l.Do(&handshakeEnd{h, network, r}) })
	}
	if !s.handshake.Feed(p) {
		c.Pause()
	}
	if !s.begun && s.handshake.Ready() {
		s.begun = true
		c.Pause() // until its turn
		l.awaitHandshake(c, network)
		if !s.running && c.flags&flagEnding != 0 {
			l.close(c, io.EOF) // as at the gate
		}
	}
}

// waitsForHandshake reports whether c is to be secured and its handshake has not begun.
func (l *Loop) waitsForHandshake(c *Conn) bool {
	return c.state == connSecuring && !l.security.table.At(c.slot).running
}

// sealedOutput is what a handshake sends.
type sealedOutput struct {
	handle Handle
	bytes  []byte
}

// Run queues the bytes.
func (o *sealedOutput) Run(l *Loop) {
	if c := l.securing(o.handle); c != nil {
		l.output.add(c, piece{bytes: o.bytes, shared: true, sealed: true})
	}
}

// roomAgain names a connection whose handshake has read what was fed to it.
type roomAgain Handle

// Run reads the connection again.
func (r *roomAgain) Run(l *Loop) {
	if c := l.securing(Handle(*r)); c != nil {
		c.Resume()
	}
}

// handshakeEnd is the result of a handshake.
type handshakeEnd struct {
	handle  Handle
	network netip.Prefix
	result  secure.Result
}

// Run opens the connection, or ends it.
func (e *handshakeEnd) Run(l *Loop) {
	l.security.handshakes.ended(e.network)
	if c := l.securing(e.handle); c != nil {
		l.secured(c, e.result)
	}
	l.beginHandshakes()
}

// secured goes on with a connection whose handshake has ended.
func (l *Loop) secured(c *Conn, r secure.Result) {
	s := l.security.table.At(c.slot)
	h := s.handshake
	if r.Err != nil {
		cause := failureOf(r.Err)
		l.tellFailure(c, cause) // a last alert that cannot be written has another
		l.breakOff(c, cause)
		return
	}
	rest := h.Finish(r.Session, l.security.warm)
	*s = secured{session: r.Session}
	l.security.show(c.slot, r.State.PeerCertificates)
	c.state = connOpen
	c.Yield(false)
	c.Resume()
	generation := c.generation
	l.handler.Opened(c)
	l.replay(c, generation, rest)
	if c.generation == generation && c.state == connOpen && c.flags&flagEnded != 0 {
		l.ended(c)
	}
}

// show keeps the certificate of a connection's peer, the first of its chain, if it has
// sent any. Few do, and it takes some kilobytes: hence not in the table.
func (s *security) show(slot uint32, chain []*x509.Certificate) {
	if len(chain) > 0 {
		s.shown.Put(slot, chain[0])
	}
}

// TakeCertificate returns the certificate with which the peer has proved in TLS who it
// is (RFC 8446 §4.4.2), or had when it got the ticket that it resumes with; nil if it has
// shown none. The loop forgets it: it takes some kilobytes, which a connection should
// not hold for all its life.
func (c *Conn) TakeCertificate() *x509.Certificate {
	shown := c.loop.security.shown.Get(c.slot)
	c.loop.security.shown.Delete(c.slot)
	return shown
}

// ConnectionState returns what was negotiated in TLS, nil if nothing was. Of the peer's
// chain it has the first certificate, until [Conn.TakeCertificate].
func (c *Conn) ConnectionState() *tls.ConnectionState {
	session := c.loop.sessionOf(c)
	if session == nil {
		return nil
	}
	state := connectionState(session, c.loop.security.shown.Get(c.slot))
	return &state
}

// release forgets all about the connection in a slot.
func (s *security) release(slot uint32) {
	s.table.Release(slot)
	s.shown.Delete(slot)
}

// failureOf tells a peer that has left from a handshake that has failed.
func failureOf(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return &HandshakeError{err}
}

// peerLeft ends a connection that is not secured yet. A handshake that is under
// way comes to its end first: the last that was read may be the alert that says
// why the peer has left.
func (l *Loop) peerLeft(c *Conn, cause error) {
	s := l.security.table.At(c.slot)
	if !s.running {
		l.close(c, cause)
		return
	}
	c.flags |= flagEnded
	s.handshake.End()
}

// unseal delivers the data in records that came.
func (l *Loop) unseal(c *Conn, p []byte) {
	generation := c.generation
	session := l.security.table.At(c.slot).session
	for len(p) > 0 {
		data, n, err := session.Open(p)
		p = p[n:]
		if len(data) > 0 {
			l.security.sealed = p
			l.handler.Data(c, data)
			l.security.sealed = nil
		}
		if c.generation != generation {
			return
		}
		if reply := session.Reply(nil); reply != nil {
			l.output.add(c, piece{bytes: reply, shared: true, sealed: true})
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			l.ended(c)
			return
		default:
			l.breakOff(c, err)
			return
		}
		if c.state != connOpen {
			return
		}
	}
}

// breakOff ends a connection whose security has failed, after the alert that
// tells its peer.
func (l *Loop) breakOff(c *Conn, cause error) {
	generation := c.generation
	if c.queued != 0 {
		l.flushConn(c)
	}
	if c.generation == generation {
		l.close(c, cause)
	}
}

// seal makes of a connection's output what goes over the wire. What was sealed
// before goes first: its place in the sequence is fixed.
func (l *Loop) seal(c *Conn, pieces []piece) []piece {
	o := &l.output
	o.sealed, o.gather = o.sealed[:0], emptied(o.gather)
	for _, p := range pieces {
		if p.sealed {
			o.sealed = append(o.sealed, p.bytes...)
		} else if len(p.bytes) > 0 {
			o.gather = append(o.gather, p.bytes)
		}
	}
	if session := l.sessionOf(c); session != nil {
		o.sealed = session.Seal(o.sealed, o.gather)
		if c.state == connFinishing {
			o.sealed = session.Close(o.sealed)
		}
	}
	if len(o.sealed) == 0 {
		return nil
	}
	o.single[0] = piece{bytes: o.sealed}
	return o.single[:]
}

// sessionOf returns the session of a connection, nil if it is not secured.
func (l *Loop) sessionOf(c *Conn) secure.Session {
	if c.flags&flagSecure == 0 {
		return nil
	}
	return l.security.table.At(c.slot).session
}

// sweepHandshake ends a connection that takes too long to be secured.
func (l *Loop) sweepHandshake(c *Conn) {
	if l.now.Since(l.security.table.At(c.slot).since) >= l.config.TLS.Timeout {
		l.reset(c, ErrHandshakeTimeout)
	}
}

// EndHandshakes closes the connections that are not secured yet.
func (l *Loop) EndHandshakes() {
	l.each(func(c *Conn) {
		if c.state >= connSecuring {
			l.close(c, ErrStopped)
		}
	})
}

// abandonHandshake ends the handshake of a connection that ends.
func (l *Loop) abandonHandshake(c *Conn, cause error) {
	l.tellFailure(c, cause)
	if s := l.security.table.At(c.slot); s.handshake != nil {
		s.handshake.Abandon()
	}
}

// tellFailure tells, once, why a connection was not secured.
func (l *Loop) tellFailure(c *Conn, cause error) {
	s := l.security.table.At(c.slot)
	if tell := l.config.TLS.Failed; tell != nil && !s.told {
		tell(l.index, c.RemoteAddr(), cause)
	}
	s.told = true
}
