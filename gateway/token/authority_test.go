package token_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/auth"
	"github.com/sluicegate/sluice/gateway/token"
)

const (
	key      = "the first key of the tests, 32 bytes+"
	otherKey = "the second key of the tests, 32 bytes+"
)

// now is what clocks of these tests begin with.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func endpoints(t testing.TB, texts ...string) []token.Endpoint {
	t.Helper()
	all := make([]token.Endpoint, len(texts))
	for i, text := range texts {
		var err error
		if all[i], err = token.ParseEndpoint(text); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// authority returns one of a configuration; what is missing is filled in.
func authority(t testing.TB, config token.Config) *token.Authority {
	t.Helper()
	if config.Keys == nil {
		config.Keys = []string{key}
	}
	if config.Endpoints == nil {
		config.Endpoints = endpoints(t, "http://127.0.0.1:8080")
	}
	if config.Now == nil {
		config.Now = func() time.Time { return now }
	}
	a, err := token.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func sign(t testing.TB, key string, claims jwt.MapClaims) string {
	t.Helper()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func aud(audience any) jwt.MapClaims {
	return jwt.MapClaims{"aud": audience, "exp": now.Add(time.Hour).Unix()}
}

func TestAudiencesOfRequests(t *testing.T) {
	const base = "http://127.0.0.1:8080"
	for _, tc := range []struct {
		name     string
		audience any
		target   string
		want     error
	}{
		{"whole URL", base + "/api/hubs/chat/:send?api-version=1", "/api/hubs/chat/:send?api-version=1", nil},
		{"without the query", base + "/api/hubs/chat/:send", "/api/hubs/chat/:send?api-version=1", nil},
		{"one of several", []string{"x", base + "/api/hubs/chat/:send"}, "/api/hubs/chat/:send", nil},
		{"another case", "HTTP://127.0.0.1:8080/API/Hubs/chat/:SEND", "/api/hubs/chat/:send", nil},
		{"another case of the hub", base + "/api/hubs/Chat/:send?a=b", "/api/hubs/chat/:send?a=b", auth.ErrAudience},
		{"another case of the hub, decoded", base + "/api/hubs/Chat/%3Asend", "/api/hubs/chat/:send", auth.ErrAudience},
		{"decoded once", base + "/api/hubs/chat/users/a b/:send", "/api/hubs/chat/users/a%20b/:send", nil},
		{"encoded where the request is not", base + "/api/hubs/chat/%3Asend", "/api/hubs/chat/:send", nil},
		{"as sent", base + "/api/hubs/chat/users/a%2Fb/:send?x=%25", "/api/hubs/chat/users/a%2Fb/:send?x=%25", nil},
		{"second endpoint, default port, prefix", "https://Example.com:443/live/api/hubs/chat/:send", "/api/hubs/chat/:send", nil},
		{"decoded twice", base + "/api/hubs/chat/users/a%252Fb/:send", "/api/hubs/chat/users/a/b/:send", auth.ErrAudience},
		{"a question mark in a name", base + "/api/hubs/chat/users/a", "/api/hubs/chat/users/a%3Fb/:send", auth.ErrAudience},
		{"decoded, without the query", base + "/api/hubs/chat/users/a b/:send", "/api/hubs/chat/users/a%20b/:send?x=1", nil},
		{"another path", base + "/api/hubs/chat/:send", "/api/hubs/chat/:closeConnections", auth.ErrAudience},
		{"another query", base + "/api/hubs/chat/:send?filter=a", "/api/hubs/chat/:send?filter=b", auth.ErrAudience},
		{"a query that was not sent", base + "/api/hubs/chat/:send?a=b", "/api/hubs/chat/:send", auth.ErrAudience},
		{"another scheme", "https://127.0.0.1:8080/api/hubs/chat/:send", "/api/hubs/chat/:send", auth.ErrAudience},
		{"another port", "http://127.0.0.1/api/hubs/chat/:send", "/api/hubs/chat/:send", auth.ErrAudience},
		{"another host", "http://evil.test/api/hubs/chat/:send", "/api/hubs/chat/:send", auth.ErrAudience},
		{"without the prefix", "https://example.com/api/hubs/chat/:send", "/api/hubs/chat/:send", auth.ErrAudience},
		{"path only", "/api/hubs/chat/:send", "/api/hubs/chat/:send", auth.ErrAudience},
		{"none", nil, "/api/hubs/chat/:send", auth.ErrAudience},
		{"of another type", 7, "/api/hubs/chat/:send", auth.ErrAudience},
		{"a target elsewhere", base + "/client/hubs/chat", "/client/hubs/chat", auth.ErrAudience},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := authority(t, token.Config{Endpoints: endpoints(t, base, "https://example.com/live/")})
			signed := sign(t, key, aud(tc.audience))
			for _, again := range []string{"at first", "from memory"} {
				if _, err := a.CheckREST(signed, tc.target); !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
					t.Errorf("%s: %v, want %v", again, err, tc.want)
				}
			}
		})
	}
}

