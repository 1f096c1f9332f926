package poller

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/secure"
)

// The handler has not heard of a connection that is being secured, so that its
// output was taken after a wait is no news for it.
func TestTheHandlerHearsNothingOfHandshakeOutput(t *testing.T) {
	config := rigConfig()
	config.TLS = &TLS{Config: func() *tls.Config { return new(tls.Config) }, Timeout: time.Second, Handshakes: 1}
	r := newRigOf(t, config)
	r.kernel.SetBuffers(100, 100)
	peer := r.kernel.Dial(r.acceptor.listeners[0])
	r.settle()
	r.each(func(c *Conn) {
		(&sealedOutput{c.Handle(), pattern(1000)}).Run(r.Loop)
	})
	got := r.drainAll(&client{Peer: peer})
	expectBytes(t, "sent", got, pattern(1000))
	if len(r.handler.drained) > 0 {
		t.Error("Drained was called for a connection that was not opened")
	}
	r.each(func(c *Conn) {
		if c.waiting != nil {
			t.Error("what was taken still waits")
		}
	})
}

// TestTheCertificateOfAPeerIsNotKept beyond the one who takes it, nor beyond the
// connection.
func TestTheCertificateOfAPeerIsNotKept(t *testing.T) {
	config := rigConfig()
	config.TLS = &TLS{Config: func() *tls.Config { return new(tls.Config) }, Timeout: time.Second, Handshakes: 1}
	r := newRigOf(t, config)
	r.kernel.Dial(r.acceptor.listeners[0])
	r.settle()
	shown := new(x509.Certificate)
	r.each(func(c *Conn) {
		r.security.show(c.slot, nil)
		if got := c.TakeCertificate(); got != nil {
			t.Error("a peer that has shown no certificate has one")
		}
		r.security.show(c.slot, []*x509.Certificate{shown, new(x509.Certificate)})
		if c.TakeCertificate() != shown || c.TakeCertificate() != nil {
			t.Error("want the first certificate of the chain, once")
		}
		r.security.show(c.slot, []*x509.Certificate{shown})
	})
	r.pass(2 * time.Second)
	if n := r.security.shown.Len(); n != 0 {
		t.Errorf("%d certificates are kept after their connections", n)
	}
}

// TestARefusedHandOffLosesNoCertificate: it leaves the connection as it was.
func TestARefusedHandOffLosesNoCertificate(t *testing.T) {
	r := newHandshakeRig(t, nil)
	r.porter.room = 0
	r.kernel.Dial(r.acceptor.listeners[0])
	r.settle()
	shown := new(x509.Certificate)
	r.each(func(c *Conn) {
		r.security.table.At(c.slot).session = struct{ secure.Session }{}
		r.security.show(c.slot, []*x509.Certificate{shown})
		if err := c.HandOff(nil); err != ErrHandOffBusy {
			t.Errorf("HandOff: %v, want ErrHandOffBusy", err)
		}
		if c.TakeCertificate() != shown {
			t.Error("the certificate is gone")
		}
	})
}

// TestAPeerThatReadsSlowlyIsNotSecuredForEver: a handshake has its time, whatever the
// peer takes of what it was sent meanwhile.
func TestAPeerThatReadsSlowlyIsNotSecuredForEver(t *testing.T) {
	config := rigConfig()
	config.TLS = &TLS{Config: func() *tls.Config { return new(tls.Config) }, Timeout: 3 * time.Second, Handshakes: 1}
	r := newRigOf(t, config)
	r.kernel.SetBuffers(100, 100)
	peer := r.kernel.Dial(r.acceptor.listeners[0])
	r.settle()
	r.each(func(c *Conn) {
		(&sealedOutput{c.Handle(), pattern(1000)}).Run(r.Loop)
	})
	for range 3 {
		r.pass(2 * time.Second)
		peer.ReadN(100)
	}
	if !peer.WasReset() {
		t.Errorf("after 6 s the handshake is still under way; it may take %v", config.TLS.Timeout)
	}
}
