package main

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// certified is a certificate on disk, and what its clients need.
type certified struct {
	certificate, key string // files
	pair             tls.Certificate
	trust            *tls.Config
}

func certify(t *testing.T, names ...string) certified {
	t.Helper()
	pair, trust := gatewaytest.Certificate(t, names...)
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return certified{
		certificate: write(t, names[0]+".pem", block("CERTIFICATE", pair.Certificate[0])),
		key:         write(t, names[0]+".key", block("PRIVATE KEY", key)),
		pair:        pair,
		trust:       trust,
	}
}

// dated returns c for another time.
func (c certified) dated(t *testing.T, from, to time.Time) certified {
	t.Helper()
	template := *c.pair.Leaf
	template.NotBefore, template.NotAfter = from, to
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, c.pair.Leaf.PublicKey, c.pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	c.certificate = write(t, "dated.pem", block("CERTIFICATE", der))
	return c
}

func block(kind string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
}

// handshake connects over TLS and returns the names in the server's certificate.
func handshake(address string, trust *tls.Config) (names []string, err error) {
	conn, err := tls.Dial("tcp", address, trust)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// In TLS 1.3 a client learns only now that its certificate is refused.
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")); err != nil {
		return nil, err
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return nil, err
	}
	return conn.ConnectionState().PeerCertificates[0].DNSNames, nil
}

func TestServeChoosesTheCertificateByName(t *testing.T) {
	www, api := certify(t, "www.test"), certify(t, "api.test")
	s := serve(t, "--listen=127.0.0.1:0", "--admin=",
		"--tls-certificates="+www.certificate+","+api.certificate, "--tls-keys="+www.key+","+api.key, "--tls-min-version=1.3")
	address := s.line(`listening on (\S+)$`)
	if chat := s.line(`^  hub chat +(\S+)$`); chat != "wss://"+address+"/client/hubs/chat" {
		t.Errorf("announced %s", chat)
	}
	for name, trust := range map[string]*tls.Config{"www.test": www.trust, "api.test": api.trust} {
		if names, err := handshake(address, trust); err != nil || len(names) != 1 || names[0] != name {
			t.Errorf("%s is served a certificate for %v: %v", name, names, err)
		}
	}
	old := www.trust.Clone()
	old.MaxVersion = tls.VersionTLS12
	if _, err := handshake(address, old); err == nil {
		t.Error("TLS 1.2 is spoken though the least version is 1.3")
	}
	s.signals <- syscall.SIGTERM
	s.exit()
}

func TestServeAsksForCertificatesOfClients(t *testing.T) {
	server, client := certify(t, "gateway.test"), certify(t, "client.test")
	for policy, want := range map[string]bool{"required": false, "optional": true} {
		s := serve(t, "--listen=127.0.0.1:0", "--admin=", "--tls-certificates="+server.certificate, "--tls-keys="+server.key,
			"--tls-client-ca="+client.certificate, "--tls-client-certificates="+policy)
		address := s.line(`listening on (\S+)$`)
		if _, err := handshake(address, server.trust); (err == nil) != want {
			t.Errorf("%s: without a certificate: %v", policy, err)
		}
		known := server.trust.Clone()
		known.Certificates = []tls.Certificate{client.pair}
		if _, err := handshake(address, known); err != nil {
			t.Errorf("%s: with a certificate: %v", policy, err)
		}
		stranger := server.trust.Clone()
		stranger.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &server.pair, nil }
		if _, err := handshake(address, stranger); err == nil {
			t.Errorf("%s: a certificate that nobody vouches for is let in", policy)
		}
		s.signals <- syscall.SIGTERM
		s.exit()
	}
}

func TestFaultsOfCertificateFiles(t *testing.T) {
	one, other := certify(t, "one.test"), certify(t, "other.test")
	junk := write(t, "junk.pem", "junk")
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for _, tc := range []struct {
		name string
		yaml string
		want string
	}{
		{"missing", "{certificates: [" + missing + "], keys: [" + one.key + "]}", ":1:21: tls.certificates: " + missing + ": cannot be read: no such file or directory; name a file that this user may read"},
		{"another's key", "{certificates: [" + one.certificate + "], keys: [" + other.key + "]}", "the key in " + other.key + " do not make a pair: tls: private key does not match public key"},
		{"no PEM", "{certificates: [" + junk + "], keys: [" + one.key + "]}", "tls.certificates: " + junk},
		{"no CA", "{certificates: [" + one.certificate + "], keys: [" + one.key + "], clientCA: [" + junk + "]}", "tls.clientCA: " + junk + ": has no certificate; it must be PEM with blocks CERTIFICATE"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := write(t, "s.yaml", "tls: "+tc.yaml+"\n")
			if got := runSluice(t, nil, "config", "check", file); got.code != exitFailed || !strings.Contains(got.stdout, tc.want) {
				t.Errorf("check: exit code %d, %q, want %q", got.code, got.stdout, tc.want)
			}
			if got := runSluice(t, nil, "serve", file); got.code != exitUsage || !strings.Contains(got.stderr, tc.want) {
				t.Errorf("serve: exit code %d, %q, want %q", got.code, got.stderr, tc.want)
			}
		})
	}
}

