package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/golang-jwt/jwt/v5"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

const (
	oldSecret = "the old secret of these tests, 32 bytes"
	newSecret = "the new secret of these tests, 32 bytes"
	setSecret = "the secret of a key set, 32 bytes long"
)

// signedToken returns a token of HS256 that is good for so long.
func signedToken(t *testing.T, secret string, life time.Duration, header map[string]any) string {
	t.Helper()
	return signed(t, jwt.SigningMethodHS256, []byte(secret), life, header)
}

func signed(t *testing.T, method jwt.SigningMethod, key any, life time.Duration, header map[string]any) string {
	t.Helper()
	made := jwt.NewWithClaims(method, jwt.MapClaims{"sub": "ann", "aud": "chat", "iss": "id.test", "exp": time.Now().Add(life).Unix()})
	for name, value := range header {
		made.Header[name] = value
	}
	text, err := made.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// upgrade asks for path and returns the answer.
func upgrade(t *testing.T, address, path string, fields ...string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	conn.Write(gatewaytest.UpgradeRequest(path, fields...))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestServeChecksTokens(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "s.yaml", fmt.Sprintf(`
listen: 127.0.0.1:0
admin: ""
hubs:
  members:
    subprotocols: [chat]
    auth: {secrets: [%q, %q], publicKeys: [%q], jwks: [%q], issuer: id.test, audiences: [chat], leeway: 5s}
  guests:
    auth: {secrets: [%[1]q], anonymous: true, tokens: [header]}
  all: {}
`, write(t, "old", oldSecret+"\n"), write(t, "new", newSecret), write(t, "ed.pem", block("PUBLIC KEY", der)),
		write(t, "keys.json", `{"keys":[{"kty":"oct","kid":"set","k":"`+base64.RawURLEncoding.EncodeToString([]byte(setSecret))+`"}]}`)))
	s := serve(t, file)
	address := s.line(`listening on (\S+)$`)
	ed := signed(t, jwt.SigningMethodEdDSA, private, time.Minute, nil)
	good, other := signedToken(t, newSecret, time.Minute, nil), signedToken(t, strings.ToUpper(newSecret), time.Minute, nil)
	for _, tc := range []struct {
		name, path string
		fields     []string
		status     int
	}{
		{"old secret in the header", "members", []string{"Authorization: Bearer " + signedToken(t, oldSecret, time.Minute, nil)}, 101},
		{"new secret in the query", "members?access_token=" + good, nil, 101},
		{"public key as a subprotocol", "members", []string{"Sec-WebSocket-Protocol: chat, access_token." + ed}, 101},
		{"key of a set", "members?access_token=" + signedToken(t, setSecret, time.Minute, map[string]any{"kid": "set"}), nil, 101},
		{"no token", "members", nil, 401},
		{"another secret", "members?access_token=" + other, nil, 401},
		{"expired", "members?access_token=" + signedToken(t, newSecret, -time.Minute, nil), nil, 401},
		{"guest", "guests", nil, 101},
		{"guest with a bad token", "guests", []string{"Authorization: Bearer " + other}, 401},
		{"guest with one where none is looked for", "guests?access_token=" + other, nil, 101},
		{"hub without tokens", "all", nil, 101},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answer := upgrade(t, address, "/client/hubs/"+tc.path, tc.fields...)
			if answer.StatusCode != tc.status {
				t.Errorf("status %d, want %d", answer.StatusCode, tc.status)
			}
			if got := answer.Header.Get("WWW-Authenticate"); (got == "Bearer") != (tc.status == 401) {
				t.Errorf("WWW-Authenticate: %q with status %d", got, answer.StatusCode)
			}
		})
	}
	s.signals <- syscall.SIGTERM
	s.signals <- syscall.SIGTERM
	s.exit()
}

