package pubsub_test

import (
	"bufio"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// refusal returns the status and the text that an upgrade is refused with.
func (g *rig) refusal(t *testing.T, path string) (int, string) {
	t.Helper()
	answer, text := answerTo(t, g.knock(t, path))
	return answer.StatusCode, text
}

// knock asks for an upgrade, and does not wait for the answer.
func (g *rig) knock(t *testing.T, path string) net.Conn {
	t.Helper()
	conn := g.Raw(t)
	conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	conn.Write(gatewaytest.UpgradeRequest(path, "Sec-WebSocket-Protocol: "+plainJSON))
	return conn
}

// answerTo returns what an upgrade is answered with.
func answerTo(t *testing.T, conn net.Conn) (answer *http.Response, text string) {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body := make([]byte, 512)
	n, _ := answer.Body.Read(body)
	return answer, string(body[:n])
}

func TestRefusedUpgrades(t *testing.T) {
	other, err := token.ParseEndpoint("http://elsewhere.test")
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := token.New(token.Config{Keys: []string{strings.Repeat("x", 32)}, Endpoints: []token.Endpoint{other}})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := token.New(token.Config{Keys: []string{accessKey}, Endpoints: []token.Endpoint{other}})
	if err != nil {
		t.Fatal(err)
	}
	g := start(t, nil)
	at := gateway.HubPath("chat") + "?access_token="
	mint := func(a *token.Authority, c token.Client) string {
		signed, err := a.MintClient(c)
		if err != nil {
			t.Fatal(err)
		}
		return at + signed
	}
	rest, err := g.tokens.MintREST("/api/hubs/chat/:send", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, path, text string
		status           int
	}{
		{"no token", gateway.HubPath("chat"), "no token", 401},
		{"a malformed token", at + "x", "malformed", 401},
		{"too many groups", mint(g.tokens, token.Client{Hub: "chat", Groups: slices.Repeat([]string{"g"}, 129)}), "group: 129 are named; a client may be in 128", 400},
		{"another key", mint(foreign, token.Client{Hub: "chat"}), "signature", 401},
		{"another endpoint", mint(elsewhere, token.Client{Hub: "chat"}), "audience", 401},
		{"another hub", mint(g.tokens, token.Client{Hub: "other"}), "audience", 401},
		{"a REST token", at + rest, "audience", 401},
		{"an expired token", at + expired, "expired", 401},
		{"a hub that is not served", "/client/hubs/nobody", "no WebSocket route", 404},
		{"a malformed query", at + "x&%", "query", 400},
		{"a group that cannot be", mint(g.tokens, token.Client{Hub: "chat", Groups: []string{" "}}), "group", 400},
		{"a role that cannot be", mint(g.tokens, token.Client{Hub: "chat", Roles: []string{"webpubsub.sendToGroup. "}}), "role", 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, text := g.refusal(t, tc.path)
			if status != tc.status || !strings.Contains(text, tc.text) {
				t.Errorf("%d %q, want %d and %q", status, text, tc.status, tc.text)
			}
		})
	}
}

// expired is a token for a client of gateway.test that was good until 2001.
var expired = func() string {
	endpoint, _ := token.ParseEndpoint("http://gateway.test")
	then := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	a, err := token.New(token.Config{Keys: []string{accessKey}, Endpoints: []token.Endpoint{endpoint}, Now: func() time.Time { return then }})
	if err != nil {
		panic(err)
	}
	signed, err := a.MintClient(token.Client{Hub: "chat"})
	if err != nil {
		panic(err)
	}
	return signed
}()

func TestMessagesThatCannotBeRead(t *testing.T) {
	g := start(t, nil)
	for _, protocol := range []string{plainJSON, reliableJSON} {
		for _, tc := range []struct {
			name  string
			frame ws.Frame
			code  ws.StatusCode
			text  string
		}{
			{"broken JSON", ws.NewTextFrame([]byte(`{"type":`)), 1007, "ends too early"},
			{"an unknown type", ws.NewTextFrame([]byte(`{"type":"dance"}`)), 1007, "type"},
			{"a missing field", ws.NewTextFrame([]byte(`{"type":"joinGroup"}`)), 1007, "group"},
			{"a binary message", ws.NewBinaryFrame([]byte("{}")), 1003, ""},
		} {
			t.Run(protocol+"/"+tc.name, func(t *testing.T) {
				p := g.peer(t, protocol, token.Client{})
				p.SendFrame(tc.frame)
				if f := p.frame(); f.Event != "disconnected" || !strings.Contains(f.Message, tc.text) {
					t.Errorf("received %+v, want to be told of %q", f, tc.text)
				}
				p.ExpectClose(tc.code)
			})
		}
	}
	g.Eventually(t, func() bool { return g.service.Stats().Reliable == 0 }, "reliable clients to be forgotten")
}

