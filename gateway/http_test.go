package gateway_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// pages answers with the request's method, path and body.
func pages(config gateway.Config) gateway.Config {
	config = echoing(config, gateway.Inline)
	config.HTTP = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, body)
	})
	return config
}

// browser is a connection that speaks plain HTTP.
type browser struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func browse(t *testing.T, n *gatewaytest.Node) *browser {
	conn := n.Raw(t)
	return &browser{t, conn, bufio.NewReader(conn)}
}

// ask sends a request and returns the answer and its body.
func (b *browser) ask(request []byte) (*http.Response, string) {
	b.t.Helper()
	b.conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	if _, err := b.conn.Write(request); err != nil {
		b.t.Fatal(err)
	}
	return b.answer()
}

// answer returns the next answer and its body.
func (b *browser) answer() (*http.Response, string) {
	b.t.Helper()
	answer, err := http.ReadResponse(b.in, nil)
	if err != nil {
		b.t.Fatalf("read the answer: %v", err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatalf("read the answer's body: %v", err)
	}
	return answer, string(body)
}

func get(path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: gateway.test\r\n\r\n", path)
}

func post(path string, body []byte) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

func TestPlainHTTP(t *testing.T) {
	big := patterned(300_000)
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, pages(config))
		b := browse(t, n)
		for _, tc := range []struct {
			name    string
			request []byte
			want    string
		}{
			{"first", get("/first"), "GET /first "},
			{"second on the same connection", get("/second"), "GET /second "},
			{"with a body", post("/body", []byte("hello")), "POST /body hello"},
			{"with a large body", post("/big", big), "POST /big " + string(big)},
		} {
			if _, body := b.ask(tc.request); body != tc.want {
				t.Errorf("%s: answered %d bytes %.40q, want %.40q", tc.name, len(body), body, tc.want)
			}
		}
		b.conn.Close()

		b = browse(t, n)
		if _, body := b.ask(post("/big", big)); body != "POST /big "+string(big) {
			t.Errorf("a large body behind the first head: answered %d bytes %.40q", len(body), body)
		}
		n.Eventually(t, func() bool { return n.Stats(t).HTTPConnections == 1 }, "one of two HTTP connections to be left")
	})
}

func TestPipelinedRequestsAreNotLostAtTheHandOff(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, pages(config))
		b := browse(t, n)
		_, first := b.ask(bytes.Join([][]byte{get("/1"), get("/2"), post("/3", []byte("three"))}, nil))
		_, second := b.ask(nil)
		_, third := b.ask(nil)
		if first != "GET /1 " || second != "GET /2 " || third != "POST /3 three" {
			t.Errorf("answers %q, %q, %q", first, second, third)
		}
	})
}

// TestTheEndFollowsAnAnswerAheadOfTheBody: a client whose request is answered before
// all of it was read gets the end of the stream in order, so that no reset takes the
// answer from it.
func TestTheEndFollowsAnAnswerAheadOfTheBody(t *testing.T) {
	const body = 1 << 20 // net/http reads 256 KiB behind its handler
	plain := gateway.Config{HTTP: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})}
	overTLS, trust := secured(t, plain)
	for name, config := range map[string]gateway.Config{"plain": plain, "TLS": overTLS} {
		t.Run(name, func(t *testing.T) {
			socket := gatewaytest.Start(t, echoing(config, gateway.Inline)).Raw(t)
			conn := net.Conn(socket)
			if config.TLS != nil {
				conn = tls.Client(socket, trust)
			}
			conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
			go conn.Write(fmt.Appendf(nil, "POST /any HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", body, patterned(body)))
			answer, err := io.ReadAll(conn)
			if !bytes.HasPrefix(answer, []byte("HTTP/1.1 413 ")) || err != nil {
				t.Errorf("the answer is %.40q, %v", answer, err)
			}
			if n, err := socket.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("behind it there are %d bytes, %v; want the end of the stream", n, err)
			}
		})
	}
}

func TestUpgradeAsSecondRequestIsRefused(t *testing.T) {
	n := gatewaytest.Start(t, pages(gateway.Config{}))
	b := browse(t, n)
	b.ask(get("/first"))
	answer, body := b.ask(gatewaytest.UpgradeRequest("/"))
	if answer.StatusCode != http.StatusBadRequest || !strings.Contains(body, "first request") {
		t.Errorf("%s %q, want 400 and the reason", answer.Status, body)
	}
}

