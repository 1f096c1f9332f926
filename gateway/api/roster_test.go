package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway/api"
)

// listPage is the answer of a list.
type listPage struct {
	Value []struct {
		ConnectionID string
		UserID       *string
	}
	NextLink string
}

// list follows the links of a list, and returns its pages.
func (b *backend) list(t *testing.T, target string) (pages []listPage) {
	t.Helper()
	for target != "" {
		w := b.ask(t, "GET "+target, "")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
			t.Fatalf("%s: status %d, Content-Type %q: %s", target, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		var p listPage
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Value == nil {
			t.Fatalf("%s: %s: %v", target, w.Body, err)
		}
		pages = append(pages, p)
		if target = ""; p.NextLink == "" {
			return pages
		}
		next, public := strings.CutPrefix(p.NextLink, endpoint)
		if u, err := url.Parse(p.NextLink); err != nil || !public || u.Query().Get("api-version") != "1" {
			t.Fatalf("nextLink %q: %v", p.NextLink, err)
		}
		target = next
	}
	return pages
}

func TestLists(t *testing.T) {
	f := &fakeHub{}
	for i := range 450 {
		f.members = append(f.members, api.Member{Connection: fmt.Sprintf("c%d", i)})
	}
	f.members[1].User = "ana"
	for i := range 400 { // the first two pages
		f.members[i].Cursor = fmt.Sprintf("~%d", i)
	}
	b, _ := newBackend(t, api.Config{Hubs: f})
	for _, tc := range []struct {
		query string
		pages []int
	}{
		{"", []int{200, 200, 50}},
		{"&maxpagesize=200&top=450", []int{200, 200, 50}},
		{"&top=250", []int{200, 50}},
		{"&top=3", []int{3}},
		{"&maxpagesize=2&top=5", []int{2, 2, 1}},
		{"&continuationToken=c447", []int{2}},
		{"&continuationToken=c449", []int{0}},
	} {
		pages := b.list(t, "/api/hubs/chat/groups/g%2F1/connections?api-version=1"+tc.query)
		sizes, seen := []int{}, map[string]bool{}
		for _, p := range pages {
			sizes = append(sizes, len(p.Value))
			for _, m := range p.Value {
				if seen[m.ConnectionID] || (m.UserID != nil) != (m.ConnectionID == "c1") {
					t.Errorf("%s: %+v", tc.query, m)
				}
				seen[m.ConnectionID] = true
			}
		}
		if fmt.Sprint(sizes) != fmt.Sprint(tc.pages) {
			t.Errorf("%s: pages of %v, want %v", tc.query, sizes, tc.pages)
		}
	}
}

// A backend elsewhere cannot reach what the gateway takes for its address.
func TestLinksLeadWhereTheBackendComesFrom(t *testing.T) {
	const target = "/api/hubs/chat/groups/g/connections?maxpagesize=1"
	f := &fakeHub{members: []api.Member{{Connection: "c1"}, {Connection: "c2"}}}
	for _, tc := range []struct {
		name, backend string
		pathOnly      bool
	}{
		{"of any endpoint", "http://sluice.internal:8080", true},
		{"of the first endpoint", "https://example.com/live", false},
		{"of the second endpoint", "https://example.net", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tokens := authorityAt(t, tc.pathOnly, endpoint, "https://example.net")
			h, err := api.New(api.Config{Hubs: f, Tokens: tokens, Now: clock})
			if err != nil {
				t.Fatal(err)
			}
			b := &backend{h, authorityAt(t, false, tc.backend)}
			var p listPage
			w := b.ask(t, "GET "+target, "")
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || !strings.HasPrefix(p.NextLink, tc.backend+"/api/hubs/chat/groups/g/connections?") {
				t.Errorf("status %d, nextLink %q, %v", w.Code, p.NextLink, err)
			}
		})
	}
}

func TestConfigurationsWithFaults(t *testing.T) {
	_, err := api.New(api.Config{Body: -1, BodyTime: -1, Requests: -1, Burst: -1})
	for _, field := range []string{"Hubs: ", "Tokens: ", "Body: ", "BodyTime: ", "Requests: ", "Burst: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no %q in %v", field, err)
		}
	}
}

func TestEveryFigureIsThereFromTheStart(t *testing.T) {
	b, h := newBackend(t, api.Config{Hubs: &fakeHub{}})
	before := h.Stats()
	if len(before.Operations) != 26 || len(before.Unauthorized) != 8 {
		t.Errorf("%d operations and %d causes", len(before.Operations), len(before.Unauthorized))
	}
	names := make(map[string]bool)
	for _, o := range before.Operations {
		if names[o.Name] || o.Name == "" || len(o.Statuses) != len(before.Operations[0].Statuses) {
			t.Errorf("%+v", o)
		}
		names[o.Name] = true
	}
	b.ask(t, "GET /api/nothing", "")
	b.ask(t, "HEAD /api/health", "")
	b.ask(t, "HEAD /api/hubs/chat/users/u", "")
	for _, o := range h.Stats().Operations {
		var sum uint64
		for _, n := range o.Statuses {
			sum += n
		}
		want := map[string]uint64{"unknown": 1, "health": 1, "userExists": 1}[o.Name]
		if sum != want {
			t.Errorf("%s: %d answers, want %d", o.Name, sum, want)
		}
	}
}