func TestServeEndsSessionsWithTheirToken(t *testing.T) {
	file := write(t, "s.yaml", fmt.Sprintf("listen: 127.0.0.1:0\nadmin: ''\ntimeouts: {pong: 100ms}\nhubs: {a: {auth: {secrets: [%q], leeway: 0s, endExpired: true}}}\n", write(t, "s", oldSecret)))
	s := serve(t, file)
	address := s.line(`listening on (\S+)$`)
	conn, _, _, err := ws.Dial(t.Context(), "ws://"+address+"/client/hubs/a?access_token="+signedToken(t, oldSecret, 2*time.Second, nil))
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	frame, err := ws.ReadFrame(conn)
	if err != nil {
		t.Fatal(err)
	}
	if code, text := ws.ParseCloseFrameData(frame.Payload); frame.Header.OpCode != ws.OpClose || code != 1008 || text != "authorization expired" {
		t.Errorf("opcode %#x, code %d %q", frame.Header.OpCode, code, text)
	}
	conn.Close()
	s.signals <- syscall.SIGTERM
	s.exit()
}

func TestFaultsOfKeyFiles(t *testing.T) {
	good, short := write(t, "good", oldSecret), write(t, "short", "short")
	for _, tc := range []struct{ name, auth, want string }{
		{"short secret", "{publicKeys: [" + certify(t, "a.test").certificate + "], secrets: [" + good + ", " + short + "]}", "hubs.a.auth.secrets: " + short + ": has a secret of 5 bytes; must have at least 32 (RFC 7518 §3.2)"},
		{"no PEM", "{publicKeys: [" + write(t, "junk.pem", "junk") + "]}", "auth: no PEM block with a public key"},
		{"no file", "{jwks: [missing.json]}", ":1:25: hubs.a.auth.jwks: missing.json: cannot be read: no such file or directory"},
		{"leeway", "{leeway: 11m, secrets: [" + good + "]}", ":1:27: hubs.a.auth.leeway: 11m0s: must be at most 10m0s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := write(t, "s.yaml", "hubs: {a: {auth: "+tc.auth+"}}\n")
			if got := runSluice(t, nil, "config", "check", file); got.code != exitFailed || !strings.Contains(got.stdout, tc.want) {
				t.Errorf("exit code %d, %q, want %q", got.code, got.stdout, tc.want)
			}
		})
	}
}

// TestReloadOfKeys: a secret that was replaced is good no more, and a hub that
// begins to ask for tokens waits for a restart.
func TestReloadOfKeys(t *testing.T) {
	secret := write(t, "secret", oldSecret)
	file := write(t, "s.yaml", "")
	use := func(key, open string) {
		t.Helper()
		content := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nhubs:\n  members: {auth: {secrets: [%q]}}\n  open: {%s}\n", secret, open)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(secret, []byte(key), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	use(oldSecret, "")
	s := serve(t, file)
	address := s.line(`listening on (\S+)$`)
	admin := s.line(`^  admin +(http://\S+)$`)
	expect := func(when, key string, status int) {
		t.Helper()
		answer := upgrade(t, address, "/client/hubs/members?access_token="+signedToken(t, key, time.Minute, nil))
		if answer.StatusCode != status {
			t.Errorf("%s: status %d, want %d", when, answer.StatusCode, status)
		}
	}
	expect("at first", oldSecret, 101)

	use("short", "")
	if code, body := post(t, admin+"reload"); code != http.StatusUnprocessableEntity || !strings.Contains(body, "at least 32") {
		t.Errorf("reload of a short secret: %d %s", code, body)
	}
	expect("after a reload that failed", oldSecret, 101)

	use(newSecret, fmt.Sprintf("auth: {secrets: [%q]}", secret))
	if code, body := post(t, admin+"reload"); code != http.StatusOK || !strings.Contains(body, "hubs.open.auth") {
		t.Errorf("reload: %d %s, want to hear that hubs.open.auth needs a restart", code, body)
	}
	expect("after the reload, by the old secret", oldSecret, 401)
	expect("after the reload", newSecret, 101)
	s.signals <- syscall.SIGTERM
	s.signals <- syscall.SIGTERM
	s.exit()
}
