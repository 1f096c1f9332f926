package secure

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"testing"
	"time"
)

// certificate returns one for the name "localhost", and a pool that trusts it.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// server answers one client on socket as a loop does, with everything cut at
// random: it sends back what it receives, until the client ends.
type server struct {
	t      testing.TB
	socket net.Conn
	rng    *mathrand.Rand
	warm   *Warm
	state  tls.ConnectionState
	failed error
}

// serve runs the server on a goroutine and returns the client's end. The channel
// is closed when the server is done.
func serve(t testing.TB, config *tls.Config, seed uint64) (net.Conn, *server, <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	socket, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	client.SetDeadline(time.Now().Add(20 * time.Second))
	socket.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { client.Close(); socket.Close() })
	s := &server{t: t, socket: socket, rng: mathrand.New(mathrand.NewPCG(seed, 1)), warm: NewWarm(1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.run(config)
	}()
	return client, s, done
}

func (s *server) run(config *tls.Config) {
	defer s.socket.Close()
	result := make(chan Result, 1)
	h := NewHandshake(config, s.socket.LocalAddr(), s.socket.RemoteAddr(),
		func(p []byte) { s.socket.Write(p) },
		func() {},
		func(r Result) { result <- r })
	go h.Run()
	var made Result
	pieces := make(chan []byte)
	quit := make(chan struct{})
	defer close(quit)
	rng := mathrand.New(mathrand.NewPCG(s.rng.Uint64(), 1))
	go func() {
		defer close(pieces)
		for {
			p := make([]byte, 1+rng.IntN(3000))
			n, err := s.socket.Read(p)
			if err != nil {
				return
			}
			select {
			case pieces <- p[:n]:
			case <-quit:
				return
			}
		}
	}()
	for made.Session == nil {
		select {
		case p, ok := <-pieces:
			if !ok {
				h.Abandon()
				s.failed = (<-result).Err
				return
			}
			h.Feed(p)
		case made = <-result:
			if made.Err != nil {
				s.failed = made.Err
				return
			}
		}
	}
	s.state = made.State
	s.echo(made.Session, h.Finish(made.Session, s.warm), pieces)
}

// echo sends everything back.
func (s *server) echo(session Session, wire []byte, pieces <-chan []byte) {
	for {
		for len(wire) > 0 {
			data, n, err := session.Open(wire)
			wire = wire[n:]
			out := session.Reply(nil)
			if len(data) > 0 {
				cut := s.rng.IntN(len(data) + 1)
				out = session.Seal(out, [][]byte{data[:cut], nil, data[cut:]})
			}
			if err != nil {
				if s.failed = err; err == io.EOF {
					out = session.Close(out)
				}
			}
			s.socket.Write(out)
			if err != nil {
				return
			}
		}
		var ok bool
		if wire, ok = <-pieces; !ok {
			s.failed = io.ErrUnexpectedEOF
			return
		}
	}
}
