package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/token"
)

func TestUnauthorized(t *testing.T) {
	const line = "POST /api/hubs/chat/:send?api-version=1"
	f := &fakeHub{}
	b, h := newBackend(t, api.Config{Hubs: f})
	client, err := b.tokens.MintClient(token.Client{Hub: "chat"})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := b.tokens.MintREST("/api/hubs/chat/:closeConnections", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"":                                    "TokenMissing",
		"Basic eDp5":                          "TokenMissing",
		"Bearer x":                            "TokenMalformed",
		"Bearer " + client:                    "TokenAudience",
		"bearer " + elsewhere:                 "TokenAudience",
		"Bearer " + elsewhere[:len(client)/2]: "TokenMalformed",
		"Bearer eyJhbGciOiJub25lIn0.e30.":     "TokenAlgorithm",
	} {
		r := b.request(t, line, "x", text)
		r.Header.Set("Authorization", header)
		w := b.do(r)
		if got := expectFailure(t, w, http.StatusUnauthorized, ""); got.Inner.Code != want || w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%.20s: inner %q, WWW-Authenticate %q; want %s", header, got.Inner.Code, w.Header().Get("WWW-Authenticate"), want)
		}
	}
	if f.asked != nil {
		t.Errorf("the hub was asked: %q", f.asked)
	}
	stats := h.Stats()
	for cause, want := range map[string]uint64{"TokenMissing": 2, "TokenMalformed": 2, "TokenAudience": 2, "TokenAlgorithm": 1, "TokenExpired": 0} {
		if got, present := stats.Unauthorized[cause]; got != want || !present {
			t.Errorf("%s: %d, want %d", cause, got, want)
		}
	}
}

func TestGenerateToken(t *testing.T) {
	b, _ := newBackend(t, api.Config{Hubs: &fakeHub{}})
	w := b.ask(t, "POST /api/hubs/chat/:generateToken?userId=ana&role=r1&role=r2&group=g&minutesToExpire=5&clientType=Default", "")
	_, quoted, _ := strings.Cut(w.Body.String(), `{"token":"`)
	signed, _, _ := strings.Cut(quoted, `"`)
	got, err := b.tokens.CheckClient(signed, "chat")
	if w.Code != http.StatusOK || err != nil {
		t.Fatalf("status %d, %s: %v", w.Code, w.Body, err)
	}
	if got.User != "ana" || len(got.Roles) != 2 || len(got.Groups) != 1 || !got.Expires.Equal(now.Add(5*time.Minute)) {
		t.Errorf("%+v", got)
	}
}

func TestCallersHaveARate(t *testing.T) {
	shown := now
	b, h := newBackend(t, api.Config{Hubs: &fakeHub{}, Requests: 2, Burst: 3, Now: func() time.Time { return shown }})
	for _, step := range []struct {
		after  time.Duration
		from   string
		status int
	}{
		{0, "192.0.2.1:1", 202}, {0, "192.0.2.1:2", 202}, {0, "192.0.2.1:3", 202},
		{0, "192.0.2.1:4", 429},
		{0, "192.0.2.2:1", 202},
		{0, "[2001:db8::1]:1", 202}, {0, "[2001:db8::2]:1", 202}, {0, "[2001:db8::3]:1", 202},
		{0, "[2001:db8::4]:1", 429},
		{500 * time.Millisecond, "192.0.2.1:5", 202},
		{0, "192.0.2.1:6", 429},
	} {
		shown = shown.Add(step.after)
		r := b.request(t, "POST /api/hubs/chat/:send", "x", text)
		r.RemoteAddr = step.from
		w := b.do(r)
		if w.Code != step.status || (w.Code == 429) != (w.Header().Get("Retry-After") == "1") {
			t.Errorf("from %s at %v: status %d, Retry-After %q; want %d", step.from, shown, w.Code, w.Header().Get("Retry-After"), step.status)
		}
	}
	for _, o := range h.Stats().Operations {
		if o.Name == "sendToAll" && (o.Statuses[202] != 8 || o.Statuses[429] != 3) {
			t.Errorf("%+v", o)
		}
	}
}

func TestBeforeKeepsPathsAsTheyWereSent(t *testing.T) {
	f := &fakeHub{}
	b, h := newBackend(t, api.Config{Hubs: f})
	b.handler = h.Before(http.NotFoundHandler())
	const line = "POST /api/hubs/chat/users/a%2F%2F..%2Fb/:send"
	if w := b.ask(t, line, "x", text); w.Code != http.StatusAccepted || !strings.Contains(f.asked[0], `"a//../b"`) {
		t.Errorf("status %d, asked %q", w.Code, f.asked)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, httptest.NewRequest("GET", "/apish", nil))
	if got := w.Body.String(); got != "404 page not found\n" {
		t.Errorf("another path is answered %q", got)
	}
}
