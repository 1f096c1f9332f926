package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// populated serves the hubs "game", which has 7 sessions of the users u0 to u2
// in the groups all and g0 to g2, and "empty".
func populated(t *testing.T) *gatewaytest.Node {
	t.Helper()
	n := gatewaytest.Start(t, gateway.Config{Loops: 2, Hubs: []gateway.HubConfig{
		{Name: "empty"},
		{
			Name: "game",
			Authorize: func(r *gateway.Request) error {
				r.Identity = gateway.Identity{User: r.Header("User"), Groups: []string{"all", r.Header("Group")}}
				return nil
			},
			Groups: []gateway.GroupClass{{Name: "small", Prefix: "g"}},
		},
	}})
	for i := range 7 {
		n.Dial(t, "/client/hubs/game", gatewaytest.Header("User", fmt.Sprint("u", i%3)), gatewaytest.Header("Group", fmt.Sprint("g", i%3)))
	}
	return n
}

// pages gets all pages of a list and returns the names in it, as nameOf has them
// of an entry, and the number of pages.
func pages[T any](t *testing.T, source Source, path string, nameOf func(T) string) (names []string, count int) {
	t.Helper()
	for after := ""; ; count++ {
		answer := get(t, source, path+"&after="+url.QueryEscape(after))
		var page struct {
			Sessions, Groups []T
			Next             string
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || answer.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
		}
		for _, entry := range append(page.Sessions, page.Groups...) {
			names = append(names, nameOf(entry))
		}
		if page.Next == "" {
			return names, count + 1
		}
		after = page.Next
	}
}

func TestSessionsPageByPage(t *testing.T) {
	n := populated(t)
	for _, tc := range []struct {
		query           string
		sessions, pages int
	}{
		{"hub=game", 7, 1},
		{"hub=game&limit=1", 7, 8},
		{"hub=game&limit=3", 7, 3},
		{"hub=game&limit=7", 7, 2},
		{"hub=game&limit=10000", 7, 1},
		{"hub=game&group=all&limit=4", 7, 2},
		{"hub=game&group=g0", 3, 1},
		{"hub=game&user=u1", 2, 1},
		{"hub=game&user=u1&group=g1&limit=1", 2, 3},
		{"hub=game&user=u1&group=g0", 0, 1},
		{"hub=game&user=nobody", 0, 1},
		{"hub=game&slow=true", 0, 1},
		{"hub=empty", 0, 1},
	} {
		ids, count := pages(t, n.Gateway, "/sessions?"+tc.query, func(s gateway.SessionInfo) string { return s.ID })
		slices.Sort(ids)
		if len(slices.Compact(ids)) != tc.sessions || len(ids) != tc.sessions || count != tc.pages {
			t.Errorf("%s: %d sessions on %d pages, want %d on %d", tc.query, len(ids), count, tc.sessions, tc.pages)
		}
	}
}

