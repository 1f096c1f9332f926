package secure

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
)

// brokenRead is a connection that at some time reads what nobody has sealed.
type brokenRead struct {
	net.Conn
	broken bool
}

const unsealed = "\x17\x03\x03\x00\x20no record that anybody has sealed"

func (b *brokenRead) Read(p []byte) (int, error) {
	if b.broken {
		return copy(p, unsealed), nil
	}
	return b.Conn.Read(p)
}

// TestAFaultOfThePeerIsToldFromItsAlert also with TLS 1.2.
func TestAFaultOfThePeerIsToldFromItsAlert(t *testing.T) {
	cert, pool := certificate(t)
	for _, faulty := range []bool{true, false} {
		socket, s, done := serve(t, &tls.Config{Certificates: []tls.Certificate{cert}}, 1)
		broken := &brokenRead{Conn: socket}
		client := tls.Client(broken, &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: tls.VersionTLS12})
		if err := client.Handshake(); err != nil {
			t.Fatal(err)
		}
		if faulty {
			socket.Write([]byte(unsealed))
		} else {
			broken.broken = true
			client.Read(make([]byte, 1)) // sends an alert
		}
		<-done
		fault, ok := errors.AsType[*Fault](s.failed)
		if ok != faulty || !ok && !errors.Is(s.failed, ErrAborted) {
			t.Errorf("peer at fault: %v; the session ended with %v", faulty, s.failed)
		}
		if ok && !strings.HasSuffix(fault.Error(), "bad record MAC") {
			t.Errorf("the fault is %q", fault)
		}
	}
}