func TestPathOnly(t *testing.T) {
	a := authority(t, token.Config{PathOnly: true})
	for audience, want := range map[string]error{
		"https://anywhere.test/api/hubs/chat/:send":                nil,
		"https://anywhere.test/api/hubs/chat/:send?api-version=1":  nil,
		"https://anywhere.test/live/api/hubs/chat/:send":           auth.ErrAudience,
		"https://anywhere.test/client/hubs/chat":                   auth.ErrAudience,
		"https://anywhere.test/api/hubs/chat/%3Asend":              auth.ErrAudience,
		"https://anywhere.test/api/hubs/chat/:send?api-version=12": auth.ErrAudience,
	} {
		if _, err := a.CheckREST(sign(t, key, aud(audience)), "/api/hubs/chat/:send?api-version=1"); err != want {
			t.Errorf("%s: %v, want %v", audience, err, want)
		}
	}
	if _, err := a.CheckClient(sign(t, key, aud("wss://any.test/client/hubs/chat")), "chat"); err != nil {
		t.Errorf("client: %v", err)
	}
}

// Names of hubs are case-sensitive: a client of one is none of another's.
func TestHubsThatDifferByCase(t *testing.T) {
	for _, pathOnly := range []bool{false, true} {
		a := authority(t, token.Config{PathOnly: pathOnly})
		for _, hub := range []string{"chat", "Chat"} {
			signed, err := a.MintClient(token.Client{Hub: hub})
			if err != nil {
				t.Fatal(err)
			}
			for _, other := range []string{"chat", "Chat"} {
				if _, err := a.CheckClient(signed, other); (err == nil) != (hub == other) {
					t.Errorf("a token of %s for %s, path only %t: %v", hub, other, pathOnly, err)
				}
			}
		}
	}
}

// One key signs both kinds: neither may stand for the other.
func TestKindsDoNotStandForEachOther(t *testing.T) {
	for _, pathOnly := range []bool{false, true} {
		a := authority(t, token.Config{PathOnly: pathOnly})
		client, err := a.MintClient(token.Client{Hub: "chat"})
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"/api/hubs/chat/:send", "/client/hubs/chat", "/api/client/hubs/chat", "/api/../client/hubs/chat"} {
			if _, err := a.CheckREST(client, target); err != auth.ErrAudience {
				t.Errorf("a client token for %s: %v", target, err)
			}
		}
		for _, target := range []string{"/api/hubs/chat", "/api/../client/hubs/chat"} {
			rest, err := a.MintREST(target, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.CheckClient(rest, "chat"); err != auth.ErrAudience {
				t.Errorf("a REST token for %s opens a client: %v", target, err)
			}
		}
	}
}