func TestASessionIsShownWithWhatIsKnownOfIt(t *testing.T) {
	n := populated(t)
	answer := get(t, n.Gateway, "/sessions?hub=game&user=u2&limit=1")
	var page struct{ Sessions []gateway.SessionInfo }
	if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || len(page.Sessions) != 1 {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	s := page.Sessions[0]
	slices.Sort(s.Groups)
	if _, known := n.Gateway.Session(s.ID); !known || s.Hub != "game" || s.User != "u2" || !slices.Equal(s.Groups, []string{"all", "g2"}) || s.Opened.IsZero() || !s.RemoteAddr.IsValid() {
		t.Errorf("%+v", s)
	}
}

func TestGroupsPageByPage(t *testing.T) {
	n := populated(t)
	describe := func(g gateway.GroupInfo) string { return fmt.Sprintf("%s:%s:%d", g.Name, g.Class, g.Members) }
	want := []string{"all:hub:7", "g0:small:3", "g1:small:2", "g2:small:2"}
	for limit, wanted := range map[int]int{1: 5, 2: 3, 3: 2, 4: 2, 5: 1} {
		got, count := pages(t, n.Gateway, fmt.Sprint("/groups?hub=game&limit=", limit), describe)
		if !slices.Equal(got, want) || count != wanted {
			t.Errorf("in pages of %d: %q on %d pages, want %q on %d", limit, got, count, want, wanted)
		}
	}
	if got := get(t, n.Gateway, "/groups?hub=empty").Body.String(); got != "{\n  \"groups\": []\n}\n" {
		t.Errorf("of a hub without groups: %s", got)
	}
}

func TestGroupsWithAPrefix(t *testing.T) {
	n := populated(t)
	for _, tc := range []struct {
		prefix string
		want   []string
	}{
		{"", []string{"all", "g0", "g1", "g2"}},
		{"a", []string{"all"}},
		{"all", []string{"all"}},
		{"alls", nil},
		{"g", []string{"g0", "g1", "g2"}},
		{"g1", []string{"g1"}},
		{"h", nil},
		{"\x00", nil},
	} {
		for _, limit := range []int{1, 2, 100} {
			path := fmt.Sprintf("/groups?hub=game&limit=%d&prefix=%s", limit, url.QueryEscape(tc.prefix))
			got, _ := pages(t, n.Gateway, path, func(g gateway.GroupInfo) string { return g.Name })
			if !slices.Equal(got, tc.want) {
				t.Errorf("prefix %q in pages of %d: %q, want %q", tc.prefix, limit, got, tc.want)
			}
		}
	}
}

func TestJustBeforeIsNextToThePrefix(t *testing.T) {
	for _, tc := range []struct{ lower, prefix string }{
		{"", "\x00"}, {"a", "b"}, {"a\U0010ffff\U0010ffff", "b"}, {"ab", "ab\x00"}, {"á", "â"}, {"~", "\u0080"},
	} {
		if before := justBefore(tc.prefix); before < tc.lower || before >= tc.prefix {
			t.Errorf("%q is not between %q and %q", before, tc.lower, tc.prefix)
		}
	}
}

func TestOneSession(t *testing.T) {
	n := populated(t)
	ids, _ := pages(t, n.Gateway, "/sessions?hub=game&user=u1&limit=1", func(s gateway.SessionInfo) string { return s.ID })
	answer := get(t, n.Gateway, "/sessions/"+ids[0])
	var s gateway.SessionInfo
	if err := json.Unmarshal(answer.Body.Bytes(), &s); err != nil || s.ID != ids[0] || s.User != "u1" || !slices.Equal(s.Groups, []string{"all", "g1"}) {
		t.Errorf("%d %s: %v", answer.Code, answer.Body, err)
	}
	if answer := get(t, n.Gateway, "/sessions/x"); answer.Code != 404 || !strings.Contains(answer.Body.String(), "is no connection id of this gateway") {
		t.Errorf("an unknown id: %d %s", answer.Code, answer.Body)
	}
}

func TestFaultsOfAListing(t *testing.T) {
	n := populated(t)
	for _, tc := range []struct {
		path   string
		status int
		detail string
	}{
		{"/sessions", 400, "hub: is missing; /sessions?hub=NAME lists what that hub has"},
		{"/groups?limit=3", 400, "hub: is missing; /groups?hub=NAME lists what that hub has"},
		{"/sessions?hub=nowhere", 404, `hub: "nowhere": there is no such hub; /status names all`},
		{"/groups?hub=", 404, `hub: "": there is no such hub; /status names all`},
		{"/sessions?hub=game&limit=0", 400, `limit: "0": must be a whole number, 1 to 10000`},
		{"/groups?hub=game&limit=10001", 400, `limit: "10001": must be a whole number, 1 to 10000`},
		{"/groups?hub=game&limit=many", 400, `limit: "many": must be a whole number, 1 to 10000`},
		{"/sessions?hub=game&limit=", 400, `limit: "": must be a whole number, 1 to 10000`},
		{"/sessions?hub=game&after=x", 400, `after: "x": is no connection id of this gateway; it is the value of next on the page before`},
		{"/sessions?hub=game&slow=yes", 400, `slow: "yes": must be true, or be left out`},
		{"/sessions?hub=game&hub=empty", 400, `hub: "game": is given 2 times; give it once`},
		{"/groups?hub=game&user=u1", 400, `user: "u1": is no parameter of /groups; it has hub, prefix, after, limit`},
		{"/sessions?hub=%zz", 400, `the query cannot be read: invalid URL escape "%zz"`},
	} {
		answer := get(t, n.Gateway, tc.path)
		var got struct {
			Status int
			Detail string
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
			t.Errorf("%s: %s", tc.path, answer.Body)
		}
		if answer.Code != tc.status || got.Status != tc.status || got.Detail != tc.detail {
			t.Errorf("%s: %d %s\nwant %d %s", tc.path, answer.Code, got.Detail, tc.status, tc.detail)
		}
	}
}

// /metrics has the series of every class before anything was published.
func TestEveryClassHasItsSeriesFromTheStart(t *testing.T) {
	n := populated(t)
	text := string(exposition(t, n.Gateway))
	for _, series := range []string{
		`sluice_dropped_messages_total{class="small",hub="game",policy="close"} 0`,
		`sluice_offered_messages_total{class="hub",hub="empty",policy="close"} 0`,
		`sluice_slow_sessions_closed_total{class="route",hub="",policy="close"} 0`,
		`sluice_hub_groups{hub="game"} 4`,
		`sluice_group_joins_total 14`,
	} {
		if !strings.Contains(text, "\n"+series+"\n") {
			t.Errorf("no series %s", series)
		}
	}
}