// What becomes websocket only by the case folding of Unicode is another protocol.
func TestAnotherUpgradeIsPlainHTTP(t *testing.T) {
	n := gatewaytest.Start(t, pages(gateway.Config{}))
	b := browse(t, n)
	request := strings.Replace(string(gatewaytest.UpgradeRequest("/")), "Upgrade: websocket", "Upgrade: web\u017focket", 1)
	for range 2 {
		if answer, body := b.ask([]byte(request)); answer.StatusCode != http.StatusOK || body != "GET / " {
			t.Errorf("%s %q, want the page", answer.Status, body)
		}
	}
}

// A proxy that passes on only one of the two headers is a common fault, and its
// operator is told which is missing.
func TestUpgradeWithoutConnectionIsToldSo(t *testing.T) {
	n := gatewaytest.Start(t, pages(gateway.Config{}))
	for _, connection := range []string{"", "Connection: keep-alive\r\n"} {
		request := strings.Replace(string(gatewaytest.UpgradeRequest("/")), "Connection: Upgrade\r\n", connection, 1)
		answer, body := browse(t, n).ask([]byte(request))
		if answer.StatusCode != http.StatusUpgradeRequired || answer.Header.Get("Upgrade") != "websocket" || answer.Header.Get("Sec-WebSocket-Version") != "13" || !strings.Contains(body, "Connection: Upgrade") {
			t.Errorf("with %q: %s %q, want 426 and what is missing", connection, answer.Status, body)
		}
	}
}

// Connection must name the header Upgrade (RFC 9110 §7.8), also where the connection
// ends: net/http's client does not show it then.
func TestUpgradeRequiredSaysWhatFor(t *testing.T) {
	n := gatewaytest.Start(t, pages(gateway.Config{}))
	for _, tc := range []struct{ line, instead string }{
		{"Connection: Upgrade\r\n", ""},
		{"Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"},
	} {
		conn := n.Raw(t)
		conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
		io.WriteString(conn, strings.Replace(string(gatewaytest.UpgradeRequest("/")), tc.line, tc.instead, 1))
		answer, err := io.ReadAll(conn)
		if head := string(answer); err != nil || !strings.Contains(head, " 426 ") || !strings.Contains(head, "\r\nConnection: close\r\n") ||
			!strings.Contains(head, "\r\nConnection: Upgrade\r\n") || !strings.Contains(head, "\r\nUpgrade: websocket\r\n") {
			t.Errorf("with %q for %q: %q, %v", tc.instead, tc.line, answer, err)
		}
	}
}

func TestHTTPConnectionLimit(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.HTTPConnections = 2
		n := gatewaytest.Start(t, pages(config))
		first, second := browse(t, n), browse(t, n)
		first.ask(get("/"))
		second.ask(get("/"))

		third := browse(t, n)
		answer, body := third.ask(get("/"))
		if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || body == "" {
			t.Errorf("%s with Retry-After %q and body %q, want 503 and both", answer.Status, answer.Header.Get("Retry-After"), body)
		}
		third.conn.Close()
		n.AwaitReason(t, gateway.ReasonHTTPBusy, 1)
		c := n.Dial(t, "/")
		c.SendText("WebSocket is served")
		c.ExpectText("WebSocket is served")

		first.conn.Close()
		n.Eventually(t, func() bool { return n.Stats(t).HTTPConnections == 1 }, "the place to be given back")
		if answer, _ := browse(t, n).ask(get("/")); answer.StatusCode != http.StatusOK {
			t.Errorf("after a connection has ended: %s", answer.Status)
		}
	})
}

// TestPlainHTTPCountsForItsAddress: one address must not take the places of all
// others, though its connections have left the loops.
func TestPlainHTTPCountsForItsAddress(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.ConnectionsPerAddress = 2
		n := gatewaytest.Start(t, pages(config))
		for range 2 {
			first, second := browse(t, n), browse(t, n)
			first.ask(get("/"))
			second.ask(get("/"))
			before := n.Reason(t, gateway.ReasonAddressCrowded)
			mustBeRepelled(t, n, "127.0.0.1")
			n.AwaitReason(t, gateway.ReasonAddressCrowded, before+1)
			rawFrom(t, n, "127.0.0.2").Close()
			first.conn.Close()
			second.conn.Close()
			n.Eventually(t, func() bool { return n.Stats(t).HTTPConnections == 0 }, "them to end")
		}
	})
}
