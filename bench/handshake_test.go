package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The key of the example in RFC 6455 §1.3, and what accepts it.
var (
	exampleKey    = handshakeKey([]byte("dGhlIHNhbXBsZSBub25jZQ=="))
	exampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	exampleAnswer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + exampleAccept + "\r\n\r\n"
)

func TestAccept(t *testing.T) {
	if got := exampleKey.accept(); string(got[:]) != exampleAccept {
		t.Errorf("got %s, want %s", got, exampleAccept)
	}
}

func TestKeysDiffer(t *testing.T) {
	if first, second := newHandshakeKey(), newHandshakeKey(); first == second {
		t.Error("two keys are the same")
	}
}

func TestRequest(t *testing.T) {
	target := &Target{Host: "example.com:8080", Path: "/chat?room=1"}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(appendRequest(nil, target, exampleKey, &upgrade{}, 0))))
	if err != nil {
		t.Fatal(err)
	}
	if request.Method != http.MethodGet || request.Host != target.Host || request.RequestURI != target.Path {
		t.Errorf("got %s %s at %s", request.Method, request.RequestURI, request.Host)
	}
	for name, want := range map[string]string{
		"Upgrade":               "websocket",
		"Connection":            "Upgrade",
		"Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key":     string(exampleKey[:]),
	} {
		if got := request.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestRequestOfItsOwn(t *testing.T) {
	load := Load{
		Headers:      http.Header{"X-User": {"user {n} of {m}"}},
		Origin:       "https://example.com",
		Subprotocols: []string{"v2", "v1"},
		Tokens:       []string{"first", "second"},
	}
	target := &Target{Host: "example.com", Path: "/chat?user={n}"}
	for _, test := range []struct {
		url    string
		number uint32
		uri    string
		token  string
	}{
		{"ws://example.com/", 0, "/chat?user=0", "Bearer first"},
		{"ws://example.com/", 4_000_000_003, "/chat?user=4000000003", "Bearer second"},
		{"ws://example.com/?{token}", 1, "/chat?user=1", ""},
	} {
		load.URL = test.url
		u := load.upgrade()
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(appendRequest(nil, target, exampleKey, &u, test.number))))
		if err != nil {
			t.Fatal(err)
		}
		if request.RequestURI != test.uri || request.Header.Get("Authorization") != test.token {
			t.Errorf("got %s with %q, want %s with %q", request.RequestURI, request.Header.Get("Authorization"), test.uri, test.token)
		}
		for name, want := range map[string]string{
			"X-User":                 fmt.Sprintf("user %d of {m}", test.number),
			"Origin":                 "https://example.com",
			"Sec-WebSocket-Protocol": "v2, v1",
		} {
			if got := request.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}
}

func TestSubprotocolChosen(t *testing.T) {
	u := &upgrade{subprotocols: []string{"v2", "v1"}}
	for chosen, want := range map[string]error{"v1": nil, "v2": nil, "v3": errSubprotocol, "": errSubprotocol} {
		answer := strings.Replace(exampleAnswer, "Upgrade", "Sec-WebSocket-Protocol: "+chosen+"\r\nUpgrade", 1)
		if _, err := readAnswer([]byte(answer), exampleKey, u, false); err != want {
			t.Errorf("%q: got %v, want %v", chosen, err, want)
		}
	}
	if _, err := readAnswer([]byte(exampleAnswer), exampleKey, u, false); err != nil {
		t.Errorf("none chosen: %v", err)
	}
}

func TestAnswerAccepted(t *testing.T) {
	for _, test := range []struct{ name, answer string }{
		{"as in the RFC", exampleAnswer},
		{"other case and space", "HTTP/1.1 101 \r\nUPGRADE:WebSocket\r\nconnection:   upgrade \r\nsec-websocket-accept:" + exampleAccept + "\r\n\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, err := readAnswer([]byte(test.answer+"\x81\x00"), exampleKey, &upgrade{}, false)
			if err != nil || n != len(test.answer) {
				t.Errorf("got %d, %v; want %d", n, err, len(test.answer))
			}
		})
	}
}

func TestAnswerInPartsNeedsMore(t *testing.T) {
	refused := "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nno no"
	for _, answer := range []string{exampleAnswer, refused} {
		for cut := range len(answer) {
			if n, err := readAnswer([]byte(answer[:cut]), exampleKey, &upgrade{}, false); n != 0 || err != nil {
				t.Fatalf("%q: got %d, %v; want to need more", answer[:cut], n, err)
			}
		}
	}
}

func TestAnswerRefused(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(exampleAnswer, old, new, 1) }
	for _, test := range []struct {
		name   string
		answer string
		ended  bool
		want   string
	}{
		{"nothing", "", true, errNoAnswer.cause},
		{"cut", exampleAnswer[:40], true, errNoAnswer.cause},
		{"endless", strings.Repeat("x", maxAnswer), false, errAnswerLong.cause},
		{"not HTTP", "SSH-2.0-x\r\n\r\n", false, errNotHTTP.cause},
		{"no status", "HTTP/1.1 \r\n\r\n", false, errNotHTTP.cause},
		{"no Upgrade", with("Upgrade: websocket", "X: y"), false, errNoUpgrade.cause},
		{"no Connection", with("Connection: Upgrade", "X: y"), false, errNoConnection.cause},
		{"wrong accept", with("s3pP", "S3pP"), false, errAccept.cause},
		{"extension", with("Upgrade", "Sec-WebSocket-Extensions: x\r\nUpgrade"), false, errExtension.cause},
		{"subprotocol", with("Upgrade", "Sec-WebSocket-Protocol: x\r\nUpgrade"), false, errSubprotocol.cause},
		{"403 with a body", "HTTP/1.1 403 Forbidden\r\nContent-Length: 18\r\n\r\norigin not allowed", false, "refused with 403 Forbidden: origin not allowed"},
		{"first line only", "HTTP/1.1 503 Busy\r\n\r\nlater\r\nmuch later", false, "refused with 503 Busy: later"},
		{"no body", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false, "refused with 404 Not Found"},
		{"body ends with the stream", "HTTP/1.1 400 Bad Request\r\n\r\nbad", true, "refused with 400 Bad Request: bad"},
		{"chunked", "HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbad\n\r\n0\r\n\r\n", false, "refused with 400 Bad: bad"},
		{"no text", "HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n\xff\xfe", false, "refused with 400 Bad: ?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, err := readAnswer([]byte(test.answer), exampleKey, &upgrade{}, test.ended)
			if f, ok := err.(failure); !ok || f.stage != StageHandshake || f.cause != test.want {
				t.Errorf("got %d, %v; want %q", n, err, test.want)
			}
		})
	}
}
