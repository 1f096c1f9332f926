package api_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// served is a gateway with a REST API on its public port.
type served struct {
	*gatewaytest.Node
	backend *backend
	client  http.Client
}

// serve serves the hubs chat and other through node. Clients say who they are in
// the query: user, and group any number of times.
func serve(t *testing.T, node *api.Node) *served {
	t.Helper()
	ready := make(chan struct{})
	b, h := newBackend(t, api.Config{Hubs: node, BodyTime: 50 * time.Millisecond})
	identify := func(r *gateway.Request) error {
		q, err := url.ParseQuery(r.Query)
		r.Identity = gateway.Identity{User: q.Get("user"), Groups: q["group"]}
		return err
	}
	n := gatewaytest.Start(t, gateway.Config{
		Hubs:  []gateway.HubConfig{{Name: "chat", Authorize: identify}, {Name: "other", Authorize: identify}},
		HTTP:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-ready; h.ServeHTTP(w, r) }),
		Loops: 2,
	})
	node.Gateway = n.Gateway
	close(ready)
	return &served{n, b, http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: gatewaytest.Patience}}
}

// ask makes a request over the network, and returns status and body.
func (s *served) ask(t *testing.T, line, body string, headers ...string) (int, string) {
	t.Helper()
	r := s.backend.request(t, line, body, headers...)
	r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", s.Addr()
	answer, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

// expect makes a request that must be answered with a status.
func (s *served) expect(t *testing.T, status int, line, body string, headers ...string) {
	t.Helper()
	if got, text := s.ask(t, line, body, headers...); got != status {
		t.Errorf("%s: status %d, want %d: %s", line, got, status, text)
	}
}

// member is a client with its connection id.
type member struct {
	*gatewaytest.Client
	id string
}

// dial connects to a hub and learns the connection id.
func (s *served) dial(t *testing.T, hub, query string) *member {
	t.Helper()
	known := s.ids(t, hub)
	c := s.Dial(t, gateway.HubPath(hub)+"?"+query)
	for _, id := range s.ids(t, hub) {
		if !slices.Contains(known, id) {
			return &member{c, id}
		}
	}
	t.Fatal("the new session is not listed")
	return nil
}

func (s *served) ids(t *testing.T, hub string) (ids []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), gatewaytest.Patience)
	defer cancel()
	all, err := s.Gateway.Hub(hub).List(ctx, gateway.Listing{})
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range all {
		ids = append(ids, info.ID)
	}
	return ids
}

const chat = " /api/hubs/chat/"

func TestSendsReachWhomTheyAreFor(t *testing.T) {
	s := serve(t, &api.Node{})
	ana := s.dial(t, "chat", "user=ana&group=g1&group=g2")
	twin := s.dial(t, "chat", "user=ana")
	nobody := s.dial(t, "chat", "group=g1")
	stranger := s.dial(t, "other", "user=ana&group=g1")
	everyone := []*member{ana, twin, nobody}

	for _, tc := range []struct {
		path string
		to   []*member
	}{
		{":send", everyone},
		{":send?excluded=" + ana.id + "&excluded=unknown", []*member{twin, nobody}},
		{":send?filter=" + url.QueryEscape("userId eq null"), []*member{nobody}},
		{":send?filter=" + url.QueryEscape("'g2' in groups or connectionId eq '"+twin.id+"'"), []*member{ana, twin}},
		{":send?filter=" + url.QueryEscape("length(groups) eq 1 and protocol eq null"), []*member{nobody}},
		{"groups/g1/:send", []*member{ana, nobody}},
		{"groups/g1/:send?excluded=" + nobody.id, []*member{ana}},
		{"groups/nobody/:send", nil},
		{"users/ana/:send", []*member{ana, twin}},
		{"users/ana/:send?filter=" + url.QueryEscape("length(groups) gt 0"), []*member{ana}},
		{"users/nobody/:send", nil},
		{"connections/" + twin.id + "/:send", []*member{twin}},
		{"connections/" + stranger.id + "/:send", nil},
		{"connections/unknown/:send", nil},
	} {
		s.expect(t, http.StatusAccepted, "POST"+chat+tc.path, tc.path, text)
		for _, m := range tc.to {
			m.ExpectText(tc.path)
		}
	}
	// Had anyone had a message too many, these would not be the next.
	s.expect(t, http.StatusAccepted, "POST"+chat+":send", `{"a":1}`, inJSON)
	s.expect(t, http.StatusAccepted, "POST"+chat+":send", "\x00\xff", binary)
	for _, m := range everyone {
		m.ExpectText(`{"a":1}`)
		m.Expect(gateway.Binary, []byte("\x00\xff"))
	}
	s.expect(t, http.StatusAccepted, "POST /api/hubs/other/:send", "end", text)
	stranger.ExpectText("end")
}

