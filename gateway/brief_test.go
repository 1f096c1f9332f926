package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// briefly has requests below /brief served by the pool. The answer says who has
// served it: only net/http can flush.
func briefly(config gateway.Config) gateway.Config {
	config = echoing(config, gateway.Inline)
	config.Brief = func(_, path string) bool {
		if path == "/brief/fault" {
			panic("provoked")
		}
		return strings.HasPrefix(path, "/brief")
	}
	config.HTTP = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by := "pool"
		if _, flushes := w.(http.Flusher); flushes {
			by = "net/http"
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if r.URL.Path == "/brief/panic" {
			panic("provoked")
		}
		if r.URL.Path == "/brief/exit" {
			runtime.Goexit()
		}
		w.Header().Set("X-Asked", strings.Join(r.Header["X-Ask"], "+"))
		if r.URL.Path == "/brief/empty" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprintf(w, "%s: %s %s %s", by, r.Method, r.RequestURI, body)
	})
	return config
}

func TestBriefRequests(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	for _, tc := range []struct {
		name, request, want string
		ends                bool // the connection does
	}{
		{"without a body", "GET /brief?a=b HTTP/1.1\r\nHost: h\r\n\r\n", "pool: GET /brief?a=b ", false},
		{"with one", "POST /brief HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", "pool: POST /brief hello", false},
		{"of a client that asks to stay", "GET /brief HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", "pool: GET /brief ", false},
		{"of 64 KiB", "POST /brief HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n" + long, "pool: POST /brief " + long, false},
		{"not brief by its path", "GET /long HTTP/1.1\r\nHost: h\r\n\r\n", "net/http: GET /long ", false},
		{"too long", "POST /brief HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\nx" + long, "net/http: POST /brief x" + long, false},
		{"in chunks", "POST /brief HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "net/http: POST /brief hi", false},
		{"that is the last", "GET /brief HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "net/http: GET /brief ", true},
		{"of HTTP/1.0", "GET /brief HTTP/1.0\r\nHost: h\r\n\r\n", "net/http: GET /brief ", true},
		{"of an empty length", "POST /brief HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\nhello", "400 Bad Request", true},
		{"of a length that is no number", "POST /brief HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello", "400 Bad Request", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := gatewaytest.Start(t, briefly(gateway.Config{}))
			b := browse(t, n)
			if _, body := b.ask([]byte(tc.request)); body != tc.want {
				t.Errorf("answered %.60q, want %.60q", body, tc.want)
			}
			if tc.ends {
				if _, err := b.in.ReadByte(); err != io.EOF {
					t.Errorf("the connection goes on: %v", err)
				}
				return
			}
			if answer, body := b.ask([]byte("GET /brief/next HTTP/1.1\r\nHost: h\r\nX-Ask: 1\r\nX-Ask: 2\r\n\r\n")); !strings.HasSuffix(body, ": GET /brief/next ") || answer.Header.Get("X-Asked") != "1+2" {
				t.Errorf("the next request is answered %q with %v", body, answer.Header)
			}
		})
	}
}

func TestBriefRequestsThatComeInPieces(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		b := browse(t, gatewaytest.Start(t, briefly(config)))
		request := post("/brief", []byte("some body"))
		for cut := 1; cut < len(request); cut += 7 {
			if _, err := b.conn.Write(request[:cut]); err != nil {
				t.Fatal(err)
			}
			if _, body := b.ask(request[cut:]); body != "pool: POST /brief some body" {
				t.Fatalf("cut behind %d bytes: answered %q", cut, body)
			}
		}
	})
}

// Answers come in the order of the requests, whoever serves them.
func TestBriefRequestsInAPipeline(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		b := browse(t, gatewaytest.Start(t, briefly(config)))
		answers := make([]string, 4)
		_, answers[0] = b.ask(bytes.Join([][]byte{post("/brief", []byte("1")), get("/brief/empty"), get("/long"), post("/brief", []byte("4"))}, nil))
		for i := range answers[1:] {
			_, answers[i+1] = b.answer()
		}
		if got := strings.Join(answers, ", "); got != "pool: POST /brief 1, , net/http: GET /long , net/http: POST /brief 4" {
			t.Errorf("answers %q", got)
		}
	})
}