// A certificate that clients refuse for its dates is served, for some may not look,
// and whoever starts the gateway or reloads it is told.
func TestCertificatesOfAnotherTimeAreWarnedOf(t *testing.T) {
	of := func(year int) time.Time { return time.Date(year, 1, 2, 0, 0, 0, 0, time.UTC) }
	good := certify(t, "now.test")
	expired, early := good.dated(t, of(2001), of(2002)), good.dated(t, of(2200), of(2201))
	file := write(t, "s.yaml", "")
	use := func(c certified) {
		t.Helper()
		content := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ntls: {certificates: [%q], keys: [%q]}\n", c.certificate, c.key)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const hasExpired, isEarly = "expired at 2002-01-02T00:00:00Z; clients refuse it", "is not good before 2200-01-02T00:00:00Z; clients refuse it"

	use(expired)
	if got := runSluice(t, nil, "config", "check", file); got.code != exitClean || !strings.Contains(got.stdout, ":3:21: tls.certificates: "+expired.certificate+": "+hasExpired) || !strings.HasSuffix(got.stdout, file+": ok\n") {
		t.Errorf("check: exit code %d, %q", got.code, got.stdout)
	}
	s := serve(t, file)
	admin := s.line(`^  admin +(http://\S+)$`)
	for _, next := range []certified{good, early} {
		use(next)
		if code, body := post(t, admin+"reload"); code != http.StatusOK {
			t.Errorf("reload: %d %s", code, body)
		}
	}
	s.signals <- syscall.SIGTERM
	s.exit()
	log := s.stderr.String()
	for _, want := range []string{hasExpired, isEarly} {
		if strings.Count(log, want) != 1 {
			t.Errorf("the log does not say once that a certificate %s:\n%s", want, log)
		}
	}
	if n := strings.Count(log, "level=WARN"); n != 2 {
		t.Errorf("%d warnings, want 2:\n%s", n, log)
	}
}

// Most clients need the chain, and the alert on what expires counts it.
func TestAnExpiredChainIsWarnedOf(t *testing.T) {
	good := certify(t, "now.test")
	expired := good.dated(t, time.Unix(0, 0), time.Date(2002, 1, 2, 0, 0, 0, 0, time.UTC))
	var chain []byte
	for _, name := range []string{good.certificate, expired.certificate} {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, content...)
	}
	chained := write(t, "chain.pem", string(chain))
	file := write(t, "s.yaml", fmt.Sprintf("tls: {certificates: [%q], keys: [%q]}\n", chained, good.key))
	want := file + ":1:21: tls.certificates: " + chained + ": certificate 2 in it expired at 2002-01-02T00:00:00Z; clients may refuse it: renew it and reload\n" + file + ": ok\n"
	if got := runSluice(t, nil, "config", "check", file); got.code != exitClean || got.stdout != want {
		t.Errorf("exit code %d, %q, want %q", got.code, got.stdout, want)
	}
}

// TestReloadOfCertificates: what the files hold now is for new connections; one
// that is open stays, and files that are no pair change nothing.
func TestReloadOfCertificates(t *testing.T) {
	first, second := certify(t, "first.test"), certify(t, "second.test")
	file := write(t, "s.yaml", "")
	use := func(certificate, key string) {
		t.Helper()
		content := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ntls: {certificates: [%q], keys: [%q]}\necho: /echo\n", certificate, key)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	use(first.certificate, first.key)
	s := serve(t, file)
	address := s.line(`listening on (\S+)$`)
	admin := s.line(`^  admin +(http://\S+)$`)
	dialer := ws.Dialer{TLSConfig: first.trust}
	session, _, _, err := dialer.Dial(t.Context(), "wss://"+address+"/echo")
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()

	use(second.certificate, first.key)
	if code, body := post(t, admin+"reload"); code != http.StatusUnprocessableEntity || !strings.Contains(body, "do not make a pair") {
		t.Errorf("reload of files that are no pair: %d %s", code, body)
	}
	if _, err := handshake(address, first.trust); err != nil {
		t.Errorf("after a reload that failed: %v", err)
	}

	use(second.certificate, second.key)
	if code, body := post(t, admin+"reload"); code != http.StatusOK || !strings.Contains(body, `"needRestart": []`) {
		t.Errorf("reload: %d %s, want that nothing needs a restart", code, body)
	}
	if names, err := handshake(address, second.trust); err != nil || names[0] != "second.test" {
		t.Errorf("after the reload: a certificate for %v, %v", names, err)
	}
	if err := wsutil.WriteClientText(session, []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if got, err := wsutil.ReadServerText(session); err != nil || string(got) != "still here" {
		t.Errorf("the open session got %q, %v", got, err)
	}
	session.Close()
	s.signals <- syscall.SIGTERM
	s.exit()
}
