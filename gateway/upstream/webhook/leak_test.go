package webhook_test

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// reset ends the connection with a RST, before any answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// A handler over TCP that resets, fails, lies and answers in turns; afterwards
// nothing is left of it, neither goroutines nor descriptors.
func TestNothingIsLeftBehind(t *testing.T) {
	gatewaytest.CheckLeaks(t)
	var requests atomic.Int64
	server := httptest.NewServer(allowing(func(w http.ResponseWriter, r *http.Request) {
		switch requests.Add(1) % 4 {
		case 0:
			reset(w)
		case 1:
			w.WriteHeader(http.StatusForbidden)
		case 2:
			answer{reader: zeros{}}.give(w)
		}
	}))
	defer server.Close()
	config := everything(server.URL)
	config.BreakerFailures = 1 << 20
	u, err := webhook.New(config)
	if err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	var outcomes [4]atomic.Int64
	for range 20 {
		clients.Go(func() {
			for range 10 {
				err := say(t, u)
				var rejected *webhook.Rejected
				var bad *webhook.BadAnswer
				switch {
				case err == nil:
					outcomes[0].Add(1)
				case errors.As(err, &rejected):
					outcomes[1].Add(1)
				case errors.As(err, &bad):
					outcomes[2].Add(1)
				default:
					outcomes[3].Add(1)
				}
			}
		})
	}
	clients.Wait()
	if err := u.Close(t.Context()); err != nil {
		t.Error(err)
	}
	for i, name := range []string{"answered", "rejected", "bad", "reset"} {
		if n := outcomes[i].Load(); n != 50 {
			t.Errorf("%s: %d events, want 50 of 200: each request is sent once", name, n)
		}
	}
}

func TestHandlersHaveCertificates(t *testing.T) {
	gatewaytest.CheckLeaks(t)
	server := httptest.NewUnstartedServer(allowing(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	defer server.Close()
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig
	for _, tc := range []struct {
		name    string
		tls     *tls.Config
		trusted bool
	}{
		{"system's roots", nil, false},
		{"its own", roots, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := everything(server.URL)
			config.TLS = tc.tls
			u, err := webhook.New(config)
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close(t.Context())
			err = say(t, u)
			var unknown *tls.CertificateVerificationError
			if tc.trusted && err != nil || !tc.trusted && !errors.As(err, &unknown) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A handler that is not there: every dial fails at once.
func TestNobodyListens(t *testing.T) {
	gatewaytest.CheckLeaks(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := everything("http://" + listener.Addr().String() + "/?code=secret")
	listener.Close()
	u, err := webhook.New(config)
	if err != nil {
		t.Fatal(err)
	}
	err = say(t, u)
	var unavailable *webhook.Unavailable
	if !errors.As(err, &unavailable) || unavailable.Handler != "http://"+listener.Addr().String()+"/" {
		t.Errorf("got %v, want that the handler is unavailable, without its query", err)
	}
	if err := u.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
