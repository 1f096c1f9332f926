package gateway_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// secured returns config with TLS, and what its clients need.
func secured(t *testing.T, config gateway.Config) (gateway.Config, *tls.Config) {
	cert, client := gatewaytest.Certificate(t, "gateway.test")
	config.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	return config, client
}

// dialTLS opens a session over TLS.
func dialTLS(t *testing.T, n *gatewaytest.Node, config *tls.Config) (*gatewaytest.Client, *tls.Conn) {
	t.Helper()
	conn := tls.Client(n.Raw(t), config)
	if _, err := conn.Write(gatewaytest.UpgradeRequest("/")); err != nil {
		t.Fatalf("handshake: %v", err)
	}
	return gatewaytest.Upgraded(t, conn), conn
}

func TestEchoOverTLS(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, trust := secured(t, config)
		config.Limits.Message = 1 << 20
		n := gatewaytest.Start(t, serving(config, gateway.Echo(), gateway.Pooled))
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			trust := trust.Clone()
			trust.MinVersion, trust.MaxVersion = version, version
			c, _ := dialTLS(t, n, trust)
			for _, size := range []int{0, 1, 100, 16 << 10, 100_000, 1 << 20} {
				c.Send(gateway.Binary, patterned(size))
				c.Expect(gateway.Binary, patterned(size))
			}
			c.SendFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "")))
			c.ExpectClose(1000)
			c.ExpectEnd()
		}
	})
}

// TestTheHeadAndFramesInOneRecord: what comes with the request is delivered once,
// in order, and so is what comes with the end of the handshake.
func TestTheHeadAndFramesInOneRecord(t *testing.T) {
	config, trust := secured(t, gateway.Config{})
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	conn := tls.Client(n.Raw(t), trust)
	first := gatewaytest.UpgradeRequest("/")
	for i := range 5 {
		first = append(first, gatewaytest.Masked(ws.NewTextFrame(fmt.Appendf(nil, "frame %d", i)))...)
	}
	if _, err := conn.Write(first); err != nil {
		t.Fatal(err)
	}
	c := gatewaytest.Upgraded(t, conn)
	for i := range 5 {
		c.ExpectText(fmt.Sprintf("frame %d", i))
	}
}

// httpClient returns a client that keeps its connections until the test ends.
func httpClient(t *testing.T, trust *tls.Config) *http.Client {
	transport := &http.Transport{TLSClientConfig: trust}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: gatewaytest.Patience}
}

func TestHTTPOverTLS(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, trust := secured(t, config)
		config.HTTP = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Errorf("read the body: %v", err)
			}
			w.Write(body)
		})
		n := gatewaytest.Start(t, echoing(config, gateway.Pooled))
		client := httpClient(t, trust)
		for _, size := range []int{1, 100_000} {
			answer, err := client.Post("https://"+n.Addr()+"/any", "text/plain", bytes.NewReader(patterned(size)))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || !bytes.Equal(body, patterned(size)) {
				t.Errorf("%d bytes came back of %d: %v", len(body), size, err)
			}
		}
	})
}

// TestHTTPHandlersLearnOfTLS as they do from net/http's own connections, whoever serves
// the request.
func TestHTTPHandlersLearnOfTLS(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Brief = func(_, path string) bool { return path == "/brief" }
		config.HTTP = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.TLS == nil:
				fmt.Fprint(w, "plain")
			case len(r.TLS.PeerCertificates) == 0:
				fmt.Fprintf(w, "%s %v", tls.VersionName(r.TLS.Version), r.TLS.HandshakeComplete)
			default:
				fmt.Fprintf(w, "%s %s", tls.VersionName(r.TLS.Version), r.TLS.PeerCertificates[0].DNSNames[0])
			}
		})
		ask := func(n *gatewaytest.Node, scheme string, trust *tls.Config, want string) {
			t.Helper()
			client := httpClient(t, trust)
			for _, path := range []string{"/brief", "/brief", "/long"} {
				answer, err := client.Get(scheme + "://" + n.Addr() + path)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || string(body) != want {
					t.Errorf("%s %s is %q, want %q: %v", scheme, path, body, want, err)
				}
			}
		}
		ask(gatewaytest.Start(t, echoing(config, gateway.Inline)), "http", nil, "plain")
		config, trust := secured(t, config)
		cert, issued := gatewaytest.Certificate(t, "client.test")
		config.TLS.ClientAuth, config.TLS.ClientCAs = tls.VerifyClientCertIfGiven, issued.RootCAs
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			trust := trust.Clone()
			trust.MinVersion, trust.MaxVersion = version, version
			ask(n, "https", trust, tls.VersionName(version)+" true")
			trust.Certificates = []tls.Certificate{cert}
			ask(n, "https", trust, tls.VersionName(version)+" client.test")
		}
	})
}

