package api_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/token"
)

const (
	key      = "an access key of the tests, 32 bytes+"
	endpoint = "https://example.com/live"
)

// now is what the clocks of these tests show.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

func authority(t testing.TB) *token.Authority {
	t.Helper()
	return authorityAt(t, false, endpoint)
}

// authorityAt returns an authority of these endpoints, that accepts any if pathOnly.
func authorityAt(t testing.TB, pathOnly bool, endpoints ...string) *token.Authority {
	t.Helper()
	config := token.Config{Keys: []string{key}, PathOnly: pathOnly, Now: clock}
	for _, text := range endpoints {
		e, err := token.ParseEndpoint(text)
		if err != nil {
			t.Fatal(err)
		}
		config.Endpoints = append(config.Endpoints, e)
	}
	a, err := token.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// backend makes requests as one does that has the key.
type backend struct {
	handler http.Handler
	tokens  *token.Authority
}

// newBackend returns a backend of a handler; what is missing from its
// configuration is filled in.
func newBackend(t testing.TB, config api.Config) (*backend, *api.Handler) {
	t.Helper()
	config.Tokens = authority(t)
	if config.Now == nil {
		config.Now = clock
	}
	h, err := api.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return &backend{h, config.Tokens}, h
}

// request returns a good request: "POST /api/hubs/chat/:send". The body's media
// type is that of the first header, if there is one.
func (b *backend) request(t testing.TB, line, body string, headers ...string) *http.Request {
	t.Helper()
	method, target, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	signed, err := b.tokens.MintREST(target, time.Minute)
	if err != nil && strings.HasPrefix(target, "/api/") {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+signed)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// ask makes a good request.
func (b *backend) ask(t testing.TB, line, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return b.do(b.request(t, line, body, headers...))
}

func (b *backend) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

// failure is the body of an answer to a request that failed.
type failure struct {
	Code, Message, Target string
	Details               []failure
	Inner                 struct{ Code string }
}

// expectFailure reads an answer that must be a failure of that status and target.
func expectFailure(t *testing.T, w *httptest.ResponseRecorder, status int, target string) failure {
	t.Helper()
	var f failure
	if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil {
		t.Fatalf("status %d, body %q: %v", w.Code, w.Body, err)
	}
	if w.Code != status || f.Target != target || f.Code == "" || f.Message == "" || f.Details == nil {
		t.Errorf("status %d, %+v; want %d with target %q", w.Code, f, status, target)
	}
	if got := w.Header().Get("x-ms-error-code"); got != f.Code {
		t.Errorf("x-ms-error-code %q beside %q", got, f.Code)
	}
	return f
}

// fakeHub notes what it is asked and answers as it is told.
type fakeHub struct {
	// For the answers.
	fails   error
	chosen  int
	has     bool
	members []api.Member

	asked []string
}

// Hub returns the fake for "chat" alone.
func (f *fakeHub) Hub(name string) (api.Hub, bool) { return f, name == "chat" }

func (f *fakeHub) note(format string, args ...any) error {
	f.asked = append(f.asked, fmt.Sprintf(format, args...))
	return f.fails
}

func (f *fakeHub) Send(_ context.Context, to api.Selection, m *api.Message) error {
	key := ""
	if m.Key != "" {
		key = fmt.Sprintf(" key %q", m.Key)
	}
	return f.note("send %s: type %d %q group %q%s ttl %v metadata %v", described(to), m.Type, m.Data, m.Group, key, m.TTL, m.Metadata)
}

func (f *fakeHub) Close(_ context.Context, which api.Selection, reason string) error {
	return f.note("close %s: %q", described(which), reason)
}

func (f *fakeHub) Join(_ context.Context, which api.Selection, groups []string) (int, error) {
	return f.chosen, f.note("join %s: %q", described(which), groups)
}

func (f *fakeHub) Leave(_ context.Context, which api.Selection, groups []string) error {
	return f.note("leave %s: %q %v", described(which), groups, groups == nil)
}

func (f *fakeHub) Has(_ context.Context, t api.Target) (bool, error) {
	return f.has, f.note("has %d %q", t.Scope, t.Name)
}

func (f *fakeHub) Members(_ context.Context, group, after string, limit int) ([]api.Member, error) {
	err := f.note("members %q after %q limit %d", group, after, limit)
	from := 1 + slices.IndexFunc(f.members, func(m api.Member) bool { return cmp.Or(m.Cursor, m.Connection) == after })
	return f.members[from:min(from+limit, len(f.members))], err
}

func (f *fakeHub) Grant(_ context.Context, connection string, p api.Permission) error {
	return f.note("grant %q: %d %q", connection, p.Action, p.Group)
}

func (f *fakeHub) Revoke(_ context.Context, connection string, p api.Permission) error {
	return f.note("revoke %q: %d %q", connection, p.Action, p.Group)
}

func (f *fakeHub) Allows(_ context.Context, connection string, p api.Permission) (bool, error) {
	return f.has, f.note("allows %q: %d %q", connection, p.Action, p.Group)
}

// described writes a selection. Filters are told by what they make of an
// anonymous and of ana.
func described(s api.Selection) string {
	text := fmt.Sprintf("%d %q", s.Scope, s.Name)
	if s.Except != nil {
		text += fmt.Sprintf(" except %q", s.Except)
	}
	if s.Filter != nil {
		text += fmt.Sprintf(" filter %v %v", s.Filter.Matches(subject("")), s.Filter.Matches(subject("ana")))
	}
	return text
}

// subject is a session with a user.
type subject string

func (s subject) UserID() (string, bool)   { return string(s), s != "" }
func (s subject) ConnectionID() string     { return "c" }
func (s subject) InGroup(name string) bool { return name == "g" }
func (s subject) Groups() int              { return 1 }
func (s subject) Protocol() string         { return "" }
