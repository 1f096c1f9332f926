package codec

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestHeadEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		text string
		want int
	}{
		{"nothing", "", -1},
		{"a line", "GET / HTTP/1.1\r\n", -1},
		{"no empty line", "GET / HTTP/1.1\r\nHost: x\r\n", -1},
		{"half an empty line", "GET / HTTP/1.1\r\nHost: x\r\n\r", -1},
		{"a head", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27},
		{"bytes behind it", "GET / HTTP/1.1\r\nHost: x\r\n\r\n\x81\x80\n\n", 27},
		{"bare line feeds", "GET / HTTP/1.1\nHost: x\n\nmore", 24},
		{"mixed line ends", "GET / HTTP/1.1\r\nHost: x\n\r\nmore", 26},
		{"empty line first", "\r\nGET / HTTP/1.1\r\n", -1},
		{"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\n", 4},
		{"carriage returns alone", "a\r\r\r\r", -1},
	} {
		if got := HeadEnd([]byte(c.text), 0); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
		for from := range len(c.text) + 1 { // as after a first read of that length
			if HeadEnd([]byte(c.text[:from]), 0) >= 0 {
				break
			}
			if got := HeadEnd([]byte(c.text), from); got != c.want {
				t.Errorf("%s: resumed at %d: got %d, want %d", c.name, from, got, c.want)
			}
		}
	}
}