func TestMembershipsOverREST(t *testing.T) {
	s := serve(t, &api.Node{})
	ana, twin, nobody := s.dial(t, "chat", "user=ana"), s.dial(t, "chat", "user=ana"), s.dial(t, "chat", "")
	stranger := s.dial(t, "other", "")
	reaches := func(step string, to ...*member) {
		t.Helper()
		s.expect(t, http.StatusAccepted, "POST"+chat+"groups/g/:send", step, text)
		for _, m := range to {
			m.ExpectText(step)
		}
	}
	reaches("nobody is there")
	s.expect(t, 404, "HEAD"+chat+"groups/g", "")
	s.expect(t, 200, "PUT"+chat+"groups/g/connections/"+nobody.id, "")
	reaches("a connection joined", nobody)
	s.expect(t, 200, "HEAD"+chat+"groups/g", "")
	s.expect(t, 200, "PUT"+chat+"users/ana/groups/g", "")
	reaches("a user joined", ana, twin, nobody)
	s.expect(t, 204, "DELETE"+chat+"groups/g/connections/"+twin.id, "")
	reaches("a connection left", ana, nobody)
	s.expect(t, 204, "DELETE"+chat+"users/ana/groups/g", "")
	reaches("a user left", nobody)
	s.expect(t, 200, "POST"+chat+":addToGroups", `{"groups":["g","h"],"filter":"userId eq 'ana'"}`, inJSON)
	reaches("many joined", ana, twin, nobody)
	s.expect(t, 204, "DELETE"+chat+"connections/"+nobody.id+"/groups", "")
	s.expect(t, 200, "POST"+chat+":removeFromGroups", fmt.Sprintf(`{"groups":["g"],"filter":"connectionId eq '%s'"}`, twin.id), inJSON)
	reaches("many left", ana)
	s.expect(t, 204, "DELETE"+chat+"users/ana/groups", "")
	reaches("all left")
	s.expect(t, 200, "POST"+chat+":addToGroups", `{"groups":["g"]}`, inJSON)
	reaches("everyone joined", ana, twin, nobody)

	s.expect(t, 404, "PUT"+chat+"groups/g/connections/"+stranger.id, "")
	s.expect(t, 404, "PUT"+chat+"groups/g/connections/unknown", "")
	s.expect(t, 404, "PUT"+chat+"users/unknown/groups/g", "")
	s.expect(t, 204, "DELETE"+chat+"groups/g/connections/unknown", "")
}

func TestClosesOverREST(t *testing.T) {
	s := serve(t, &api.Node{})
	var all []*member
	for range 4 {
		all = append(all, s.dial(t, "chat", "user=ana&group=g"))
	}
	stranger := s.dial(t, "other", "user=ana&group=g")
	expectClosed := func(m *member, reason string) {
		t.Helper()
		if got := m.ExpectClose(1000); got != reason {
			t.Errorf("closed with %q, want %q", got, reason)
		}
	}
	s.expect(t, 200, "HEAD"+chat+"connections/"+all[0].id, "")
	s.expect(t, 404, "HEAD"+chat+"connections/"+stranger.id, "")
	s.expect(t, 204, "DELETE"+chat+"connections/"+stranger.id, "")
	s.expect(t, 204, "DELETE"+chat+"connections/"+all[0].id+"?reason=one", "")
	expectClosed(all[0], "one")
	s.Eventually(t, func() bool {
		status, _ := s.ask(t, "HEAD"+chat+"connections/"+all[0].id, "")
		return status == http.StatusNotFound
	}, "the closed connection to be gone")
	s.expect(t, 204, "POST"+chat+"groups/g/:closeConnections?reason=group&excluded="+all[2].id+"&excluded="+all[3].id, "")
	expectClosed(all[1], "group")
	s.expect(t, 204, "POST"+chat+"users/ana/:closeConnections?reason=user&excluded="+all[3].id, "")
	expectClosed(all[2], "user")
	s.expect(t, 200, "HEAD"+chat+"users/ana", "")
	s.expect(t, 204, "POST"+chat+":closeConnections?reason="+strings.Repeat("x", 200), "")
	expectClosed(all[3], strings.Repeat("x", 123))
	s.Eventually(t, func() bool {
		status, _ := s.ask(t, "HEAD"+chat+"users/ana", "")
		return status == http.StatusNotFound
	}, "the user to be gone")
	stranger.SendText("still here")
	s.expect(t, 202, "POST /api/hubs/other/users/ana/:send", "x", text)
	stranger.ExpectText("x")
}

