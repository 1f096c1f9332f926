package gateway_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// answering returns config with every request but upgrades answered by the pool.
func answering(config gateway.Config, answer http.HandlerFunc) gateway.Config {
	config = echoing(config, gateway.Inline)
	config.Brief = func(_, path string) bool { return !strings.HasPrefix(path, "/long") }
	config.HTTP = answer
	return config
}

// corked holds back what is written, to send it at once.
type corked struct {
	net.Conn
	cork bool
	held bytes.Buffer
}

func (c *corked) Write(p []byte) (int, error) {
	if c.cork {
		return c.held.Write(p)
	}
	return c.Conn.Write(p)
}

func (c *corked) uncork() error {
	c.cork = false
	_, err := c.held.WriteTo(c.Conn)
	return err
}

// ofEachVersion returns trust for clients of one version of TLS each.
func ofEachVersion(trust *tls.Config) (each []*tls.Config) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		one := trust.Clone()
		one.MinVersion, one.MaxVersion = version, version
		each = append(each, one)
	}
	return each
}

// browseCorked opens a connection over TLS, on which one request was answered, and
// whose following ones are held back.
func browseCorked(t *testing.T, n *gatewaytest.Node, trust *tls.Config) (*browser, *corked) {
	t.Helper()
	wire := &corked{Conn: n.Raw(t)}
	conn := tls.Client(wire, trust)
	b := &browser{t, conn, bufio.NewReader(conn)}
	if _, body := b.ask(get("/brief")); body != "pool: GET /brief " {
		t.Fatalf("the first is answered %q", body)
	}
	wire.cork = true
	return b, wire
}

// write sends pieces, each with a write of its own.
func (b *browser) write(pieces ...[]byte) {
	b.t.Helper()
	for _, piece := range pieces {
		if _, err := b.conn.Write(piece); err != nil {
			b.t.Fatal(err)
		}
	}
}

// Requests that come in one read, but in records of their own, are all answered.
func TestBriefRequestsInRecordsOfTheirOwn(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, trust := secured(t, config)
		n := gatewaytest.Start(t, briefly(config))
		b, wire := browseCorked(t, n, trust)
		b.write(get("/brief/1"), get("/brief/2"), post("/brief/3", []byte("3")), get("/brief/4"), gatewaytest.UpgradeRequest("/"))
		if err := wire.uncork(); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"pool: GET /brief/1 ", "pool: GET /brief/2 ", "pool: POST /brief/3 3", "pool: GET /brief/4 "} {
			if _, body := b.answer(); body != want {
				t.Errorf("answered %q, want %q", body, want)
			}
		}
		if answer, _ := b.answer(); answer.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("the upgrade behind them: %s", answer.Status)
		}
	})
}

// What came behind a request for net/http, in records of their own, goes with it.
func TestRecordsBehindAHandOff(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, trust := secured(t, config)
		n := gatewaytest.Start(t, briefly(config))
		for _, trust := range ofEachVersion(trust) {
			b, wire := browseCorked(t, n, trust)
			whole := post("/long", []byte("body"))
			b.write(whole[:len(whole)-4], whole[len(whole)-4:], get("/brief"))
			if err := wire.uncork(); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"net/http: POST /long body", "net/http: GET /brief "} {
				if _, body := b.answer(); body != want {
					t.Errorf("answered %q, want %q", body, want)
				}
			}
		}
	})
}

