package conformance_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// handshakes are the rules of the opening handshake, RFC 6455 §4.2 and RFC 9112.
// A head is cut whole, line by line and octet by octet.
func handshakes() (rows []row) {
	for i, tc := range goodHeads {
		rows = append(rows, titled(tc.title, granted(fmt.Sprintf("H.%d", i+1), tc.head, tc.subprotocol)))
	}
	for i, tc := range badHeads {
		rows = append(rows, titled(tc.title, denied(fmt.Sprintf("H.%d", len(goodHeads)+i+1), tc.head, tc.statuses...)))
	}
	return append(rows, titled("not a byte", silent(fmt.Sprintf("H.%d", len(goodHeads)+len(badHeads)+1))))
}

const (
	keyLine     = "Sec-WebSocket-Key: " + key
	versionLine = "Sec-WebSocket-Version: 13"
)

// request is an upgrade of / with one of its lines replaced, by several or by
// none.
func request(line string, replacements ...string) string {
	replacement := ""
	if len(replacements) > 0 {
		replacement = strings.Join(replacements, "\r\n") + "\r\n"
	}
	head := string(gatewaytest.UpgradeRequest("/"))
	if !strings.Contains(head, line+"\r\n") {
		panic("the request has no line " + line)
	}
	return strings.Replace(head, line+"\r\n", replacement, 1)
}

// asking is an upgrade of path with further lines.
func asking(path string, lines ...string) string {
	return string(gatewaytest.UpgradeRequest(path, lines...))
}

var goodHeads = []struct {
	title       string
	head        string
	subprotocol string
}{
	{"as usual", asking("/"), ""},
	{"with a query", asking("/?a=b&c=%20"), ""},
	{"absolute target", request("GET / HTTP/1.1", "GET http://gateway.test/ HTTP/1.1"), ""},
	{"absolute target without a path", request("GET / HTTP/1.1", "GET http://gateway.test HTTP/1.1"), ""},
	{"names in other case", request(keyLine, "SEC-WEBSOCKET-KEY: "+key), ""},
	{"names in lower case", request("Host: gateway.test\r\nConnection: Upgrade\r\nUpgrade: websocket",
		"host: gateway.test", "connection: upgrade", "upgrade: websocket"), ""},
	{"Connection is a list", request("Connection: Upgrade", "Connection: keep-alive, Upgrade"), ""},
	{"Connection twice", request("Connection: Upgrade", "Connection: keep-alive", "Connection: upgrade"), ""},
	{"Upgrade in other case", request("Upgrade: websocket", "Upgrade: WebSocket"), ""},
	{"no space after the colon", request(keyLine, "Sec-WebSocket-Key:"+key), ""},
	{"spaces around a value", request(keyLine, "Sec-WebSocket-Key: \t "+key+" \t"), ""},
	{"unknown header", asking("/", "X-Whatever: a, b; c=\"d\""), ""},
	{"unknown extension", asking("/", "Sec-WebSocket-Extensions: x-unheard-of; a=1, x-other"), ""},
	{"subprotocols ignored", asking("/", "Sec-WebSocket-Protocol: v1.chat"), ""},
	{"client's preference of subprotocols", asking("/sub", "Sec-WebSocket-Protocol: v9.chat, v1.chat, v2.chat"), "v1.chat"},
	{"subprotocols in two headers", asking("/sub", "Sec-WebSocket-Protocol: v9.chat", "Sec-WebSocket-Protocol: v2.chat"), "v2.chat"},
	{"no subprotocol", asking("/sub"), ""},
}