func TestRequestsThatAreRefused(t *testing.T) {
	g := start(t, nil)
	p := g.peer(t, plainJSON, token.Client{Roles: []string{"webpubsub.sendToGroup.g"}})
	for i, tc := range []struct{ request, name string }{
		{`{"type":"joinGroup","group":"g","ackId":0}`, "Forbidden"},
		{`{"type":"leaveGroup","group":"g","ackId":1}`, "Forbidden"},
		{`{"type":"sendToGroup","group":"h","data":1,"ackId":2}`, "Forbidden"},
		{`{"type":"sendToGroup","group":"g","data":1,"ttlSeconds":301,"ackId":3}`, "BadRequest"},
		{`{"type":"sendToGroup","group":" ","data":1,"ackId":4}`, "BadRequest"},
		{`{"type":"event","event":"no name","data":1,"ackId":5}`, "BadRequest"},
		{`{"type":"event","event":"e","data":1,"ackId":6}`, "InternalServerError"},
		{`{"type":"sendToGroup","group":"g","data":1,"ackId":7}`, ""},
	} {
		p.SendText(tc.request)
		p.expectAck(i, tc.name)
	}
	p.SendText(`{"type":"sendToGroup","group":"g","data":1,"ackId":7}`)
	p.expectAck(7, "Duplicate")
	p.SendText(`{"type":"joinGroup","group":"g"}`)
	p.SendText(`{"type":"ping"}`)
	if f := p.frame(); f.Type != "pong" {
		t.Errorf("received %+v, want a pong and nothing for what wants no ack", f)
	}
	acks := g.service.Stats().Acks
	if acks["Forbidden"] != 3 || acks["BadRequest"] != 3 || acks["InternalServerError"] != 1 || acks["Success"] != 1 || acks["Duplicate"] != 1 {
		t.Errorf("acks %v", acks)
	}
}

func TestSimpleClientsThatMayNot(t *testing.T) {
	g := start(t, nil)
	events := g.Dial(t, g.path(token.Client{}))
	events.SendText("nobody takes it")
	events.ExpectClose(1011)
	publisher := g.Dial(t, g.path(token.Client{})+"&webpubsub_mode=sendToGroup&group=g")
	publisher.SendText("not allowed")
	publisher.ExpectClose(1008)
	unknown := g.Dial(t, g.path(token.Client{}), gatewaytest.Subprotocols("unknown"))
	if unknown.Subprotocol != "" {
		t.Errorf("subprotocol %q was agreed on", unknown.Subprotocol)
	}
	for _, query := range []string{"&webpubsub_mode=sendToGroup", "&webpubsub_mode=shout"} {
		conn := g.Raw(t)
		conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
		conn.Write(gatewaytest.UpgradeRequest(g.path(token.Client{}) + query))
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || answer.StatusCode != 400 {
			t.Errorf("%s: %v, %v, want 400", query, answer, err)
			continue
		}
		answer.Body.Close()
	}
}

func TestConnectEventThatIsNotAccepted(t *testing.T) {
	b := newBackend()
	type outcome struct {
		answer webhook.ConnectAnswer
		err    error
	}
	outcomes := make(chan outcome, 1)
	b.connect = func(webhook.ConnectRequest) (webhook.ConnectAnswer, error) {
		o := <-outcomes
		return o.answer, o.err
	}
	g := start(t, func(c *pubsub.Config) { c.Upstream = b })
	for _, tc := range []struct {
		name    string
		answer  webhook.ConnectAnswer
		failure error
		status  int
		text    string
	}{
		{"rejected", webhook.ConnectAnswer{}, &webhook.Rejected{Status: 403, Body: []byte("not you\xff")}, 403, "not you?"},
		{"not answered", webhook.ConnectAnswer{}, &webhook.Unavailable{Cause: errors.New("down")}, 500, "did not answer"},
		{"too long a user id", webhook.ConnectAnswer{UserID: strings.Repeat("u", 4097)}, nil, 400, "userId: has 4097 bytes; it may have 4096"},
		{"a group that cannot be", webhook.ConnectAnswer{Groups: []string{" "}}, nil, 400, "group"},
		{"a role that cannot be", webhook.ConnectAnswer{Roles: []string{"webpubsub.sendToGroup. "}}, nil, 500, "role"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			outcomes <- outcome{tc.answer, tc.failure}
			if status, text := g.refusal(t, g.path(token.Client{})); status != tc.status || !strings.Contains(text, tc.text) {
				t.Errorf("%d %q, want %d and %q", status, text, tc.status, tc.text)
			}
		})
	}
}

// lines are what is logged, as long as there is room.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}

// An operator reads why the upstream has not answered; clients do not.
func TestFailureOfTheConnectEventIsLogged(t *testing.T) {
	b := newBackend()
	b.connect = func(webhook.ConnectRequest) (webhook.ConnectAnswer, error) {
		return webhook.ConnectAnswer{}, &webhook.Unavailable{Handler: "http://backend.test", Cause: errors.New("connection refused")}
	}
	logged := make(lines, 100)
	g := startChanged(t, func(c *gateway.Config) { c.Logger = slog.New(slog.NewTextHandler(logged, nil)) }, pubsub.Config{Hub: "chat", Upstream: b})[0]
	if _, text := g.refusal(t, g.path(token.Client{})); strings.Contains(text, "backend.test") {
		t.Errorf("the client is told %q", text)
	}
	for late := time.After(gatewaytest.Patience); ; {
		select {
		case line := <-logged:
			if strings.Contains(line, "reason=decision_failed") && strings.Contains(line, "http://backend.test: connection refused") {
				return
			}
		case <-late:
			t.Fatal("the cause is not logged")
		}
	}
}

func TestConfigurationFaults(t *testing.T) {
	_, err := pubsub.New(pubsub.Config{Concurrency: -1, Retention: 2 * time.Hour, RecoveryKey: []byte("short")})
	for _, field := range []string{"Hub", "Tokens", "RecoveryKey", "Concurrency", "Retention"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
}