// Nor is lost what comes with the end of the TLS handshake. A client sends its body as
// soon as it has sent its Finished, however busy the server still is: then it is not read.
func TestALargeRequestBehindTheHandshake(t *testing.T) {
	const kept = 256 << 10 // is more than is read ahead of the end of the handshake
	body := patterned(4 << 20)
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, trust := secured(t, config)
		proceed := make(chan struct{})
		config.TLS.VerifyConnection = func(tls.ConnectionState) error { // before the Finished is read
			<-proceed
			return nil
		}
		n := gatewaytest.Start(t, briefly(config))
		b, wire := browseAhead(t, n, trust)
		b.write(post("/long", body))
		sent := make(chan error, 1)
		go func() { sent <- wire.uncork() }()
		n.Eventually(t, func() bool { return n.Totals(t).BytesIn > kept/4 }, "the request")
		for range 100 {
			if read := n.Totals(t).BytesIn; read > kept {
				t.Fatalf("%d bytes were read ahead of the end of the handshake", read)
			}
		}
		close(proceed)
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		if _, got := b.answer(); got != "net/http: POST /long "+string(body) {
			t.Errorf("answered %d bytes, %.40q", len(got), got)
		}
	})
}

// Whoever has asked all it will ends its half of the stream, with a close_notify in the
// same read as the requests, and is answered. Some leave TCP's stream open.
func TestRequestsOfATLSClientThatSendsNoMore(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, trust := secured(t, config)
		n := gatewaytest.Start(t, briefly(config))
		for _, trust := range ofEachVersion(trust) {
			for _, paths := range [][]string{{"/brief"}, {"/brief/1", "/brief/2", "/long"}} {
				for _, halfOpen := range []bool{false, true} {
					b, wire := browseCorked(t, n, trust)
					b.askNoMore(wire, paths...)
					if !halfOpen {
						wire.Conn.(*net.TCPConn).CloseWrite()
					}
					b.expectPaths(paths...)
				}
			}
		}
	})
}

// The same in the read that ends the TLS handshake.
func TestTheOnlyRequestBehindTheHandshake(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config, trust := secured(t, config)
		b, wire := browseAhead(t, gatewaytest.Start(t, briefly(config)), trust)
		b.askNoMore(wire, "/brief")
		b.expectPaths("/brief")
	})
}

// askNoMore sends requests and the end of the client's half of TLS, all at once.
func (b *browser) askNoMore(wire *corked, paths ...string) {
	b.t.Helper()
	for _, path := range paths {
		b.write(get(path))
	}
	b.conn.(*tls.Conn).CloseWrite()
	wire.SetDeadline(time.Now().Add(gatewaytest.Patience)) // CloseWrite has let it pass
	if err := wire.uncork(); err != nil {
		b.t.Fatal(err)
	}
}

// expectPaths reads the answer to the request of each path.
func (b *browser) expectPaths(paths ...string) {
	b.t.Helper()
	for _, path := range paths {
		if answer, body := b.answer(); !strings.HasSuffix(body, ": GET "+path+" ") {
			b.t.Errorf("%s: answered %s, %q", path, answer.Status, body)
		}
	}
}

// browseAhead opens a connection over TLS whose client sends nothing behind its
// ClientHello until it is uncorked: the end of the handshake comes with the requests.
func browseAhead(t *testing.T, n *gatewaytest.Node, trust *tls.Config) (*browser, *corked) {
	t.Helper()
	wire := &corked{Conn: n.Raw(t)}
	conn := tls.Client(helloPasses{wire}, trust)
	conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	return &browser{t, conn, bufio.NewReader(conn)}, wire
}

// helloPasses holds back what is written behind the first write, a ClientHello.
type helloPasses struct{ *corked }

func (c helloPasses) Write(p []byte) (int, error) {
	defer func() { c.cork = true }()
	return c.corked.Write(p)
}

