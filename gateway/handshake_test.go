package gateway_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// guarded returns config with routes that refuse in every way a route can.
func guarded(config gateway.Config) gateway.Config {
	config.Limits.Head = 20 << 10 // more than a target may have
	echo := gateway.Echo()
	config.Routes = []gateway.Route{
		{Path: "/", Handler: echo},
		{Path: "/origin", Handler: echo, Origins: []string{"https://good.example"}},
		{Path: "/subprotocol", Handler: echo, Subprotocols: []string{"v2.chat", "v1.chat"}},
		{Path: "/token", Handler: echo, Authorize: func(r *gateway.Request) error {
			if r.Header("Authorization") != "Bearer right" {
				return errors.New("the token is wrong")
			}
			return nil
		}},
		{Path: "/full", Handler: echo, Authorize: func(*gateway.Request) error {
			return &gateway.Refusal{Status: http.StatusTooManyRequests, Text: "come back on Monday", RetryAfter: 1500 * time.Millisecond}
		}},
	}
	return config
}

// request returns an upgrade of / with one of its lines replaced, or dropped if
// the replacement is empty.
func request(line, replacement string) string {
	head := string(gatewaytest.UpgradeRequest("/"))
	if replacement != "" {
		replacement += "\r\n"
	}
	return strings.Replace(head, line+"\r\n", replacement, 1)
}

var refusals = []struct {
	name    string
	request string
	reason  gateway.Reason
	status  int
	body    string            // part of the line that says what is wrong
	header  map[string]string // of the answer
}{
	{"no HTTP", "\x16\x03\x01 nonsense\r\n\r\n", gateway.ReasonBadRequest, 400, "line 1", nil},
	{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", gateway.ReasonBadRequest, 400, "no TLS", nil},
	{"no Host", request("Host: gateway.test", ""), gateway.ReasonBadRequest, 400, "Host", nil},
	{"field without a colon", request("Host: gateway.test", "Host gateway.test"), gateway.ReasonBadRequest, 400, "line 2", nil},
	{"no key", request("Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==", ""), gateway.ReasonBadRequest, 400, "Sec-WebSocket-Key", nil},
	{"short key", request("Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==", "Sec-WebSocket-Key: AAAA"), gateway.ReasonBadRequest, 400, "Sec-WebSocket-Key", nil},
	{"body announced", request("Host: gateway.test", "Host: a\r\nContent-Length: 3"), gateway.ReasonBadRequest, 400, "Content-Length", nil},
	{"head too large", string(gatewaytest.UpgradeRequest("/", "Cookie: "+strings.Repeat("x", 21000))), gateway.ReasonHeadTooLarge, 431, "20480 bytes", nil},
	{"head without end", strings.Repeat("x", 21000), gateway.ReasonHeadTooLarge, 431, "20480 bytes", nil},
	{"too many headers", string(gatewaytest.UpgradeRequest("/", strings.Split(strings.Repeat("A: b\n", 120), "\n")[:120]...)), gateway.ReasonHeadTooLarge, 431, "headers", nil},
	{"long target", string(gatewaytest.UpgradeRequest("/" + strings.Repeat("x", 17000))), gateway.ReasonHeadTooLarge, 414, "target of 17001 bytes", nil},
	{"HTTP/1.0", request("GET / HTTP/1.1", "GET / HTTP/1.0"), gateway.ReasonBadRequest, 400, "HTTP/1.0", nil},
	{"unknown route", string(gatewaytest.UpgradeRequest("/nowhere")), gateway.ReasonRouteUnknown, 404, "/nowhere", nil},
	{"unknown hub", string(gatewaytest.UpgradeRequest("/client/hubs/nowhere")), gateway.ReasonRouteUnknown, 404, "nowhere", nil},
	{"POST", request("GET / HTTP/1.1", "POST / HTTP/1.1"), gateway.ReasonMethod, 405, "POST", map[string]string{"Allow": "GET"}},
	{"version 8", request("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"), gateway.ReasonVersion, 426, "13", map[string]string{"Sec-Websocket-Version": "13"}},
	{"bad origin", string(gatewaytest.UpgradeRequest("/origin", "Origin: https://evil.example")), gateway.ReasonOrigin, 403, "https://evil.example", nil},
	{"origin that folds to a good one", string(gatewaytest.UpgradeRequest("/origin", "Origin: http\u017f://good.example")), gateway.ReasonOrigin, 403, "good.example", nil},
	{"no common subprotocol", string(gatewaytest.UpgradeRequest("/subprotocol", "Sec-WebSocket-Protocol: v9.chat")), gateway.ReasonSubprotocol, 400, "v2.chat", nil},
	{"wrong token", string(gatewaytest.UpgradeRequest("/token")), gateway.ReasonUnauthorized, 401, "token is wrong", nil},
	{"refused by the program", string(gatewaytest.UpgradeRequest("/full")), gateway.ReasonUnauthorized, 429, "come back on Monday", map[string]string{"Retry-After": "2"}},
}

func TestRefusals(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, guarded(config))
		for _, tc := range refusals {
			t.Run(tc.name, func(t *testing.T) {
				before := n.Reason(t, tc.reason)
				conn := n.Raw(t)
				io.WriteString(conn, tc.request)
				answer, body := readAnswer(t, conn)
				if answer.StatusCode != tc.status {
					t.Errorf("status %d, want %d", answer.StatusCode, tc.status)
				}
				if !strings.Contains(body, tc.body) || strings.Count(body, "\n") != 1 {
					t.Errorf("body %q, want one line with %q", body, tc.body)
				}
				if _, err := http.ParseTime(answer.Header.Get("Date")); err != nil {
					t.Errorf("header Date: %v", err)
				}
				for name, value := range tc.header {
					if got := answer.Header.Get(name); got != value {
						t.Errorf("header %s: %q, want %q", name, got, value)
					}
				}
				conn.Close()
				n.AwaitReason(t, tc.reason, before+1)
			})
		}
	})
}