var badHeads = []struct {
	title    string
	head     string
	statuses []int
}{
	{"no HTTP", "\x16\x03\x01\x02 nonsense\r\n\r\n", []int{400}},
	{"POST", request("GET / HTTP/1.1", "POST / HTTP/1.1"), []int{405}},
	{"HTTP/1.0", request("GET / HTTP/1.1", "GET / HTTP/1.0"), []int{400, 426}},
	{"HTTP/2.0", request("GET / HTTP/1.1", "GET / HTTP/2.0"), []int{505}},
	{"two spaces in the request line", request("GET / HTTP/1.1", "GET  / HTTP/1.1"), []int{400}},
	{"NUL in the target", request("GET / HTTP/1.1", "GET /\x00 HTTP/1.1"), []int{400}},
	{"unknown path", asking("/nowhere"), []int{404}},
	{"target of 9 KiB", asking("/" + strings.Repeat("x", 9*kib)), []int{414, 431}},
	{"head of 9 KiB", asking("/", "Cookie: "+strings.Repeat("x", 9*kib)), []int{431}},
	{"head without end", strings.Repeat("x", 9*kib), []int{431}},
	{"101 headers", asking("/", slices.Repeat([]string{"A: b"}, 101)...), []int{431}},
	{"no Host", request("Host: gateway.test"), []int{400}},
	{"Host twice", request("Host: gateway.test", "Host: gateway.test", "Host: gateway.test"), []int{400}},
	{"no key", request(keyLine), []int{400}},
	{"empty key", request(keyLine, "Sec-WebSocket-Key:"), []int{400}},
	{"key of 15 bytes", request(keyLine, "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0O"), []int{400}},
	{"key of 17 bytes", request(keyLine, "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODxA="), []int{400}},
	{"key not in base64", request(keyLine, "Sec-WebSocket-Key: !!ECAwQFBgcICQoLDA0ODw=="), []int{400}},
	{"two keys", request(keyLine, keyLine, "Sec-WebSocket-Key: BBECAwQFBgcICQoLDA0ODw=="), []int{400}},
	{"no version", request(versionLine), []int{400, 426}},
	{"version 8", request(versionLine, "Sec-WebSocket-Version: 8"), []int{426}},
	{"two versions", request(versionLine, versionLine, "Sec-WebSocket-Version: 8"), []int{400}},
	{"space before the colon", request(keyLine, "Sec-WebSocket-Key : "+key), []int{400}},
	{"line without a colon", asking("/", "nonsense"), []int{400}},
	{"folded line", asking("/", "X-Long: a", " b"), []int{400}},
	{"bare LF", strings.Replace(asking("/"), "\r\n", "\n", 2), []int{400}},
	{"bare LF throughout", strings.ReplaceAll(asking("/"), "\r\n", "\n"), []int{400}},
	{"bare CR in a value", asking("/", "X-Odd: a\rb"), []int{400}},
	{"NUL in a value", asking("/", "X-Odd: a\x00b"), []int{400}},
	{"control byte in a name", asking("/", "X\x01Odd: a"), []int{400}},
	{"Content-Length", asking("/", "Content-Length: 3"), []int{400}},
	{"Content-Length without a number", asking("/", "Content-Length:"), []int{400}},
	{"target with a user", request("GET / HTTP/1.1", "GET http://me@gateway.test/ HTTP/1.1"), []int{400}},
	{"target without a host", request("GET / HTTP/1.1", "GET http:/// HTTP/1.1"), []int{400}},
	{"Transfer-Encoding", asking("/", "Transfer-Encoding: chunked"), []int{400}},
	{"no common subprotocol", asking("/sub", "Sec-WebSocket-Protocol: v9.chat"), []int{400}},
	{"subprotocol that is no token", asking("/sub", "Sec-WebSocket-Protocol: v1.chat, a(b"), []int{400}},
}

// granted is a row whose head is answered with 101, and an echo follows.
func granted(number, head, subprotocol string) row {
	const hello = "Hello, world!"
	r := row{number: number, choppings: everyChopping, octets: len(head)}
	r.play = func(at *site, c chopping) outcome {
		x, err := openWith(at.node.Addr(), c, lines(head), "")
		if err != nil {
			return failure(err)
		}
		if x.subprotocol != subprotocol {
			x.hangUp()
			return failure(fmt.Errorf("subprotocol %q, want %q", x.subprotocol, subprotocol))
		}
		want := expectation{events: []event{echoOf(ws.OpText, hello)}, handshake: true, codes: []ws.StatusCode{1000}}
		return x.follow([]step{send(text(hello)), awaitEvents(1, patience), sendClosing(bye(1000, ""))}, c, want)
	}
	return r
}

