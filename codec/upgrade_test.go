package codec

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

const requestLine = "GET /hub HTTP/1.1"

// upgradeHead is a legal upgrade with one header of the same name replaced by
// the lines of change, or taken out if change ends in a bare colon.
func upgradeHead(line, change string) string {
	name, _, _ := strings.Cut(change, ":")
	head := line + "\r\n"
	for _, field := range []string{
		"Host: x", "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	} {
		if !strings.HasPrefix(field, name+":") || change == "" {
			head += field + "\r\n"
		}
	}
	if change != "" && !strings.HasSuffix(change, ":") {
		head += change + "\r\n"
	}
	return head + "\r\n"
}

var badUpgrades = []struct {
	name, line, change string
	status             int
	text               string
}{
	{"no upgrade", requestLine, "Upgrade:", 426, "Upgrade: websocket"},
	{"another upgrade that folds to it", requestLine, "Upgrade: web\u017focket", 426, "Upgrade: websocket"},
	{"target of another scheme that folds to it", "GET http\u017f://x/hub HTTP/1.1", "", 400, "must be a path or an http URI"},
	{"POST", "POST /hub HTTP/1.1", "", 405, `method "POST"; a WebSocket upgrade must use GET`},
	{"lower-case get", "get /hub HTTP/1.1", "", 405, `method "get"`},
	{"HTTP/1.0", "GET /hub HTTP/1.0", "", 400, "HTTP/1.0; a WebSocket upgrade needs HTTP/1.1"},
	{"target of another scheme", "GET ftp://x/hub HTTP/1.1", "", 400, "must be a path or an http URI"},
	{"target without a slash", "GET hub HTTP/1.1", "", 400, "must be a path or an http URI"},
	{"asterisk", "GET * HTTP/1.1", "", 400, "must be a path or an http URI"},
	{"no version", requestLine, "Sec-WebSocket-Version:", 400, "Sec-WebSocket-Version is missing"},
	{"version 8", requestLine, "Sec-WebSocket-Version: 8", 426, `Sec-WebSocket-Version "8"; it must be 13`},
	{"version list", requestLine, "Sec-WebSocket-Version: 13, 8", 426, "it must be 13"},
	{"version 013", requestLine, "Sec-WebSocket-Version: 013", 426, "it must be 13"},
	{"no key", requestLine, "Sec-WebSocket-Key:", 400, "Sec-WebSocket-Key is missing"},
	{"short key", requestLine, "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==", 400, "it must be 16 bytes in base64"},
	{"key of 17 bytes", requestLine, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=", 400, "it must be 16 bytes in base64"},
	{"key of 18 bytes", requestLine, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSEh", 400, "it must be 16 bytes in base64"},
	{"key not base64", requestLine, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q==", 400, "it must be 16 bytes in base64"},
	{"key with a space", requestLine, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j Q==", 400, "it must be 16 bytes in base64"},
	{"URL-safe key", requestLine, "Sec-WebSocket-Key: ____________________-Q==", 400, "it must be 16 bytes in base64"},
	{"a body", requestLine, "Content-Length: 5", 400, `Content-Length "5"; a WebSocket upgrade has no body`},
	{"empty length", requestLine, "Content-Length: ", 400, `Content-Length ""; a WebSocket upgrade has no body`},
	{"odd length", requestLine, "Content-Length: +0", 400, "has no body"},
	{"chunked", requestLine, "Transfer-Encoding: chunked", 400, "Transfer-Encoding; a WebSocket upgrade has no body"},
	{"empty coding", requestLine, "Transfer-Encoding: ", 400, "has no body"},
	{"bad subprotocol", requestLine, "Sec-WebSocket-Protocol: json, a b", 400, `subprotocol "a b"`},
	{"bad extension", requestLine, "Sec-WebSocket-Extensions: foo, permessage-deflate; server_max_window_bits=", 400,
		`extension "permessage-deflate; server_max_window_bi"... in Sec-WebSocket-Extensions; it must be a token with parameters`},
}

func TestCheckUpgradeRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range badUpgrades {
		r := mustParse(t, upgradeHead(c.line, c.change))
		var fault *HeadError
		if err := r.CheckUpgrade(); !errors.As(err, &fault) {
			t.Errorf("%s: got %v, want a *HeadError", c.name, err)
		} else if fault.Status != c.status || !strings.Contains(fault.Text, c.text) {
			t.Errorf("%s: got %d %q, want %d and %q in it", c.name, fault.Status, fault.Text, c.status, c.text)
		}
	}
}

func TestCheckUpgradeAccepts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, line, change string }{
		{"the least", requestLine, ""},
		{"a query", "GET /hub?token=abc%20d HTTP/1.1", ""},
		{"an absolute target", "GET http://x/hub?token=abc HTTP/1.1", ""},
		{"a body of nothing", requestLine, "Content-Length: 0"},
		{"several subprotocols", requestLine, "Sec-WebSocket-Protocol: json, v2.chat"},
		{"extensions nobody knows", requestLine, `Sec-WebSocket-Extensions: foo; bar="1", permessage-deflate; baz`},
		{"extensions of nothing", requestLine, "Sec-WebSocket-Extensions: ,"},
		{"key of zeros", requestLine, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="},
	} {
		r := mustParse(t, upgradeHead(c.line, c.change))
		if err := r.CheckUpgrade(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAppendAccept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ key, want string }{
		{"dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, // RFC 6455 §1.3
		{"x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="},
	} {
		if got := AppendAccept([]byte("dst "), c.key); string(got) != "dst "+c.want {
			t.Errorf("%s: got %q, want %q", c.key, got, c.want)
		}
	}
}

func TestAppendUpgradeIsWhatAClientAccepts(t *testing.T) {
	t.Parallel()
	const key = "dGhlIHNhbXBsZSBub25jZQ=="
	for _, c := range []struct {
		name, subprotocol, extensions string
	}{
		{"bare", "", ""},
		{"subprotocol", "json", ""},
		{"both", "json", "permessage-deflate; server_no_context_takeover"},
	} {
		answer := AppendUpgrade([]byte("dst"), key, c.subprotocol, c.extensions)
		r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer[3:])), nil)
		if err != nil {
			t.Errorf("%s: %v in %q", c.name, err, answer)
			continue
		}
		if err := r.Body.Close(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		got := [...]string{r.Status, r.Header.Get("Upgrade"), r.Header.Get("Connection"), r.Header.Get("Sec-WebSocket-Accept"),
			r.Header.Get("Sec-WebSocket-Protocol"), r.Header.Get("Sec-WebSocket-Extensions")}
		want := [...]string{"101 Switching Protocols", "websocket", "Upgrade", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", c.subprotocol, c.extensions}
		if got != want || !bytes.HasSuffix(answer, []byte("\r\n\r\n")) {
			t.Errorf("%s: got %q, want %q", c.name, got, want)
		}
		if c.subprotocol == "" && bytes.Contains(answer, []byte("Sec-WebSocket-Protocol")) {
			t.Errorf("%s: an empty subprotocol is announced", c.name)
		}
	}
}

// TestUpgradeAgainstTheLibrary has the client of gobwas/ws talk to this side.
func TestUpgradeAgainstTheLibrary(t *testing.T) {
	t.Parallel()
	peer := &answering{t: t}
	dialer := ws.Dialer{Protocols: []string{"chat", "json"}}
	target := mustURL(t, "ws://example.com/hub?room=1")
	if _, handshake, err := dialer.Upgrade(peer, target); err != nil || handshake.Protocol != "json" {
		t.Errorf("got %+v, %v", handshake, err)
	}
	if peer.request.Path != "/hub" || peer.request.Query != "room=1" || peer.request.Host != "example.com" {
		t.Errorf("the request was read as %+v", peer.request)
	}
}

// answering is a connection whose far end answers the request written to it.
type answering struct {
	t       *testing.T
	in, out bytes.Buffer
	request Request
}

func (a *answering) Write(p []byte) (int, error) {
	a.in.Write(p)
	if end := HeadEnd(a.in.Bytes(), a.in.Len()-len(p)); end >= 0 {
		a.request = mustParse(a.t, string(a.in.Next(end)))
		if err := a.request.CheckUpgrade(); err != nil {
			a.t.Error(err)
		}
		a.out.Write(AppendUpgrade(nil, a.request.Key, "json", ""))
	}
	return len(p), nil
}

func (a *answering) Read(p []byte) (int, error) { return a.out.Read(p) }

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