// A client that does not read its answers is asked for no further requests: what
// waits for it is bounded by two answers.
func TestAClientThatReadsNoAnswersIsNotReadEither(t *testing.T) {
	const requests, size = 32, 1 << 20
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Loops, config.Workers = 1, 1
		n := gatewaytest.Start(t, answering(config, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/large" {
				w.Write(append(make([]byte, size), r.URL.RawQuery...))
			}
		}))
		b := browse(t, n)
		var all []byte
		for i := range requests {
			all = append(all, get(fmt.Sprintf("/large?%d", i))...)
		}
		if _, err := b.conn.Write(all); err != nil {
			t.Fatal(err)
		}
		// The one worker takes turns: were the client served on, each of these would
		// have one more answer wait for it.
		other := browse(t, n)
		for range 2 * requests {
			other.ask(get("/small"))
		}
		if held := n.Totals(t).OutboundBytes; held < 1 || held > 2*size+4096 {
			t.Errorf("%d bytes wait for the client, want up to two answers", held)
		}
		for i := range requests {
			b.conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
			if _, body := b.answer(); len(body) < size || body[size:] != fmt.Sprint(i) {
				t.Fatalf("answer %d is %d bytes and ends in %.10q", i, len(body), body[min(size, len(body)):])
			}
		}
	})
}

// A request for net/http waits until the answers ahead of it were read.
func TestARequestBehindAnAnswerThatIsNotRead(t *testing.T) {
	const size = 4 << 20
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, answering(config, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/brief/large" {
				w.Write(make([]byte, size))
			} else {
				fmt.Fprint(w, r.RequestURI)
			}
		}))
		b := browse(t, n)
		b.conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
		b.write(slices.Concat(get("/brief/large"), get("/long/1"), get("/long/2")))
		n.Eventually(t, func() bool { return n.Totals(t).OutboundBytes > 0 }, "the answer to wait")
		if _, body := b.answer(); len(body) != size {
			t.Errorf("the first answer has %d bytes, want %d", len(body), size)
		}
		for _, want := range []string{"/long/1", "/long/2"} {
			if answer, body := b.answer(); body != want {
				t.Errorf("%s: answered %s, %.40q", want, answer.Status, body)
			}
		}
	})
}

// A place is taken for as long as a worker is at the request, also where its client
// does not wait: clients that ask and leave would fill the pool's queue.
func TestAPlaceOutlastsItsClient(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.HTTPConnections = 1
		begun, proceed := make(chan struct{}), make(chan struct{})
		n := gatewaytest.Start(t, answering(config, func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				close(begun)
				<-proceed
			}
		}))
		b := browse(t, n)
		if _, err := b.conn.Write(get("/slow")); err != nil {
			t.Fatal(err)
		}
		<-begun
		b.conn.(*net.TCPConn).SetLinger(0)
		b.conn.Close()
		n.Eventually(t, func() bool { return n.Totals(t).Connections == 0 }, "the connection's end")
		answer, _ := browse(t, n).ask(get("/quick"))
		close(proceed)
		if answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("with the worker busy: %s, want 503", answer.Status)
		}
		n.Eventually(t, func() bool { return n.Stats(t).HTTPConnections == 0 }, "the place")
		if answer, _ := browse(t, n).ask(get("/quick")); answer.StatusCode != http.StatusOK {
			t.Errorf("afterwards: %s", answer.Status)
		}
	})
}

// A forwarder keeps a connection for requests of all its clients.
func TestEachRequestOfAForwarderIsItsClients(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Admission.Forwarders = networks("127.0.0.0/8")
		config.Admission.Deny = networks("203.0.113.0/24")
		var asked atomic.Int32
		n := gatewaytest.Start(t, answering(config, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			fmt.Fprint(w, r.RemoteAddr)
		}))
		for _, path := range []string{"/brief", "/long"} {
			b := browse(t, n)
			from := func(client string) []byte {
				return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: %s\r\n\r\n", path, client)
			}
			for _, client := range []string{"198.51.100.1", "198.51.100.2", "2001:db8::3"} {
				if _, body := b.ask(from(client)); !strings.Contains(body, client) {
					t.Errorf("%s: a request of %s counts as one of %s", path, client, body)
				}
			}
			before := asked.Load()
			if answer, _ := b.ask(from("203.0.113.1")); answer.StatusCode != http.StatusForbidden || asked.Load() != before {
				t.Errorf("%s: a request of a denied client: %s", path, answer.Status)
			}
		}
	})
}
