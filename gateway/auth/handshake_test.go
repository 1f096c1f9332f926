package auth_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/auth"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// who tells a client the user and the groups that its session has.
type who struct{}

func (who) Open(s gateway.Session, r *gateway.Request) {
	s.Send(gateway.Text, []byte(r.Identity.User+" "+strings.Join(r.Identity.Groups, ",")))
}

func (who) Message(gateway.Session, gateway.Message) {}

func (who) Close(gateway.Session, gateway.Reason) {}

func start(t *testing.T) *gatewaytest.Node {
	keys := []auth.Key{auth.Secret(secret)}
	closed := verifier(t, auth.Config{Keys: keys})
	open := verifier(t, auth.Config{Keys: keys, Anonymous: true})
	return gatewaytest.Start(t, gateway.Config{Hubs: []gateway.HubConfig{
		{Name: "closed", Handler: who{}, Authorize: closed.Authorize, Subprotocols: []string{"chat"}},
		{Name: "open", Handler: who{}, Authorize: open.Authorize},
	}})
}

func TestHandshakeGrants(t *testing.T) {
	n := start(t)
	token := shared.sign(t, claims(jwt.MapClaims{"groups": []string{"north", "south"}}), nil)
	for _, tc := range []struct {
		name, path string
		options    []gatewaytest.Option
		want       string
	}{
		{"bearer", "/client/hubs/closed", []gatewaytest.Option{gatewaytest.Header("Authorization", "bearer  "+token)}, "ada north,south"},
		{"query", "/client/hubs/closed?a=b&access_token=" + token, nil, "ada north,south"},
		{"escaped query", "/client/hubs/closed?access_token=" + strings.ReplaceAll(url.QueryEscape(token), ".", "%2e"), nil, "ada north,south"},
		{"subprotocol", "/client/hubs/closed", []gatewaytest.Option{gatewaytest.Subprotocols("access_token."+token, "chat")}, "ada north,south"},
		{"token where none is needed", "/client/hubs/open?access_token=" + token, nil, "ada north,south"},
		{"anonymous", "/client/hubs/open", nil, " "},
		{"anonymous with another scheme", "/client/hubs/open", []gatewaytest.Option{gatewaytest.Header("Authorization", "Basic YTpi")}, " "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := n.Dial(t, tc.path, tc.options...)
			c.ExpectText(tc.want)
			if strings.Contains(c.Subprotocol, token) {
				t.Error("the token is sent back as the subprotocol")
			}
		})
	}
}

func TestHandshakeRefuses(t *testing.T) {
	n := start(t)
	expired := shared.sign(t, claims(jwt.MapClaims{"exp": now.Unix() - 60}), nil)
	good := shared.sign(t, claims(nil), nil)
	for _, tc := range []struct {
		name, path string
		fields     []string
		want       error
	}{
		{"no token", "/client/hubs/closed", nil, auth.ErrNoToken},
		{"expired", "/client/hubs/closed?access_token=" + expired, nil, auth.ErrExpired},
		{"expired where none is needed", "/client/hubs/open?access_token=" + expired, nil, auth.ErrExpired},
		{"empty where none is needed", "/client/hubs/open?access_token=", nil, auth.ErrMalformed},
		{"broken escape", "/client/hubs/open?access_token=%zz", nil, auth.ErrMalformed},
		{"bearer without a token", "/client/hubs/open", []string{"Authorization: Bearer"}, auth.ErrMalformed},
		{"the first token decides", "/client/hubs/open?access_token=" + good, []string{"Authorization: Bearer x"}, auth.ErrMalformed},
		{"bad subprotocol", "/client/hubs/open", []string{"Sec-WebSocket-Protocol: chat, access_token.x"}, auth.ErrMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := n.Reason(t, gateway.ReasonUnauthorized)
			conn := n.Raw(t)
			conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
			if _, err := conn.Write(gatewaytest.UpgradeRequest(tc.path, tc.fields...)); err != nil {
				t.Fatal(err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != http.StatusUnauthorized || string(body) != tc.want.Error()+"\n" {
				t.Errorf("%d %q, %v; want 401 %q", answer.StatusCode, body, err, tc.want)
			}
			conn.Close()
			n.AwaitReason(t, gateway.ReasonUnauthorized, before+1)
		})
	}
}

// request parses the head of an upgrade.
func request(t testing.TB, path string, fields ...string) *gateway.Request {
	t.Helper()
	parsed, err := codec.ParseRequest(string(gatewaytest.UpgradeRequest(path, fields...)))
	if err != nil {
		t.Fatal(err)
	}
	return &gateway.Request{Request: parsed}
}

func TestAuthorizeKeepsTheIdentityOfTheAnonymous(t *testing.T) {
	v := verifier(t, auth.Config{Keys: []auth.Key{auth.Secret(secret)}, Anonymous: true})
	r := request(t, "/")
	r.Identity = gateway.Identity{User: "guest", Groups: []string{"lobby"}}
	if err := v.Authorize(r); err != nil || r.Identity.User != "guest" || !slices.Equal(r.Identity.Groups, []string{"lobby"}) {
		t.Errorf("Authorize: %v, %+v", err, r.Identity)
	}
	if token, err := v.VerifyRequest(r); !errors.Is(err, auth.ErrNoToken) {
		t.Errorf("VerifyRequest: %v, %v; want %v", token, err, auth.ErrNoToken)
	}
}

func TestSourcesAreThoseConfigured(t *testing.T) {
	token := shared.sign(t, claims(nil), nil)
	v := verifier(t, auth.Config{Keys: []auth.Key{auth.Secret(secret)}, Sources: []auth.Source{auth.Query("jwt"), auth.Subprotocol("jwt.")}})
	for _, tc := range []struct {
		name string
		r    *gateway.Request
		want error
	}{
		{"query", request(t, "/?access_token=x&jwt="+token), nil},
		{"subprotocol", request(t, "/", "Sec-WebSocket-Protocol: access_token.x", "Sec-WebSocket-Protocol: chat, jwt."+token), nil},
		{"defaults are gone", request(t, "/?access_token="+token, "Authorization: Bearer "+token), auth.ErrNoToken},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := v.VerifyRequest(tc.r); !errors.Is(err, tc.want) {
				t.Errorf("VerifyRequest: %v, want %v", err, tc.want)
			}
		})
	}
}