func TestMintedClientTokens(t *testing.T) {
	a := authority(t, token.Config{Endpoints: endpoints(t, "https://example.com/live")})
	want := token.Client{Hub: "chat", User: "ana", Groups: []string{"g1", "g 2"}, Roles: []string{"webpubsub.sendToGroup"}, Life: time.Minute}
	signed, err := a.MintClient(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.CheckClient(signed, "chat")
	if err != nil {
		t.Fatal(err)
	}
	if got.User != want.User || len(got.Groups) != 2 || got.Groups[1] != "g 2" || got.Roles[0] != want.Roles[0] {
		t.Errorf("%+v", got)
	}
	if got.Claims["aud"] != "https://example.com/live/client/hubs/chat" || !got.Expires.Equal(now.Add(time.Minute)) {
		t.Errorf("aud %v, expires %v", got.Claims["aud"], got.Expires)
	}
	if _, err := a.CheckClient(signed, "other"); err != auth.ErrAudience {
		t.Errorf("for another hub: %v", err)
	}
	anonymous, err := a.MintClient(token.Client{Hub: "chat"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err = a.CheckClient(anonymous, "chat"); err != nil || got.User != "" || got.Groups != nil || got.Roles != nil {
		t.Errorf("anonymous: %+v, %v", got, err)
	}
	for name, fault := range map[string]token.Client{"hub": {}, "life": {Hub: "chat", Life: time.Millisecond}} {
		if _, err := a.MintClient(fault); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v: %v, want an error that names %s", fault, err, name)
		}
	}
	if _, err := a.MintREST("/client/hubs/chat", 0); err == nil || !strings.Contains(err.Error(), "target") {
		t.Errorf("a REST token for a client's URL: %v", err)
	}
}

func TestUpgradesBringTheirToken(t *testing.T) {
	a := authority(t, token.Config{})
	signed, err := a.MintClient(token.Client{Hub: "chat", User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	request := func(head string) *gateway.Request {
		parsed, err := codec.ParseRequest(head + "\r\nHost: x\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		return &gateway.Request{Request: parsed}
	}
	for name, head := range map[string]string{
		"query":  "GET /client/hubs/chat?access_token=" + signed + " HTTP/1.1",
		"header": "GET /client/hubs/chat HTTP/1.1\r\nAuthorization: Bearer " + signed,
	} {
		if got, err := a.CheckUpgrade(request(head), "chat"); err != nil || got.User != "ana" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := a.CheckUpgrade(request("GET /client/hubs/chat HTTP/1.1"), "chat"); err != auth.ErrNoToken {
		t.Errorf("without a token: %v", err)
	}
}

func TestInspect(t *testing.T) {
	for _, tc := range []struct {
		audience string
		pathOnly bool
		want     token.Purpose
	}{
		{"https://example.com/live/client/hubs/chat", false, token.Purpose{Hub: "chat"}},
		{"https://example.com/live/api/hubs/chat/:send?a=b", false, token.Purpose{Target: "/api/hubs/chat/:send?a=b"}},
		{"https://example.com/client/hubs/chat", false, token.Purpose{}},
		{"http://127.0.0.1/client/hubs/chat", false, token.Purpose{}},
		{"http://127.0.0.1/client/hubs/chat", true, token.Purpose{Hub: "chat"}},
		{"chat", true, token.Purpose{}},
	} {
		a := authority(t, token.Config{Endpoints: endpoints(t, "https://example.com/live"), PathOnly: tc.pathOnly})
		checked, got, err := a.Inspect(sign(t, key, aud(tc.audience)))
		if got != tc.want || (err == auth.ErrAudience) != (tc.want == token.Purpose{}) || checked.Claims["aud"] != tc.audience {
			t.Errorf("%s: %+v, %v; want %+v", tc.audience, got, err, tc.want)
		}
	}
	if checked, _, err := authority(t, token.Config{}).Inspect("x"); err != auth.ErrMalformed || checked != nil {
		t.Errorf("no token: %v, %v", checked, err)
	}
}

func TestTimes(t *testing.T) {
	const target = "/api/hubs/chat/:send"
	for _, tc := range []struct {
		name   string
		leeway time.Duration
		claims jwt.MapClaims
		want   error
	}{
		{"expired within the leeway", 0, jwt.MapClaims{"exp": now.Add(-299 * time.Second).Unix()}, nil},
		{"expired beyond it", 0, jwt.MapClaims{"exp": now.Add(-301 * time.Second).Unix()}, auth.ErrExpired},
		{"expired, no leeway", -1, jwt.MapClaims{"exp": now.Add(-time.Second).Unix()}, auth.ErrExpired},
		{"without exp", 0, jwt.MapClaims{}, auth.ErrClaim},
		{"not yet, within the leeway", 0, jwt.MapClaims{"exp": now.Add(time.Hour).Unix(), "nbf": now.Add(299 * time.Second).Unix()}, nil},
		{"not yet", 0, jwt.MapClaims{"exp": now.Add(time.Hour).Unix(), "nbf": now.Add(301 * time.Second).Unix()}, auth.ErrNotYet},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.claims["aud"] = "http://127.0.0.1:8080" + target
			_, err := authority(t, token.Config{Leeway: tc.leeway}).CheckREST(sign(t, key, tc.claims), target)
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Errorf("%v, want %v", err, tc.want)
			}
		})
	}
}

func TestARememberedTokenExpires(t *testing.T) {
	clock := now
	a := authority(t, token.Config{Leeway: -1, Now: func() time.Time { return clock }})
	const target = "/api/hubs/chat/:send"
	signed, err := a.MintREST(target, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range []error{0: nil, 59: nil, 60: auth.ErrExpired, 61: auth.ErrExpired} {
		clock = now.Add(time.Duration(after) * time.Second)
		if _, err := a.CheckREST(signed, target); err != want {
			t.Errorf("after %d s: %v, want %v", after, err, want)
		}
	}
}

func TestKeysAreRotated(t *testing.T) {
	const target = "/api/hubs/chat/:send"
	both := token.Config{Keys: []string{key, otherKey}, Endpoints: endpoints(t, "http://h"), Now: func() time.Time { return now }}
	a := authority(t, both)
	old := sign(t, key, aud("http://h"+target))
	newer := sign(t, otherKey, aud("http://h"+target))
	for _, signed := range []string{old, newer} {
		if _, err := a.CheckREST(signed, target); err != nil {
			t.Fatal(err)
		}
	}
	after := both
	after.Keys = []string{otherKey}
	if err := a.Replace(after); err != nil {
		t.Fatal(err)
	}
	if _, err := a.CheckREST(old, target); err != auth.ErrSignature {
		t.Errorf("the old key's token: %v", err)
	}
	if _, err := a.CheckREST(newer, target); err != nil {
		t.Errorf("the new key's token: %v", err)
	}
	if err := a.Replace(token.Config{}); err == nil {
		t.Error("a configuration of nothing was taken")
	} else if _, err := a.CheckREST(newer, target); err != nil {
		t.Errorf("after a refused change: %v", err)
	}
}

func TestConfigurationsWithFaults(t *testing.T) {
	good := endpoints(t, "http://h")
	for _, tc := range []struct {
		config token.Config
		want   string
	}{
		{token.Config{Endpoints: good}, "Keys: none"},
		{token.Config{Endpoints: good, Keys: []string{"short"}}, "Keys[0]: HS256 key \"\": has a secret of 5 bytes"},
		{token.Config{Endpoints: good, Keys: []string{key, key + ";"}}, "Keys[1]: …: must have no semicolon"},
		{token.Config{Keys: []string{key}}, "Endpoints: none"},
		{token.Config{Keys: []string{key}, Endpoints: make([]token.Endpoint, 1)}, "Endpoints[0]: none"},
		{token.Config{Keys: []string{key}, Endpoints: endpoints(t, "http://h", "http://h/api/x")}, "Endpoints[1]: http://h/api/x: lies within the API of http://h"},
		{token.Config{Keys: []string{key}, Endpoints: endpoints(t, "http://h/a/client", "http://h/a")}, "Endpoints[0]: http://h/a/client: lies within"},
		{token.Config{Keys: []string{key}, Endpoints: good, Leeway: time.Hour}, "Leeway"},
	} {
		if _, err := token.New(tc.config); err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), key) {
			t.Errorf("%v, want %q and no key", err, tc.want)
		}
	}
}