// denied is a row whose head is refused with one of the statuses; TCP ends
// behind the answer.
func denied(number, head string, statuses ...int) row {
	r := row{number: number, choppings: everyChopping, octets: len(head)}
	r.play = func(at *site, c chopping) outcome {
		conn, err := connect(at.node.Addr())
		if err != nil {
			return failure(err)
		}
		defer conn.Close()
		for wire := range c.writes(lines(head)) {
			if _, err := conn.Write(wire); err != nil {
				break // refused before its end
			}
		}
		return refusal(conn, patience, statuses)
	}
	return r
}

// silent is a row whose client sends nothing.
func silent(number string) row {
	r := row{number: number, choppings: []chopping{whole}, waits: true}
	r.play = func(at *site, _ chopping) outcome {
		conn, err := connect(at.hasty.Addr())
		if err != nil {
			return failure(err)
		}
		defer conn.Close()
		return refusal(conn, hastyHandshake+patience, []int{http.StatusRequestTimeout})
	}
	return r
}

// refusal reads the answer and the end of TCP, and judges them.
func refusal(conn net.Conn, limit time.Duration, statuses []int) outcome {
	conn.SetReadDeadline(time.Now().Add(limit))
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return failure(fmt.Errorf("opening handshake: no answer: %w", err))
	}
	body, err := io.ReadAll(answer.Body)
	answered := time.Now()
	var o outcome
	if !slices.Contains(statuses, answer.StatusCode) || err != nil || len(body) == 0 {
		o.behaviour, o.note = failed, fmt.Sprintf("status %d with body %q (%v), want one of %d and a reason", answer.StatusCode, body, err, statuses)
	}
	conn.SetReadDeadline(answered.Add(second))
	if rest, err := io.ReadAll(in); len(rest) > 0 {
		o.behaviour, o.note = failed, fmt.Sprintf("after the answer came %.40q", rest)
	} else if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		o.closing, o.note = notDropped, "TCP is still open"
	}
	o.lag = time.Since(answered)
	return o
}

// lines cuts a head into its lines.
func lines(head string) (units [][]byte) {
	for line := range strings.SplitAfterSeq(head, "\n") {
		units = append(units, []byte(line))
	}
	return units
}

// pipelined are frames in the packet of the request.
func pipelined() []row {
	const hello = "Hello, world!"
	clean := expectation{events: []event{echoOf(ws.OpText, hello)}, handshake: true, codes: []ws.StatusCode{1000}}
	farewell := []step{awaitEvents(1, patience), sendClosing(bye(1000, ""))}
	cut := text(hello)
	var hundred [][]byte
	var echoes []event
	for i := range 100 {
		payload := fmt.Sprint("early ", i)
		hundred, echoes = append(hundred, text(payload)), append(echoes, echoOf(ws.OpText, payload))
	}
	return []row{
		titled("message", behind(echo, "P.1", [][]byte{text(hello)}, clean, farewell...)),
		titled("message in fragments", behind(echo, "P.2", [][]byte{begin(ws.OpText, hello[:5]), last(hello[5:])}, clean, farewell...)),
		titled("half a frame", behind(echo, "P.3", [][]byte{cut[:9]}, clean, append([]step{send(cut[9:])}, farewell...)...)),
		titled("a hundred messages", behind(echo, "P.4", hundred,
			expectation{events: echoes, handshake: true, codes: clean.codes},
			awaitEvents(len(echoes), patience), sendClosing(bye(1000, "")))),
		titled("illegal frame", behind(echo, "P.5", [][]byte{reserved(1, ws.OpText, hello)}, expectation{codes: []ws.StatusCode{1002}})),
	}
}
