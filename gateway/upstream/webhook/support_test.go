package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

const origin = "gateway.example.com"

// pipes is a listener whose connections are in memory, so that within a bubble of
// testing/synctest requests and answers take no time.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.accepted:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return new(net.TCPAddr) }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.accepted <- there:
		return here, nil
	case <-p.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve answers requests with handle, in memory, until the test ends.
func serve(t *testing.T, handle http.HandlerFunc) *pipes {
	t.Helper()
	listener := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handle, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	var served sync.WaitGroup
	served.Go(func() { server.Serve(listener) })
	t.Cleanup(func() {
		server.Close()
		served.Wait()
	})
	return listener
}

// allowing answers validations as a handler does that allows everybody, and has
// events answered by handle.
func allowing(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			w.Header().Set("WebHook-Allowed-Origin", "*")
			return
		}
		handle(w, r)
	}
}

// everything is a configuration with one handler of all events.
func everything(url string) webhook.Config {
	return webhook.Config{
		Hub:      "chat",
		Origin:   origin,
		Handlers: []webhook.Handler{{URL: url, System: webhook.SystemKinds(), User: "*"}},
		Logger:   slog.New(slog.DiscardHandler),
	}
}

// open returns an upstream with one handler, in memory, that answers events with
// handle. The test's end closes it.
func open(t *testing.T, handle http.HandlerFunc, adjust ...func(*webhook.Config)) *webhook.Upstream {
	t.Helper()
	return openTo(t, serve(t, allowing(handle)), adjust...)
}

func openTo(t *testing.T, to *pipes, adjust ...func(*webhook.Config)) *webhook.Upstream {
	t.Helper()
	config := everything("http://handler/events/{event}")
	config.Dial = to.dial
	for _, change := range adjust {
		change(&config)
	}
	u, err := webhook.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		u.Close(ctx)
	})
	return u
}

// pass lets d go by in a bubble, and all that happens then.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// say sends a user event of a client of its own.
func say(t *testing.T, u *webhook.Upstream) error {
	t.Helper()
	_, err := u.UserEvent(t.Context(), &webhook.Connection{ID: "c1"}, webhook.UserEvent{Name: "say"})
	return err
}

// bodyOf returns a request's body as a JSON object.
func bodyOf(t *testing.T, r *http.Request) (body map[string]any) {
	t.Helper()
	content, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(content, &body)
	}
	if err != nil {
		t.Errorf("the body is no JSON object: %v", err)
	}
	return body
}
