package pubsub_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// nobody is where connections are refused.
const nobody = "127.0.0.1:1"

// eventHandler is a handler over TCP that is well until it is told to fail.
type eventHandler struct {
	server   *httptest.Server
	upstream *webhook.Upstream // asks it

	// Atomic.
	fault   atomic.Pointer[http.HandlerFunc] // answers in its place; nil: it is well
	refuses atomic.Bool                      // connections

	// Guarded by mu.
	mu   sync.Mutex
	told map[string]int // notifications that arrived while it was well, by event and connection
}

// startHandler starts a handler of all events of a hub. It is to be ended before the
// gateway is looked at for leaks, by end.
func startHandler(t *testing.T, hub string, timeouts webhook.Config) *eventHandler {
	t.Helper()
	h := &eventHandler{told: make(map[string]int)}
	h.server = httptest.NewUnstartedServer(h)
	h.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	h.server.Start()
	config := timeouts
	config.Hub, config.Origin, config.Logger, config.Dial = hub, "gateway.test", slog.New(slog.DiscardHandler), h.dial
	config.Handlers = []webhook.Handler{{URL: h.server.URL + "/{event}", System: webhook.SystemKinds(), User: "*"}}
	var err error
	if h.upstream, err = webhook.New(config); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *eventHandler) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if h.refuses.Load() {
		address = nobody
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// end ends the handler and what asks it.
func (h *eventHandler) end(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), gatewaytest.Patience)
	defer cancel()
	if err := h.upstream.Close(ctx); err != nil {
		t.Errorf("Close of the upstream: %v", err)
	}
	h.server.Close()
}

// ServeHTTP answers an event.
func (h *eventHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fails := h.fault.Load(); fails != nil {
		(*fails)(w, r)
		return
	}
	h.well(w, r)
}

// well lets everybody in, and answers user events with "well".
func (h *eventHandler) well(w http.ResponseWriter, r *http.Request) {
	event := strings.TrimPrefix(r.URL.Path, "/")
	switch event {
	case "validate":
		w.Header().Set("WebHook-Allowed-Origin", "*")
	case "say", "message":
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "well")
	default:
		h.mu.Lock()
		h.told[event+" "+r.Header.Get("ce-connectionId")]++
		h.mu.Unlock()
	}
}

// wasTold reports whether the handler, being well, was told of a connection's event.
func (h *eventHandler) wasTold(event, connection string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.told[event+" "+connection] > 0
}

// ail has the handler fail, until heal.
func (h *eventHandler) ail(o outage) {
	fails := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	if o.answer != nil {
		fails = o.answer(h)
	}
	h.fault.Store(&fails)
	if o.refuses {
		h.refuses.Store(true)
		h.server.CloseClientConnections()
	}
}

func (h *eventHandler) heal() {
	h.refuses.Store(false)
	h.fault.Store(nil)
}

// outage is a way to fail.
type outage struct {
	state   string // in the table
	refuses bool   // connections
	answer  func(h *eventHandler) http.HandlerFunc
}

// always fails each request in the same way.
func always(answer http.HandlerFunc) func(*eventHandler) http.HandlerFunc {
	return func(*eventHandler) http.HandlerFunc { return answer }
}

// says answers with a status, and a body of a type.
func says(status int, contentType, body string) func(*eventHandler) http.HandlerFunc {
	return always(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// outages are the rows of the table.
var outages = []outage{
	{state: "down: connections are refused", refuses: true},
	{state: "slow: it answers after the timeout", answer: always(hang)},
	{state: "slow, but within the timeout", answer: late},
	{state: "flapping: every other request is cut off", answer: flap},
	{state: "not HTTP", answer: always(func(w http.ResponseWriter, _ *http.Request) { hijack(w, "SSH-2.0-garbage\r\n") })},
	{state: "an answer that breaks off", answer: always(func(w http.ResponseWriter, _ *http.Request) {
		hijack(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
	})},
	{state: "500", answer: says(http.StatusInternalServerError, "text/plain", "it has failed")},
	{state: "503, as of a proxy", answer: says(http.StatusServiceUnavailable, "text/html", "<p>nobody is there")},
	{state: "302, to elsewhere", answer: says(http.StatusFound, "text/html", "<p>elsewhere")},
	{state: "200 with broken JSON", answer: says(http.StatusOK, "application/json", `{"userId":`)},
	{state: "200 with more than is read", answer: says(http.StatusOK, "text/plain", strings.Repeat("x", 1<<20+1))},
	{state: "200 with HTML", answer: says(http.StatusOK, "text/html", "<p>welcome")},
}

// hang answers nothing until the gateway has given up.
func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // a server notices that its client has gone once it has read all
	<-r.Context().Done()
}

// late takes its time.
func late(h *eventHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		<-time.After(outageTimeout / 10)
		h.well(w, r)
	}
}

// flap fails every other request of a kind, the first of them. Notifications are counted
// for each connection.
func flap(h *eventHandler) http.HandlerFunc {
	var mu sync.Mutex
	seen := make(map[string]int)
	return func(w http.ResponseWriter, r *http.Request) {
		kind := r.URL.Path
		if kind != "/connect" {
			kind += r.Header.Get("ce-connectionId")
		}
		mu.Lock()
		seen[kind]++
		odd := seen[kind]%2 == 1
		mu.Unlock()
		if odd {
			hijack(w, "")
			return
		}
		h.well(w, r)
	}
}

// hijack writes raw bytes in place of an answer, and ends the connection.
func hijack(w http.ResponseWriter, raw string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	io.WriteString(conn, raw)
	conn.Close()
}