// readAnswer reads one HTTP answer, its body, and the end of the stream.
func readAnswer(t *testing.T, conn net.Conn) (*http.Response, string) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(gatewaytest.Patience))
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("read the answer's body: %v", err)
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Errorf("after the answer come %d bytes %.40q, then %v; want the end of the stream", len(rest), rest, err)
	}
	return answer, string(body)
}

func TestRoutesAdmit(t *testing.T) {
	cases := []struct {
		name        string
		path        string
		options     []gatewaytest.Option
		subprotocol string
	}{
		{"plain", "/", nil, ""},
		{"with a query", "/?a=b", nil, ""},
		{"good origin", "/origin", []gatewaytest.Option{gatewaytest.Origin("https://good.example")}, ""},
		{"no origin", "/origin", nil, ""},
		{"client's preference", "/subprotocol", []gatewaytest.Option{gatewaytest.Subprotocols("v9.chat", "v1.chat", "v2.chat")}, "v1.chat"},
		{"no subprotocol offered", "/subprotocol", nil, ""},
		{"offer ignored", "/", []gatewaytest.Option{gatewaytest.Subprotocols("v1.chat")}, ""},
		{"right token", "/token", []gatewaytest.Option{gatewaytest.Header("Authorization", "Bearer right")}, ""},
	}
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, guarded(config))
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				c := n.Dial(t, tc.path, tc.options...)
				if c.Subprotocol != tc.subprotocol {
					t.Errorf("subprotocol %q, want %q", c.Subprotocol, tc.subprotocol)
				}
				c.SendText("hello")
				c.ExpectText("hello")
			})
		}
	})
}

func TestHandlerSeesTheRequest(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		seen := make(chan string, 1)
		h := hooks{open: func(_ gateway.Session, r *gateway.Request) {
			seen <- fmt.Sprintln(r.Path, r.Query, r.Host, r.Header("X-Token"), r.RemoteAddr)
		}}
		c := gatewaytest.Start(t, serving(config, h, d)).Dial(t, "/?room=1", gatewaytest.Header("X-Token", "blue"))
		if got, want := <-seen, fmt.Sprintln("/", "room=1", "gateway.test", "blue", c.Conn().LocalAddr()); got != want {
			t.Errorf("the handler saw %q, want %q", got, want)
		}
	})
}

func TestRequestSplitAnywhere(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		wire := append(gatewaytest.UpgradeRequest("/"), gatewaytest.Masked(ws.NewTextFrame([]byte("early")))...)
		for at := 1; at < len(wire); at++ {
			conn := n.Raw(t)
			before := n.Totals(t).BytesIn
			conn.Write(wire[:at])
			n.Eventually(t, func() bool { return n.Totals(t).BytesIn >= before+uint64(at) }, "the first part to be read")
			conn.Write(wire[at:])
			c := gatewaytest.Upgraded(t, conn)
			c.ExpectText("early")
			c.Close()
		}
	})
}

func TestFramesBehindTheRequest(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		n := gatewaytest.Start(t, echoing(config, d))
		for _, count := range []int{1, 300} {
			var frames []byte
			for i := range count {
				frames = append(frames, gatewaytest.Masked(ws.NewTextFrame(fmt.Appendf(nil, "early %d", i)))...)
			}
			c := n.Dial(t, "/", gatewaytest.Behind(frames))
			for i := range count {
				c.ExpectText(fmt.Sprintf("early %d", i))
			}
			c.SendText("late")
			c.ExpectText("late")
		}
	})
}

func TestHandshakeDeadlineHoldsForADribblingClient(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Timeouts.Handshake = 300 * time.Millisecond
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		n.Dial(t, "/") // completes in time, and is left alone
		silent, dribbling := n.Raw(t), n.Raw(t)
		answered := make(chan struct{})
		dribbled := make(chan struct{})
		go func() {
			defer close(dribbled)
			pace := time.NewTicker(5 * time.Millisecond)
			defer pace.Stop()
			for _, b := range gatewaytest.UpgradeRequest("/", strings.Repeat("Cookie: crumbs\r\n", 50)) {
				select {
				case <-pace.C:
					dribbling.Write([]byte{b})
				case <-answered:
					return
				}
			}
		}()
		for _, conn := range []net.Conn{silent, dribbling} {
			conn.SetReadDeadline(time.Now().Add(gatewaytest.Patience))
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("read the answer: %v", err)
			}
			if answer.StatusCode != http.StatusRequestTimeout || answer.Header.Get("Retry-After") == "" {
				t.Errorf("status %s with Retry-After %q, want 408 and some", answer.Status, answer.Header.Get("Retry-After"))
			}
		}
		close(answered)
		<-dribbled
		silent.Close()
		dribbling.Close()
		n.AwaitReason(t, gateway.ReasonHandshakeTimeout, 2)
		if sessions := n.Totals(t).Sessions; sessions != 1 {
			t.Errorf("%d sessions are left, want 1", sessions)
		}
	})
}

func TestPeersThatLeaveDuringTheHandshake(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		for _, begun := range []string{"", "G", "GET / HTTP/1.1\r\n"} {
			for range 5 {
				conn := n.Raw(t)
				io.WriteString(conn, begun)
				conn.Close()
			}
		}
		n.AwaitReason(t, gateway.ReasonHandshakeAborted, 15)
	})
}