func TestTheCertificateIsChosenByName(t *testing.T) {
	one, trustOne := gatewaytest.Certificate(t, "one.test")
	two, trustTwo := gatewaytest.Certificate(t, "two.test")
	config := gateway.Config{TLS: &tls.Config{Certificates: []tls.Certificate{one, two}}}
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	for _, trust := range []*tls.Config{trustOne, trustTwo} {
		c, _ := dialTLS(t, n, trust)
		c.SendText("hello")
		c.ExpectText("hello")
	}
}

// TestCertificatesAreShown once each, with the date at which the first of the
// chain expires.
func TestCertificatesAreShown(t *testing.T) {
	www, _ := gatewaytest.Certificate(t, "www.test", "api.test")
	chained, _ := gatewaytest.Certificate(t, "chained.test")
	sooner := expiring(t, time.Now().Add(time.Hour))
	chained.Certificate = append(chained.Certificate, www.Certificate[0], sooner.Raw)
	config := gateway.Config{TLS: &tls.Config{Certificates: []tls.Certificate{www, www, chained}}}
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	want := []gateway.CertificateStats{
		{Name: "www.test", Serial: www.Leaf.SerialNumber.Text(16), Expires: www.Leaf.NotAfter},
		{Name: "chained.test", Serial: chained.Leaf.SerialNumber.Text(16), Expires: sooner.NotAfter},
	}
	if got := n.Stats(t).Certificates; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	alone, _ := gatewaytest.Certificate(t, "127.0.0.1")
	if err := n.Gateway.SetTLS(&tls.Config{Certificates: []tls.Certificate{alone}}); err != nil {
		t.Fatal(err)
	}
	if got := n.Stats(t).Certificates; len(got) != 1 || got[0].Name != "127.0.0.1" {
		t.Errorf("after a change: %v", got)
	}
	if got := gatewaytest.Start(t, echoing(gateway.Config{}, gateway.Inline)).Stats(t).Certificates; got != nil {
		t.Errorf("a plain port shows %v", got)
	}
}

// expiring returns a certificate without a name that expires then.
func expiring(t *testing.T, at time.Time) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: at}
	content, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(content)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestCertificatesAreReplacedUnderway: sessions stay, and tickets of theirs are
// good for the new configuration.
func TestCertificatesAreReplacedUnderway(t *testing.T) {
	config, trust := secured(t, gateway.Config{})
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	before, _ := dialTLS(t, n, trust)

	cert, trustNew := gatewaytest.Certificate(t, "gateway.test")
	const want = "gateway: configuration: TLS: …: must have Certificates, or GetCertificate"
	if err := n.Gateway.SetTLS(&tls.Config{}); err == nil || err.Error() != want {
		t.Errorf("a configuration without a certificate: %v, want %s", err, want)
	}
	if err := n.Gateway.SetTLS(&tls.Config{Certificates: []tls.Certificate{cert}}); err != nil {
		t.Fatal(err)
	}
	trustNew.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for round := range 2 {
		after, conn := dialTLS(t, n, trustNew)
		after.SendText("new")
		after.ExpectText("new")
		if got := conn.ConnectionState().DidResume; got != (round == 1) {
			t.Errorf("round %d: resumed %v", round, got)
		}
		if err := n.Gateway.SetTLS(&tls.Config{Certificates: []tls.Certificate{cert}}); err != nil {
			t.Fatal(err)
		}
	}
	before.SendText("old")
	before.ExpectText("old")
}

func TestClientCertificates(t *testing.T) {
	config, trust := secured(t, gateway.Config{})
	cert, issued := gatewaytest.Certificate(t, "client.test")
	config.TLS.ClientAuth, config.TLS.ClientCAs = tls.RequireAndVerifyClientCert, issued.RootCAs
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	refused := tls.Client(n.Raw(t), trust)
	refused.SetDeadline(time.Now().Add(gatewaytest.Patience))
	if _, err := refused.Write(gatewaytest.UpgradeRequest("/")); err == nil {
		if _, err = refused.Read(make([]byte, 1)); err == nil {
			t.Error("a client without a certificate was served")
		}
	}
	trust.Certificates = []tls.Certificate{cert}
	c, _ := dialTLS(t, n, trust)
	c.SendText("hello")
	c.ExpectText("hello")
}

// TestHandlersLearnOfTheClientsCertificate: programs can let a client in for it, also
// when it comes back with a ticket.
func TestHandlersLearnOfTheClientsCertificate(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, trust := secured(t, config)
		cert, issued := gatewaytest.Certificate(t, "client.test")
		config.TLS.ClientAuth, config.TLS.ClientCAs = tls.VerifyClientCertIfGiven, issued.RootCAs
		config = serving(config, gateway.Echo(), gateway.Pooled)
		config.Routes[0].Authorize = func(r *gateway.Request) error {
			name := "nobody"
			if r.Certificate != nil {
				name = r.Certificate.DNSNames[0]
			}
			r.Greeting = gateway.Message{Type: gateway.Text, Payload: []byte(name)}
			return nil
		}
		n := gatewaytest.Start(t, config)
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			trust := trust.Clone()
			trust.MinVersion, trust.MaxVersion = version, version
			nobody, _ := dialTLS(t, n, trust)
			nobody.ExpectText("nobody")
			trust.Certificates = []tls.Certificate{cert}
			trust.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			for round := range 2 {
				c, conn := dialTLS(t, n, trust)
				c.ExpectText("client.test")
				if got := conn.ConnectionState().DidResume; got != (round == 1) {
					t.Errorf("round %d: resumed %v", round, got)
				}
			}
		}
	})
}