func TestAnswersWithoutABody(t *testing.T) {
	b := browse(t, gatewaytest.Start(t, briefly(gateway.Config{})))
	if answer, _ := b.ask(get("/brief/empty")); answer.StatusCode != http.StatusNoContent || answer.Header.Get("Content-Length") != "" || answer.Header.Get("Date") == "" {
		t.Errorf("%s with %v", answer.Status, answer.Header)
	}
	if _, err := b.conn.Write([]byte("HEAD /brief HTTP/1.1\r\nHost: h\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(b.in, &http.Request{Method: http.MethodHead})
	if err != nil || answer.ContentLength != int64(len("pool: HEAD /brief ")) {
		t.Errorf("HEAD: %+v, %v", answer, err)
	}
	if _, body := b.ask(get("/brief")); body != "pool: GET /brief " {
		t.Errorf("behind them: %q", body)
	}
}

// As with net/http, a panic or runtime.Goexit costs its client the connection, and nobody
// else.
func TestBriefPanic(t *testing.T) {
	n := gatewaytest.Start(t, briefly(gateway.Config{Workers: 1}))
	for _, path := range []string{"/brief/panic", "/brief/exit"} {
		b := browse(t, n)
		b.conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
		if _, err := b.conn.Write(get(path)); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(b.in); len(rest) > 0 || err != nil {
			t.Errorf("%s: answered %q, %v; want the end", path, rest, err)
		}
	}
	if _, body := browse(t, n).ask(get("/brief")); body != "pool: GET /brief " {
		t.Errorf("afterwards: %q", body)
	}
}

// Who cannot say what is brief has said nothing: net/http serves the request.
func TestPanicOfBrief(t *testing.T) {
	n := gatewaytest.Start(t, briefly(gateway.Config{}))
	b := browse(t, n)
	if _, body := b.ask(get("/brief/fault")); body != "net/http: GET /brief/fault " {
		t.Errorf("answered %q", body)
	}
	if _, body := browse(t, n).ask(get("/brief")); body != "pool: GET /brief " {
		t.Errorf("afterwards: %q", body)
	}
}

func TestBriefConnectionsHavePlaces(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.HTTPConnections = 1
		n := gatewaytest.Start(t, briefly(config))
		first := browse(t, n)
		first.ask(get("/brief"))
		first.ask(get("/brief"))
		if answer, _ := browse(t, n).ask(get("/brief")); answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a second connection: %s, want 503", answer.Status)
		}
		waits := browse(t, n) // its body is not kept either
		if answer, _ := waits.ask([]byte("POST /brief HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")); answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a request without its body: %s, want 503", answer.Status)
		}
		answer, _ := first.ask(gatewaytest.UpgradeRequest("/"))
		if answer.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("an upgrade behind brief requests: %s", answer.Status)
		}
		if answer, _ := browse(t, n).ask(get("/brief")); answer.StatusCode != http.StatusOK {
			t.Errorf("once it is a session: %s, want the place that it had", answer.Status)
		}
	})
}

// A client that has asked all it will may say so.
func TestBriefRequestsOfAClientThatSendsNoMore(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		b := browse(t, gatewaytest.Start(t, briefly(config)))
		if _, err := b.conn.Write(slices.Concat(get("/brief/1"), get("/brief/2"))); err != nil {
			t.Fatal(err)
		}
		b.conn.(*net.TCPConn).CloseWrite()
		b.conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
		for _, want := range []string{"pool: GET /brief/1 ", "pool: GET /brief/2 "} {
			if _, body := b.answer(); body != want {
				t.Errorf("answered %q, want %q", body, want)
			}
		}
		if _, err := b.in.ReadByte(); err != io.EOF {
			t.Errorf("behind the answers: %v", err)
		}
	})
}

// A connection that awaits the next request does not hold a shutdown up.
func TestShutdownEndsRestingConnections(t *testing.T) {
	n := gatewaytest.Start(t, briefly(gateway.Config{}))
	b := browse(t, n)
	b.ask(get("/brief"))
	ctx, cancel := context.WithTimeout(context.Background(), gatewaytest.Patience)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := b.in.ReadByte()
		b.conn.Close()
		ended <- err
	}()
	if err := n.Gateway.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != io.EOF {
		t.Errorf("the connection ended with %v", err)
	}
}
