// Package smoke tests a peer as a process: it starts the peer's own test binary
// as the server, talks to it, and ends it. No peer needs code to be stopped.
package smoke

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sluicegate/sluice/bench/peers/internal/certificate"
)

// serveVariable tells a test binary to be the server, and with which flags.
const serveVariable = "PEER_SMOKE_SERVE"

// Main is the body of a peer's TestMain: it runs the tests, or main in the
// process that [Start] has started.
func Main(m *testing.M, main func()) {
	if os.Getenv(serveVariable) == "" {
		os.Exit(m.Run())
	}
	os.Args = append(os.Args[:1], strings.Fields(os.Getenv(serveVariable))...)
	main()
}

// Server is a running server.
type Server struct {
	address string
	trust   *tls.Config // nil: it speaks no TLS
}

// StartSecured is Start for a server that speaks TLS.
func StartSecured(t *testing.T) Server {
	t.Helper()
	shown, err := certificate.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(shown.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	server := Start(t, "--tls-certificate="+shown.Certificate, "--tls-key="+shown.Key)
	server.trust = &tls.Config{RootCAs: x509.NewCertPool()}
	server.trust.RootCAs.AppendCertsFromPEM(content)
	return server
}

// Start starts the server, with more flags. It is ended with the test, which
// fails if the race detector had something to say.
func Start(t *testing.T, flags ...string) Server {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(path)
	server.Env = append(os.Environ(), serveVariable+"=--listen=127.0.0.1:0 "+strings.Join(flags, " "))
	complaints := new(output)
	server.Stderr = complaints
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGKILL)
		_ = server.Wait()
		if text := complaints.String(); strings.Contains(text, "DATA RACE") {
			t.Errorf("the server's output:\n%s", text)
		}
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if address, found := strings.CutPrefix(lines.Text(), "listening on "); found {
			return Server{address: address}
		}
	}
	t.Fatalf("the server ended without saying where it listens; its errors:\n%s", complaints)
	return Server{}
}

// output gathers what a process writes. Any goroutine may use it.
type output struct {
	// Guarded by mu.
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
