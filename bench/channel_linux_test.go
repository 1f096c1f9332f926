package bench

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/pem"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// newSecureServer is newServer behind TLS. Its certificate is for example.com and
// 127.0.0.1, and signed by the one in the file.
func newSecureServer(t *testing.T, config *tls.Config, wrap func(net.Conn) net.Conn) (s *server, caFile string) {
	t.Helper()
	authority := httptest.NewTLSServer(nil)
	authority.Close()
	config.Certificates = authority.TLS.Certificates
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw}
	if err := os.WriteFile(caFile, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	s = newRawServer(t, func(c net.Conn, s *server) {
		secured := tls.Server(wrap(c), config)
		if _, err := ws.Upgrade(secured); err != nil {
			return
		}
		s.opened.Add(1)
		p := &peer{Conn: secured, t: t, server: s, in: bufio.NewReader(secured), out: secured}
		p.serve(p.echo)
	})
	s.url = strings.Replace(s.url, "ws:", "wss:", 1)
	return s, caFile
}

func plain(c net.Conn) net.Conn { return c }

// cutConn writes one byte at a time.
type cutConn struct{ net.Conn }

func (c cutConn) Write(p []byte) (int, error) { return bytewise{c.Conn}.Write(p) }

func TestEchoOverTLS(t *testing.T) {
	for _, test := range []struct {
		name   string
		config *tls.Config
		wrap   func(net.Conn) net.Conn
		echo   Echo
	}{
		{"TLS 1.3", &tls.Config{}, plain, Echo{Load: Load{Connections: 20, Loops: 2}, InFlight: 3}},
		{"TLS 1.2", &tls.Config{MaxVersion: tls.VersionTLS12}, plain, Echo{}},
		{"private tables", &tls.Config{}, plain, Echo{Load: Load{Connections: 20, Loops: 2, PrivateFDTables: true}}},
		{"records cut anywhere", &tls.Config{}, func(c net.Conn) net.Conn { return cutConn{c} }, Echo{Load: Load{Connections: 2}}},
		{"long messages", &tls.Config{}, plain, Echo{Load: Load{Connections: 2}, Size: MaxMessage}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, caFile := newSecureServer(t, test.config, test.wrap)
			test.echo.URL, test.echo.TLS.CAFile = s.url, caFile
			r := runEcho(t, test.echo)
			if !r.OK() || len(r.Failures) > 0 || r.Echo.Messages == 0 {
				t.Errorf("OK: %t, %+v, %v", r.OK(), r.Connections, r.Failures)
			}
			if got := r.Connections.TLS; len(got) != 1 || got[0].Version != tls.VersionName(cmp.Or(test.config.MaxVersion, tls.VersionTLS13)) || got[0].Handshakes != r.Connections.Opened {
				t.Errorf("negotiated %+v", got)
			}
		})
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	s, caFile := newSecureServer(t, &tls.Config{}, plain)
	for _, test := range []struct {
		name string
		tls  TLS
		want string // in the failure; "": none
	}{
		{"by the system's roots", TLS{}, "unknown authority"},
		{"by its own", TLS{CAFile: caFile}, ""},
		{"another name that it has", TLS{CAFile: caFile, ServerName: "example.com"}, ""},
		{"a name that it has not", TLS{CAFile: caFile, ServerName: "example.org"}, "not example.org"},
		{"not at all", TLS{Insecure: true}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := runIdle(t, Idle{Load: Load{URL: s.url, TLS: test.tls}})
			switch {
			case test.want == "" && (!r.OK() || len(r.Failures) > 0):
				t.Errorf("got %v", r.Failures)
			case test.want != "" && (len(r.Failures) != 1 || r.Failures[0].Stage != StageTLS || !strings.Contains(r.Failures[0].Cause, test.want) || r.Failures[0].Count != 5):
				t.Errorf("got %v, want 5 of %s", r.Failures, test.want)
			}
		})
	}
}

// A handshake that never ends is given up, and leaves nothing behind.
func TestTLSHandshakeTimesOut(t *testing.T) {
	s := newRawServer(t, func(c net.Conn, _ *server) { _, _ = c.Read(make([]byte, 1<<16)); _, _ = c.Read(make([]byte, 1)) })
	r := runIdle(t, Idle{Load: Load{URL: strings.Replace(s.url, "ws:", "wss:", 1), ConnectTimeout: 150 * time.Millisecond}})
	if len(r.Failures) != 1 || r.Failures[0] != (FailureCount{StageTLS, "timed out", 5}) {
		t.Errorf("got %v", r.Failures)
	}
}

func TestServerThatSpeaksNoTLS(t *testing.T) {
	s := newServer(t, func(p *peer) { p.serve(p.echo) })
	r := runIdle(t, Idle{Load: Load{URL: strings.Replace(s.url, "ws:", "wss:", 1)}})
	if len(r.Failures) != 1 || r.Failures[0].Stage != StageTLS {
		t.Errorf("got %v", r.Failures)
	}
}

func TestTLSFiles(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		empty:            "holds no certificate",
		empty + ".other": "no such file",
	} {
		_, err := Idle{Load: Load{URL: "wss://127.0.0.1:1/", TLS: TLS{CAFile: file}}}.Run(context.Background())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