// TestPeersThatDoNotFinishTheHandshake: those that say nothing, those that say
// something else, and those that leave.
func TestPeersThatDoNotFinishTheHandshake(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, trust := secured(t, config)
		config.Timeouts.Handshake = 500 * time.Millisecond
		config.Limits.TLSHandshakes = 2
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		const peers = 8
		for i := range peers {
			conn := n.Raw(t)
			switch i % 4 {
			case 0: // silent
			case 1:
				conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			case 2:
				conn.Write([]byte("\x16\x03\x01\x02\x00\x01")) // the beginning of a hello
			case 3:
				conn.Write([]byte("\x16\x03\x01"))
				conn.Close()
			}
		}
		// What is no TLS fails; what is silent, or not enough, takes too long.
		n.AwaitReason(t, gateway.ReasonTLSTimeout, peers/2)
		n.AwaitReason(t, gateway.ReasonTLSFailed, peers/4)
		n.AwaitReason(t, gateway.ReasonHandshakeAborted, peers/4)
		n.Eventually(t, func() bool { return n.Totals(t).Connections == 0 }, "the peers to be dropped")
		c, _ := dialTLS(t, n, trust)
		c.SendText("still served")
		c.ExpectText("still served")
	})
}

// TestARecordThatIsTooLong is refused as soon as its length is known, and not read: a
// client could have 64 KiB kept for the time of a handshake.
func TestARecordThatIsTooLong(t *testing.T) {
	config, _ := secured(t, gateway.Config{})
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	conn := n.Raw(t)
	if _, err := conn.Write([]byte("\x16\x03\x01\xff\xff")); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(gatewaytest.Patience))
	alert, err := io.ReadAll(conn)
	const overflow = 22 // RFC 8446 §6.2
	if err != nil || len(alert) != 7 || alert[6] != overflow {
		t.Errorf("the answer is %q, %v; want the alert %d", alert, err, overflow)
	}
	n.AwaitReason(t, gateway.ReasonTLSFailed, 1)
}

// TestClientsThatRefuseTheCertificate leave behind an alert, which is not to be
// overlooked: it is how an expired certificate shows.
func TestClientsThatRefuseTheCertificate(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, _ = secured(t, config)
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		const clients = 20
		for i := range clients {
			conn := tls.Client(n.Raw(t), &tls.Config{ServerName: "gateway.test", MaxVersion: tls.VersionTLS13 - uint16(i%2)})
			if err := conn.Handshake(); err == nil {
				t.Fatal("a certificate that nobody vouches for was taken")
			}
			conn.NetConn().Close()
		}
		n.AwaitReason(t, gateway.ReasonTLSFailed, clients)
		if got := n.Reason(t, gateway.ReasonHandshakeAborted); got != 0 {
			t.Errorf("%d of %d alerts were overlooked", got, clients)
		}
	})
}

// TestClientsThatLeaveAtOnce have what they sent behind the handshake handled
// even so, and their sessions end.
func TestClientsThatLeaveAtOnce(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, trust := secured(t, config)
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		const clients = 20
		for i := range clients {
			trust := trust.Clone()
			trust.MaxVersion = tls.VersionTLS13 - uint16(i%2)
			conn := tls.Client(n.Raw(t), trust)
			if _, err := conn.Write(gatewaytest.UpgradeRequest("/")); err != nil {
				t.Fatal(err)
			}
			conn.NetConn().(*net.TCPConn).CloseWrite()
		}
		n.Eventually(t, func() bool { all := n.Totals(t); return all.Upgraded == clients && all.Connections == 0 }, "the sessions to open and end")
		n.AwaitReason(t, gateway.ReasonPeerGone, clients)
	})
}

// TestARecordThatWasChanged ends the session, of which it is counted why.
func TestARecordThatWasChanged(t *testing.T) {
	config, trust := secured(t, gateway.Config{})
	n := gatewaytest.Start(t, echoing(config, gateway.Inline))
	c, conn := dialTLS(t, n, trust)
	c.SendText("hello")
	c.ExpectText("hello")
	conn.NetConn().Write([]byte("\x17\x03\x03\x00\x20no record that anybody has sealed"))
	n.AwaitReason(t, gateway.ReasonTLSError, 1)
}
