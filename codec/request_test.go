package codec

import (
	"bufio"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// browserHead is an upgrade as a browser sends it.
const browserHead = "GET /client/hubs/game?room=7&x=a?b HTTP/1.1\r\n" +
	"Host: play.example.com:8080\r\n" +
	"Connection: keep-alive, Upgrade\r\n" +
	"Pragma: no-cache\r\n" +
	"Cache-Control: no-cache\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
	"Upgrade: websocket\r\n" +
	"Origin: https://play.example.com\r\n" +
	"Sec-WebSocket-Version: 13\r\n" +
	"Accept-Encoding: gzip, deflate, br\r\n" +
	"Accept-Language: en\r\n" +
	"Cookie: a=1; b=2\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Protocol: json, chat\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" +
	"\r\n"

func mustParse(t *testing.T, head string) Request {
	t.Helper()
	r, err := ParseRequest(head)
	if err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	return r
}

func TestParseRequestOfABrowser(t *testing.T) {
	t.Parallel()
	r := mustParse(t, browserHead)
	for _, c := range []struct{ name, got, want string }{
		{"method", r.Method, "GET"},
		{"target", r.Target, "/client/hubs/game?room=7&x=a?b"},
		{"path", r.Path, "/client/hubs/game"},
		{"query", r.Query, "room=7&x=a?b"},
		{"host", r.Host, "play.example.com:8080"},
		{"origin", r.Origin, "https://play.example.com"},
		{"key", r.Key, "dGhlIHNhbXBsZSBub25jZQ=="},
		{"version", r.Version, "13"},
		{"cookie", r.Header("cookie"), "a=1; b=2"},
		{"extensions", r.Header("Sec-WebSocket-Extensions"), "permessage-deflate; client_max_window_bits"},
		{"protocols", strings.Join(slices.Collect(r.Protocols()), "|"), "json|chat"},
		{"absent header", r.Header("X-Absent"), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
	if !r.Upgrade || r.HTTP10 {
		t.Errorf("upgrade %v, HTTP/1.0 %v", r.Upgrade, r.HTTP10)
	}
	if err := r.CheckUpgrade(); err != nil {
		t.Error(err)
	}
}

func TestParseRequestLeavesPlainRequestsAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, head, method, path string
	}{
		{"simple", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/"},
		{"with a body", "POST /api?v=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", "POST", "/api"},
		{"chunked", "PUT /api HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "PUT", "/api"},
		{"HTTP/1.0 without host", "GET /healthz HTTP/1.0\r\n\r\n", "GET", "/healthz"},
		{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS", "*"},
		{"absolute target", "GET http://x/a?b HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/a"},
		{"host of an address", "GET / HTTP/1.1\r\nHost: [fe80::1%25en0]:8080\r\n\r\n", "GET", "/"},
		{"host of sub-delims", "GET / HTTP/1.1\r\nHost: a_b~!$&'()*+,;=c.%41\r\n\r\n", "GET", "/"},
		{"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/"},
		{"repeated list header", "GET / HTTP/1.1\r\nHost: x\r\nAccept: a\r\nAccept: b\r\n\r\n", "GET", "/"},
		{"value outside ASCII", "GET / HTTP/1.1\r\nHost: x\r\nX-Name: \xe9\xff\r\n\r\n", "GET", "/"},
		{"no space after the colon", "GET / HTTP/1.1\r\nHost:x\r\nA:\tb \t\r\n\r\n", "GET", "/"},
		{"connection upgrade alone", "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\r\n", "GET", "/"},
		{"upgrade to another protocol", "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "GET", "/"},
		{"upgrade without connection", "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n", "GET", "/"},
		{"a hundred headers", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 99) + "\r\n", "GET", "/"},
		{"longest target", "GET /" + strings.Repeat("a", MaxTarget-1) + " HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/" + strings.Repeat("a", MaxTarget-1)},
	} {
		r := mustParse(t, c.head)
		if r.Upgrade || r.Method != c.method || r.Path != c.path {
			t.Errorf("%s: got upgrade %v, %s %s", c.name, r.Upgrade, r.Method, r.Path)
		}
		if _, err := http.ReadRequest(bufio.NewReader(strings.NewReader(c.head))); err != nil {
			t.Errorf("%s: net/http refuses it: %v", c.name, err)
		}
	}
}

// TestAbsoluteTarget: a server must accept the absolute form, and take the host from
// there (RFC 9112 §3.2.2). net/http reads each of these the same way.
func TestAbsoluteTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ target, host, path, query string }{
		{"http://x/a?b=c?d", "x", "/a", "b=c?d"},
		{"HTTPS://[::1]:8080/a/", "[::1]:8080", "/a/", ""},
		{"http://x:80", "x:80", "/", ""},
		{"http://x?b", "x", "/", "b"},
		{"http://x/?b", "x", "/", "b"},
		{"http://x//a://b", "x", "//a://b", ""},
	} {
		head := "GET " + c.target + " HTTP/1.1\r\nHost: other\r\n\r\n"
		r := mustParse(t, head)
		if r.Host != c.host || r.Path != c.path || r.Query != c.query || r.Target != c.target {
			t.Errorf("%s: got host %q, path %q, query %q, target %q", c.target, r.Host, r.Path, r.Query, r.Target)
		}
		std, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
		if err != nil || std.Host != r.Host || max(std.URL.Path, "/") != r.Path || std.URL.RawQuery != r.Query {
			t.Errorf("%s: net/http reads %+v, %v", c.target, std, err)
		}
	}
}

func TestUpgradeIsRecognised(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, fields string
		want         bool
	}{
		{"plain", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true},
		{"other case", "CONNECTION: upGRADE\r\nupgrade: WebSocket\r\n", true},
		{"among other tokens", "Connection: keep-alive ,\tUpgrade\r\nUpgrade: h2c, websocket\r\n", true},
		{"over two lines", "Connection: keep-alive\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", true},
		{"empty list members", "Connection: ,,Upgrade,\r\nUpgrade: , websocket\r\n", true},
		{"part of a token", "Connection: Upgraded\r\nUpgrade: websocket\r\n", false},
		{"two tokens in one", "Connection: keep-alive Upgrade\r\nUpgrade: websocket\r\n", false},
		{"websocket with a version", "Connection: Upgrade\r\nUpgrade: websocket/13\r\n", false},
		{"tokens exchanged", "Connection: websocket\r\nUpgrade: upgrade\r\n", false},
	} {
		if r := mustParse(t, "GET / HTTP/1.1\r\nHost: x\r\n"+c.fields+"\r\n"); r.Upgrade != c.want {
			t.Errorf("%s: got %v, want %v", c.name, r.Upgrade, c.want)
		}
	}
}

func TestHeaderAccess(t *testing.T) {
	t.Parallel()
	r := mustParse(t, "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: a\r\nEmpty:\r\nx-forwarded-for:  b, c \r\n"+
		"Sec-WebSocket-Protocol: one,, two\r\nX-Colon: a:b\r\nSec-WebSocket-Protocol:\tthree\r\n\r\n")
	for _, c := range []struct {
		name string
		want []string
	}{
		{"X-Forwarded-For", []string{"a", "b, c"}},
		{"X-FORWARDED-FOR", []string{"a", "b, c"}},
		{"Empty", []string{""}},
		{"X-Colon", []string{"a:b"}},
		{"Absent", nil},
		{"", nil},
		{"X-Forwarded", nil},
	} {
		if got := slices.Collect(r.Values(c.name)); !slices.Equal(got, c.want) {
			t.Errorf("values of %q: got %q, want %q", c.name, got, c.want)
		}
		first := ""
		if len(c.want) > 0 {
			first = c.want[0]
		}
		if got := r.Header(c.name); got != first {
			t.Errorf("header %q: got %q, want %q", c.name, got, first)
		}
	}
	if got, want := slices.Collect(r.Protocols()), []string{"one", "two", "three"}; !slices.Equal(got, want) {
		t.Errorf("protocols: got %q, want %q", got, want)
	}
	for protocol := range r.Protocols() { // an early end must be honoured
		if protocol != "one" {
			t.Errorf("first protocol is %q", protocol)
		}
		break
	}
}

func TestZeroRequestIsHarmless(t *testing.T) {
	t.Parallel()
	var r Request
	if err := r.CheckUpgrade(); err == nil {
		t.Error("a request that was never parsed passes")
	}
	r = Request{Upgrade: true, Method: "GET"}
	if err := r.CheckUpgrade(); err == nil {
		t.Error("a request without target passes")
	}
	if r.Header("Host") != "" {
		t.Error("a request that was never parsed has headers")
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(browserHead), uint(20))
	for _, c := range badHeads {
		f.Add([]byte(c.head), uint(len(c.head)/2))
	}
	for _, c := range badUpgrades {
		f.Add([]byte(upgradeHead(c.line, c.change)), uint(7))
	}
	f.Fuzz(func(t *testing.T, b []byte, cut uint) {
		end := HeadEnd(b, 0)
		seen := int(cut % uint(len(b)+1))
		if early := HeadEnd(b[:seen], 0); early >= 0 && early != end || early < 0 && HeadEnd(b, seen) != end {
			t.Fatalf("head ends at %d, cut at %d it ends elsewhere", end, seen)
		}
		if end < 0 {
			if _, err := ParseRequest(string(b)); err == nil {
				t.Fatal("parsed without an end")
			}
			return
		}
		head := string(b[:end])
		r, err := ParseRequest(head)
		if err != nil {
			checkHeadError(t, err)
			return
		}
		if err := r.CheckUpgrade(); err != nil {
			checkHeadError(t, err)
			return
		}
		// What is accepted must mean the same to the standard library.
		std, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
		if err != nil {
			return // which is stricter on targets
		}
		if std.Method != r.Method || std.RequestURI != r.Target || std.ContentLength > 0 || len(std.TransferEncoding) > 0 {
			t.Fatalf("%q: %+v differs from net/http: %+v", head, r, std)
		}
		if r.Header("Cache-Control") == "" {
			delete(std.Header, "Cache-Control") // it makes one of Pragma (RFC 9111 §5.4)
		}
		for _, name := range slices.Collect(maps.Keys(std.Header)) {
			if got, want := slices.Collect(r.Values(name)), std.Header[name]; !slices.Equal(got, want) {
				t.Fatalf("%q: header %s: %q, net/http has %q", head, name, got, want)
			}
		}
	})
}

func checkHeadError(t *testing.T, err error) {
	t.Helper()
	var fault *HeadError
	if !errors.As(err, &fault) || fault.Status < 400 || fault.Status > 599 || fault.Text == "" {
		t.Fatalf("got %#v, want a *HeadError with status and text", err)
	}
	if strings.ContainsFunc(fault.Text, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Fatalf("unprintable text %q", fault.Text)
	}
}

func BenchmarkRequest(b *testing.B) {
	head := []byte(browserHead)
	b.ReportAllocs()
	for b.Loop() {
		r, err := ParseRequest(string(head[:HeadEnd(head, 0)]))
		if err != nil || r.CheckUpgrade() != nil {
			b.Fatal("refused")
		}
	}
}

func TestBodyLength(t *testing.T) {
	for _, tc := range []struct {
		fields string
		want   int64
		known  bool
	}{
		{"", 0, true},
		{"Content-Length: 0\r\n", 0, true},
		{"content-length: 65537\r\n", 65537, true},
		{"Content-Length: 999999999999999999\r\n", 999999999999999999, true},
		{"Content-Length: 9999999999999999999\r\n", 0, false},
		{"Content-Length: +5\r\n", 0, false},
		{"Content-Length: 5, 5\r\n", 0, false},
		{"Content-Length:\r\n", 0, false},
		{"Content-Length: 0x5\r\n", 0, false},
		{"Transfer-Encoding: chunked\r\n", 0, false},
		{"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 0, false},
	} {
		r, err := ParseRequest("POST / HTTP/1.1\r\nHost: h\r\n" + tc.fields + "\r\n")
		if err != nil {
			t.Fatal(err)
		}
		if n, known := r.BodyLength(); n != tc.want || known != tc.known {
			t.Errorf("%q: got %d, %t; want %d, %t", tc.fields, n, known, tc.want, tc.known)
		}
	}
}