func TestListsOverREST(t *testing.T) {
	s := serve(t, &api.Node{})
	var want []string
	for range 5 {
		want = append(want, s.dial(t, "chat", "user=ana&group=g").id)
	}
	s.dial(t, "chat", "")
	s.backend.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body := s.ask(t, r.Method+" "+r.RequestURI, "")
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
	var got []string
	pages := s.backend.list(t, "/api/hubs/chat/groups/g/connections?api-version=1&maxpagesize=2")
	for _, p := range pages {
		for _, m := range p.Value {
			if m.UserID == nil || *m.UserID != "ana" {
				t.Errorf("%+v", m)
			}
			got = append(got, m.ConnectionID)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(pages) != 3 || !slices.Equal(got, want) {
		t.Errorf("%d pages with %q, want 3 with %q", len(pages), got, want)
	}
	if pages := s.backend.list(t, "/api/hubs/chat/groups/none/connections?api-version=1"); len(pages) != 1 || len(pages[0].Value) != 0 {
		t.Errorf("a group that is not there: %+v", pages)
	}
	s.expect(t, 400, "GET"+chat+"groups/g/connections?continuationToken=made-up", "")
}

// licences keeps permissions by session, as a subprotocol would.
type licences struct {
	mu    sync.Mutex
	given map[gateway.Session]api.Permission
}

func (l *licences) Grant(_ context.Context, s gateway.Session, p api.Permission) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.given[s] = p
	return nil
}

func (l *licences) Revoke(_ context.Context, s gateway.Session, _ api.Permission) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.given, s)
	return nil
}

func (l *licences) Allows(_ context.Context, s gateway.Session, p api.Permission) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	given, found := l.given[s]
	return found && given == p, nil
}

func TestPermissionsOverREST(t *testing.T) {
	s := serve(t, &api.Node{Permissions: &licences{given: make(map[gateway.Session]api.Permission)}})
	ana, stranger := s.dial(t, "chat", ""), s.dial(t, "other", "")
	of := func(m *member) string {
		return chat + "permissions/sendToGroup/connections/" + m.id + "?targetName=g"
	}
	s.expect(t, 404, "HEAD"+of(ana), "")
	s.expect(t, 200, "PUT"+of(ana), "")
	s.expect(t, 200, "HEAD"+of(ana), "")
	s.expect(t, 404, "HEAD"+of(ana)+"2", "")
	s.expect(t, 204, "DELETE"+of(ana), "")
	s.expect(t, 404, "HEAD"+of(ana), "")
	s.expect(t, 404, "PUT"+of(stranger), "")
	s.expect(t, 204, "DELETE"+of(stranger), "")
}

func TestPermissionsThatNobodyKeeps(t *testing.T) {
	s := serve(t, &api.Node{})
	for _, method := range []string{"PUT", "DELETE", "HEAD"} {
		s.expect(t, 501, method+chat+"permissions/sendToGroup/connections/c?targetName=g", "")
	}
}

// A body that does not come holds one of the few connections that net/http has,
// and anybody can promise one.
func TestABodyThatDoesNotCome(t *testing.T) {
	s := serve(t, &api.Node{})
	for authorization, want := range map[string]string{
		s.backend.request(t, "POST"+chat+":send", "").Header.Get("Authorization"): "HTTP/1.1 408 ",
		"none": "HTTP/1.1 401 ",
	} {
		conn := s.Raw(t)
		fmt.Fprintf(conn, "POST%s:send HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n%s\r\nContent-Length: 5\r\n\r\nhe", chat, authorization, text)
		expectStatusLine(t, conn, want)
	}
}

func expectStatusLine(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(gatewaytest.Patience))
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}
