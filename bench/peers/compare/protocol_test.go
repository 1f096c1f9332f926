package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

func TestProtocolsJoin(t *testing.T) {
	for _, tc := range []struct {
		name     string
		protocol protocol
		server   func(conn net.Conn) (token string) // the part of one that a member meets
		want     string                             // of the token's claims
		fails    string
	}{
		{"webpubsub", webPubSub{"key"}, func(conn net.Conn) string {
			request := upgraded(t, conn, "json.webpubsub.azure.v1")
			wsutil.WriteServerText(conn, []byte(`{"type":"system","event":"connected"}`))
			return request.URL.Query().Get("access_token")
		}, `"sub":"user-1","webpubsub.group":["g1"]`, ""},
		{"centrifugo", centrifugo{"key"}, centrifugoServer(t, `{"id":1,"connect":{"client":"c","subs":{"g1":{}},"ping":25,"pong":true}}`),
			`"channels":["g1"]`, ""},
		{"centrifugo without a subscription", centrifugo{"key"}, centrifugoServer(t, `{"id":1,"connect":{"client":"c"}}`),
			`"sub":"user-1"`, "not in channel g1"},
		{"centrifugo that refuses", centrifugo{"key"}, centrifugoServer(t, `{"id":1,"error":{"code":109,"message":"token expired"}}`),
			`"sub":"user-1"`, "token expired"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			tokens := make(chan string, 1)
			go func() {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				tokens <- tc.server(conn)
			}()
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			err = tc.protocol.join(conn, bufio.NewReaderSize(conn, maxFrame), "user-1", "g1")
			if tc.fails == "" && err != nil || tc.fails != "" && (err == nil || !strings.Contains(err.Error(), tc.fails)) {
				t.Errorf("got %v, want %q", err, tc.fails)
			}
			_, rest, _ := strings.Cut(<-tokens, ".")
			encoded, _, _ := strings.Cut(rest, ".")
			claims, err := base64.RawURLEncoding.DecodeString(encoded)
			if err != nil || !strings.Contains(string(claims), tc.want) {
				t.Errorf("claims %s, %v; want %s", claims, err, tc.want)
			}
		})
	}
}

// upgraded takes a client's upgrade, with a subprotocol unless that is empty.
func upgraded(t *testing.T, conn net.Conn, subprotocol string) *http.Request {
	request, err := http.ReadRequest(bufio.NewReader(conn)) // the client says no more until it is answered
	if err != nil {
		t.Error(err)
		return new(http.Request)
	}
	if got := request.Header.Get("Sec-WebSocket-Protocol"); got != subprotocol {
		t.Errorf("the subprotocol is %q, want %q", got, subprotocol)
	}
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
	return request
}

// centrifugoServer answers the first command of a client.
func centrifugoServer(t *testing.T, reply string) func(net.Conn) string {
	return func(conn net.Conn) string {
		upgraded(t, conn, "")
		frame, err := ws.ReadFrame(conn)
		if err != nil {
			t.Error(err)
			return ""
		}
		var command struct {
			ID      int
			Connect struct{ Token string }
		}
		if err := json.Unmarshal(ws.UnmaskFrame(frame).Payload, &command); err != nil || command.ID != 1 {
			t.Errorf("got %+v, %v", command, err)
		}
		wsutil.WriteServerText(conn, []byte(reply))
		return command.Connect.Token
	}
}

func TestProtocolsReceive(t *testing.T) {
	for _, tc := range []struct {
		protocol                   protocol
		frame, delivered, answered string
	}{
		{webPubSub{}, `{"type":"message","from":"group","group":"g0","dataType":"text","data":"hi"}`, "hi", ""},
		{webPubSub{}, `{"type":"system","event":"connected"}`, "", ""},
		{centrifugo{}, `{"push":{"channel":"g0","pub":{"data":"hi"}}}`, "hi", ""},
		{centrifugo{}, `{}`, "", "{}"},
		{centrifugo{}, "{}\n" + `{"push":{"channel":"g0","pub":{"data":"hi"}}}` + "\n", "hi", "{}"},
		{centrifugo{}, `{"push":{"channel":"g0","join":{}}}`, "", ""},
	} {
		delivered, answer := tc.protocol.receive([]byte(tc.frame))
		if string(delivered) != tc.delivered || string(answer) != tc.answered {
			t.Errorf("%T: %q: got %q and %q, want %q and %q", tc.protocol, tc.frame, delivered, answer, tc.delivered, tc.answered)
		}
	}
}

func TestProtocolsPublish(t *testing.T) {
	for _, tc := range []struct {
		protocol            protocol
		path, header, body  string
		accepts             int
		acceptable, refusal string
	}{
		{webPubSub{"key"}, "/api/hubs/chat/groups/g1/:send?api-version=2024-12-01", "Authorization", "hi", 202, "", ""},
		{centrifugo{"key"}, "/api/publish", "X-API-Key", `{"channel":"g1","data":"hi"}`, 200, `{"result":{}}`, `{"error":{"code":102,"message":"unknown channel"}}`},
	} {
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(tc.protocol.request("127.0.0.1:1", "g1", "hi"))))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(request.Body)
		if err != nil || string(body) != tc.body || request.RequestURI != tc.path || request.Method != http.MethodPost || request.Header.Get(tc.header) == "" {
			t.Errorf("%T: got %+v, %q, %v", tc.protocol, request, body, err)
		}
		if !tc.protocol.accepted(tc.accepts, []byte(tc.acceptable)) || tc.protocol.accepted(401, []byte(tc.acceptable)) {
			t.Errorf("%T: 401 is the same as %d", tc.protocol, tc.accepts)
		}
		if tc.refusal != "" && tc.protocol.accepted(tc.accepts, []byte(tc.refusal)) {
			t.Errorf("%T: %s is accepted", tc.protocol, tc.refusal)
		}
	}
}