// badHeads are refused whether or not they ask for an upgrade.
var badHeads = []struct {
	name   string
	head   string
	status int
	text   string // part of the error
}{
	{"empty", "\r\n\r\n", 400, `line 1: "" is no method`},
	{"no end", "GET / HTTP/1.1\r\nHost: x\r\n", 400, "line 3: head ends without an empty line"},
	{"nothing", "", 400, "line 1: head ends without an empty line"},
	{"line feed alone in line 1", "GET / HTTP/1.1\nHost: x\r\n\r\n", 400, "line 1: ends in LF without CR"},
	{"line feed alone in a header", "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400, "line 2: ends in LF without CR"},
	{"line feed alone at the end", "GET / HTTP/1.1\r\nHost: x\r\n\n", 400, "line 3: ends in LF without CR"},
	{"bytes behind", "GET / HTTP/1.1\r\nHost: x\r\n\r\nmore", 400, "4 bytes follow the empty line"},

	{"method with a bracket", "GE(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, `line 1: "GE(T" is no method`},
	{"method is a handshake record", "\x16\x03\x01 / HTTP/1.1\r\n\r\n", 400, `line 1: "\x16\x03\x01" is no method`},
	{"leading space", " GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, `line 1: "" is no method`},
	{"two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "one space between"},
	{"no target", "GET\r\nHost: x\r\n\r\n", 400, "one space between"},
	{"no version", "GET /\r\nHost: x\r\n\r\n", 400, "one space between"},
	{"space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400, `line 1: "b HTTP/1.1" is no HTTP version`},
	{"trailing space", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400, "is no HTTP version"},
	{"trailing return", "GET / HTTP/1.1\r\r\nHost: x\r\n\r\n", 400, "is no HTTP version"},
	{"control in the target", "GET /a\x00b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "line 1: control character 0x00 in the target"},
	{"delete in the target", "GET /a\x7fb HTTP/1.1\r\nHost: x\r\n\r\n", 400, "line 1: control character 0x7f in the target"},
	{"tab in the target", "GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n", 400, "line 1: control character 0x09 in the target"},
	{"long target", "GET /" + strings.Repeat("a", MaxTarget) + " HTTP/1.1\r\nHost: x\r\n\r\n", 414, "line 1: target of 16385 bytes; at most 16384"},
	{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 505, `line 1: version "HTTP/2.0"`},
	{"HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", 505, `line 1: version "HTTP/0.9"`},
	{"another protocol", "GET / RTSP/1.0\r\n\r\n", 400, `line 1: "RTSP/1.0" is no HTTP version`},
	{"lower-case version", "GET / http/1.1\r\n\r\n", 400, `line 1: "http/1.1" is no HTTP version`},

	{"space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, `line 2: white space before the colon of header "Host "`},
	{"tab before the colon", "GET / HTTP/1.1\r\nHost\t: x\r\n\r\n", 400, "line 2: white space before the colon"},
	{"folded", "GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", 400, "line 3: begins with white space"},
	{"folded by a tab", "GET / HTTP/1.1\r\nHost: x\r\n\ty\r\n\r\n", 400, "line 3: begins with white space"},
	{"no colon", "GET / HTTP/1.1\r\nHost: x\r\nOrigin\r\n\r\n", 400, `line 3: header "Origin" has no colon`},
	{"no name", "GET / HTTP/1.1\r\n: x\r\n\r\n", 400, `line 2: "" is no header name`},
	{"space in a name", "GET / HTTP/1.1\r\nHo st: x\r\n\r\n", 400, `line 2: "Ho st" is no header name`},
	{"name outside ASCII", "GET / HTTP/1.1\r\nH\xc3\xb6st: x\r\n\r\n", 400, `line 2: "H\u00f6st" is no header name`},
	{"NUL in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n", 400, `line 3: control character 0x00 in header "A"`},
	{"return in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400, `line 3: control character 0x0d in header "A"`},
	{"delete in a value", "GET / HTTP/1.1\r\nHost: x\x7f\r\n\r\n", 400, `line 2: control character 0x7f in header "Host"`},
	{"long name", "GET / HTTP/1.1\r\n" + strings.Repeat("a", 100) + "\r\n\r\n", 400, `"` + strings.Repeat("a", 40) + `"... has no colon`},

	{"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n", 400, `line 3: second header "host"`},
	{"two empty hosts", "GET / HTTP/1.1\r\nHost:\r\nHost:\r\n\r\n", 400, `line 3: second header "Host"`},
	{"two origins", "GET / HTTP/1.1\r\nHost: x\r\nOrigin: a\r\nOrigin: b\r\n\r\n", 400, `line 4: second header "Origin"`},
	{"two keys", "GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: a\r\nSec-Websocket-Key: a\r\n\r\n", 400, `line 4: second header "Sec-Websocket-Key"`},
	{"two versions", "GET / HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n\r\n", 400, "line 4: second header"},
	{"two lengths", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", 400, `line 4: second header "Content-Length"`},
	{"host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, `header Host "a b"`},
	{"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, `header Host "a/b"`},
	{"host with a user", "GET / HTTP/1.0\r\nHost: u@a\r\n\r\n", 400, `header Host "u@a"`},
	{"host outside ASCII", "GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n", 400, `header Host "\xe9"`},
	{"target with a user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, `line 1: target "http://u@a/"`},
	{"target without a host", "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", 400, `line 1: target "http:///a"`},
	{"absolute target and no host", "GET http://a/ HTTP/1.1\r\nA: b\r\n\r\n", 400, "header Host is missing"},
	{"no host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400, "header Host is missing"},
	{"101 headers", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 100) + "\r\n", 431, "line 102: more than 100 headers"},
}

func TestParseRequestRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range badHeads {
		_, err := ParseRequest(c.head)
		var fault *HeadError
		if !errors.As(err, &fault) {
			t.Errorf("%s: got %v, want a *HeadError", c.name, err)
			continue
		}
		if fault.Status != c.status || !strings.Contains(fault.Error(), c.text) {
			t.Errorf("%s: got %d %q, want %d and %q in it", c.name, fault.Status, fault.Text, c.status, c.text)
		}
		if http.StatusText(fault.Status) == "" {
			t.Errorf("%s: %d is no HTTP status", c.name, fault.Status)
		}
	}
}

func TestHeadErrorsArePrintable(t *testing.T) {
	t.Parallel()
	for _, c := range badHeads {
		_, err := ParseRequest(c.head)
		for _, r := range err.Error() {
			if r < ' ' || r > '~' {
				t.Errorf("%s: %q has the unprintable %q", c.name, err.Error(), r)
			}
		}
		if len(err.Error()) > 300 {
			t.Errorf("%s: %d bytes of error", c.name, len(err.Error()))
		}
	}
}
