package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
)

const (
	text   = "Content-Type: text/plain"
	binary = "Content-Type: application/octet-stream"
	inJSON = "Content-Type: application/json"
)

func TestOperations(t *testing.T) {
	const hub = " /api/hubs/chat/"
	for _, tc := range []struct {
		line, body string
		headers    []string
		status     int
		asked      string
	}{
		{"POST" + hub + ":send?api-version=2024-12-01", "hi", []string{text}, 202, `send 0 "": type 0 "hi" group "" ttl 0s metadata map[]`},
		{"POST" + hub + ":send", `{"a":1}`, []string{inJSON + "; charset=UTF-8"}, 202, `send 0 "": type 1 "{\"a\":1}" group "" ttl 0s metadata map[]`},
		{"POST" + hub + ":send", "\x00\xff", []string{binary}, 202, `send 0 "": type 2 "\x00\xff" group "" ttl 0s metadata map[]`},
		{"POST" + hub + ":send?excluded=a&excluded=b%20c&filter=userId+eq+null&messageTtlSeconds=300", "", []string{text, "x-webpubsub-METADATA-Trace: t1"}, 202,
			`send 0 "" except ["a" "b c"] filter true false: type 0 "" group "" ttl 5m0s metadata map[trace:t1]`},
		{"POST" + hub + "groups/g%2F1/:send", "hi", []string{text}, 202, `send 1 "g/1": type 0 "hi" group "g/1" ttl 0s metadata map[]`},
		{"POST" + hub + "groups/g/:send", "hi", []string{text, "sluice-conflation-key: player 7"}, 202, `send 1 "g": type 0 "hi" group "g" key "player 7" ttl 0s metadata map[]`},
		{"POST" + hub + "users/ana%20%2F%2e/:send", "hi", []string{text}, 202, `send 2 "ana /.": type 0 "hi" group "" ttl 0s metadata map[]`},
		{"POST" + hub + "connections/c1/:send", "hi", []string{text}, 202, `send 3 "c1": type 0 "hi" group "" ttl 0s metadata map[]`},

		{"POST" + hub + ":closeConnections?reason=too%20late", "", nil, 204, `close 0 "": "too late"`},
		{"POST" + hub + "groups/g/:closeConnections?excluded=c1", "", nil, 204, `close 1 "g" except ["c1"]: ""`},
		{"POST" + hub + "users/ana/:closeConnections", "", nil, 204, `close 2 "ana": ""`},
		{"DELETE" + hub + "connections/c1?reason=bye", "", nil, 204, `close 3 "c1": "bye"`},

		{"HEAD" + hub + "groups/g", "", nil, 200, `has 1 "g"`},
		{"HEAD" + hub + "users/%E4%BD%A0", "", nil, 200, `has 2 "你"`},
		{"HEAD" + hub + "connections/c1", "", nil, 200, `has 3 "c1"`},
		{"GET" + hub + "groups/g/connections", "", nil, 200, `members "g" after "" limit 201`},

		{"PUT" + hub + "groups/g/connections/c1", "", nil, 200, `join 3 "c1": ["g"]`},
		{"DELETE" + hub + "groups/g/connections/c1", "", nil, 204, `leave 3 "c1": ["g"] false`},
		{"PUT" + hub + "users/ana/groups/g", "", nil, 200, `join 2 "ana": ["g"]`},
		{"DELETE" + hub + "users/ana/groups/g", "", nil, 204, `leave 2 "ana": ["g"] false`},
		{"DELETE" + hub + "users/ana/groups", "", nil, 204, `leave 2 "ana": [] true`},
		{"DELETE" + hub + "connections/c1/groups", "", nil, 204, `leave 3 "c1": [] true`},
		{"POST" + hub + ":addToGroups", `{"groups":["a","b"],"filter":"userId eq 'ana'"}`, []string{inJSON}, 200, `join 0 "" filter false true: ["a" "b"]`},
		{"POST" + hub + ":removeFromGroups", `{"groups":["a"]}`, []string{inJSON}, 200, `leave 0 "": ["a"] false`},

		{"PUT" + hub + "permissions/joinLeaveGroup/connections/c1?targetName=g", "", nil, 200, `grant "c1": 0 "g"`},
		{"DELETE" + hub + "permissions/sendToGroup/connections/c1?targetName=g", "", nil, 204, `revoke "c1": 1 "g"`},
		{"HEAD" + hub + "permissions/sendToGroup/connections/c1?targetName=g", "", nil, 200, `allows "c1": 1 "g"`},
	} {
		t.Run(tc.line, func(t *testing.T) {
			f := &fakeHub{has: true, chosen: 1}
			b, _ := newBackend(t, api.Config{Hubs: f})
			w := b.ask(t, tc.line, tc.body, tc.headers...)
			if w.Code != tc.status || !slices.Equal(f.asked, []string{tc.asked}) {
				t.Errorf("status %d, asked %q; want %d and %q; %s", w.Code, f.asked, tc.status, tc.asked, w.Body)
			}
			if tc.status == 202 && w.Body.Len() > 0 {
				t.Errorf("body %q", w.Body)
			}
		})
	}
}

func TestFaultsNameTheField(t *testing.T) {
	const hub = " /api/hubs/chat/"
	for _, tc := range []struct {
		line, body string
		headers    []string
		status     int
		target     string
		message    string
	}{
		{"POST" + hub + ":send", "x", nil, 415, "Content-Type", "no Content-Type"},
		{"POST" + hub + ":send", "x", []string{"Content-Type: text/html"}, 415, "Content-Type", `"text/html" is not accepted`},
		{"POST" + hub + ":send", "x", []string{"Content-Type: text/plain; charset=latin1"}, 415, "Content-Type", "latin1"},
		{"POST" + hub + ":send", "x", []string{"Content-Type: ;"}, 415, "Content-Type", "cannot be read"},
		{"POST" + hub + ":send", "\xff", []string{text}, 400, "body", "UTF-8"},
		{"POST" + hub + ":send", "{", []string{inJSON}, 400, "body", "not JSON"},
		{"POST" + hub + ":send", "\"\xff\"", []string{inJSON}, 400, "body", "not JSON in UTF-8"},
		{"POST" + hub + ":send", "", []string{inJSON}, 400, "body", "not JSON"},
		{"POST" + hub + ":send", strings.Repeat("x", 101), []string{text}, 413, "body", "more than 100 bytes"},
		{"POST" + hub + ":send?messageTtlSeconds=301", "x", []string{text}, 400, "messageTtlSeconds", "0 to 300"},
		{"POST" + hub + ":send?messageTtlSeconds=-1", "x", []string{text}, 400, "messageTtlSeconds", "0 to 300"},
		{"POST" + hub + ":send?messageTtlSeconds=soon", "x", []string{text}, 400, "messageTtlSeconds", `"soon"`},
		{"POST" + hub + ":send?messageTtlSeconds=1&messageTtlSeconds=1", "x", []string{text}, 400, "messageTtlSeconds", "2 times"},
		{"POST" + hub + ":send?filter=userId", "x", []string{text}, 400, "filter", "position 1: is a string"},
		{"POST" + hub + ":send?filter=%zz", "x", []string{text}, 400, "filter", "not percent-encoded"},
		{"POST" + hub + ":send?excluded=a&excluded=%2", "x", []string{text}, 400, "excluded", "not percent-encoded"},
		{"POST" + hub + "groups/%20/:send", "x", []string{text}, 400, "group", "blank"},
		{"POST" + hub + "groups/%ff/:send", "x", []string{text}, 400, "group", "UTF-8"},
		{"POST" + hub + "groups/" + strings.Repeat("g", 1025) + "/:send", "x", []string{text}, 400, "group", "1 to 1024"},
		{"POST" + hub + ":closeConnections?reason=%", "", nil, 400, "reason", "not percent-encoded"},
		{"GET" + hub + "groups/g/connections?maxpagesize=201", "", nil, 400, "maxpagesize", "1 to 200"},
		{"GET" + hub + "groups/g/connections?top=0", "", nil, 400, "top", "whole number"},
		{"POST" + hub + ":addToGroups", `{"groups":["a"]}`, []string{text}, 415, "Content-Type", "JSON only"},
		{"POST" + hub + ":addToGroups", `{"groups":"a"}`, []string{inJSON}, 400, "body", "groups"},
		{"POST" + hub + ":addToGroups", `{"groups":[]}`, []string{inJSON}, 400, "groups", "0 names"},
		{"POST" + hub + ":addToGroups", `{"groups":["a",""]}`, []string{inJSON}, 400, "groups[1]", "1 to 1024"},
		{"POST" + hub + ":removeFromGroups", `{"groups":["a"],"filter":"x"}`, []string{inJSON}, 400, "filter", `position 1: "x" is no name`},
		{"PUT" + hub + "permissions/fly/connections/c?targetName=g", "", nil, 400, "permission", "joinLeaveGroup or sendToGroup"},
		{"PUT" + hub + "permissions/sendToGroup/connections/c", "", nil, 400, "targetName", "1 to 1024"},
		{"DELETE" + hub + "permissions/sendToGroup/connections/c", "", nil, 400, "targetName", "1 to 1024"},
		{"HEAD" + hub + "permissions/sendToGroup/connections/c", "", nil, 400, "targetName", "1 to 1024"},
		{"POST" + hub + ":generateToken?minutesToExpire=0", "", nil, 400, "minutesToExpire", "1 to 525600"},
		{"POST" + hub + ":generateToken?clientType=MQTT", "", nil, 400, "clientType", "Default"},
		{"POST" + hub + ":generateToken?group=", "", nil, 400, "group", "1 to 1024"},
		{"POST" + hub + ":generateToken?userId=a&userId=b", "", nil, 400, "userId", "2 times"},
		{"POST /api/hubs/other/:send", "x", []string{text}, 404, "hub", `"other"`},
		{"POST" + hub + ":sned", "x", []string{text}, 404, "", "no operation"},
		{"POST" + hub + "users//:send", "x", []string{text}, 404, "", "no operation"},
		{"POST" + hub + "a/b/c/d/e/f", "x", []string{text}, 404, "", "no operation"},
		{"GET /api/hubs/chat", "", nil, 404, "", "no operation"},
		{"GET /api/", "", nil, 404, "", "nothing at this path"},
		{"GET" + hub + ":send", "", nil, 405, "", "takes POST"},
		{"POST" + hub + "connections/c", "", nil, 405, "", "takes DELETE, HEAD"},
		{"GET /api/health", "", nil, 405, "", "takes HEAD"},
	} {
		t.Run(tc.line, func(t *testing.T) {
			f := &fakeHub{}
			b, _ := newBackend(t, api.Config{Hubs: f, Body: 100})
			w := b.ask(t, tc.line, tc.body, tc.headers...)
			if got := expectFailure(t, w, tc.status, tc.target); !strings.Contains(got.Message, tc.message) {
				t.Errorf("message %q, want %q in it", got.Message, tc.message)
			}
			if f.asked != nil {
				t.Errorf("the hub was asked: %q", f.asked)
			}
			if _, allowed, is := strings.Cut(tc.message, "takes "); is && w.Header().Get("Allow") != allowed {
				t.Errorf("Allow %q, want %q", w.Header().Get("Allow"), allowed)
			}
		})
	}
}

func TestWhatIsNotThere(t *testing.T) {
	const hub = " /api/hubs/chat/"
	for line, status := range map[string]int{
		"HEAD" + hub + "groups/g":                                             404,
		"HEAD" + hub + "users/u":                                              404,
		"HEAD" + hub + "connections/c":                                        404,
		"PUT" + hub + "groups/g/connections/c":                                404,
		"PUT" + hub + "users/u/groups/g":                                      404,
		"HEAD" + hub + "permissions/sendToGroup/connections/c?targetName=g":   404,
		"DELETE" + hub + "connections/c":                                      204,
		"DELETE" + hub + "groups/g/connections/c":                             204,
		"DELETE" + hub + "users/u/groups":                                     204,
		"DELETE" + hub + "permissions/sendToGroup/connections/c?targetName=g": 204,
	} {
		f := &fakeHub{}
		if strings.HasPrefix(line, "DELETE"+hub+"permissions") {
			f.fails = api.ErrNotFound
		}
		b, _ := newBackend(t, api.Config{Hubs: f})
		if w := b.ask(t, line, ""); w.Code != status || len(f.asked) != 1 {
			t.Errorf("%s: status %d, asked %q; want %d", line, w.Code, f.asked, status)
		}
	}
}

func TestErrorsOfHubs(t *testing.T) {
	for _, tc := range []struct {
		fails  error
		status int
		retry  string
	}{
		{api.ErrNotFound, 404, ""},
		{api.ErrTooMany, 409, ""},
		{api.ErrUnsupported, 501, ""},
		{fmt.Errorf("wrapped: %w", gateway.ErrBusy), 503, "1"},
		{gateway.ErrEnded, 503, "1"},
		{errors.New("a secret of the program"), 500, ""},
	} {
		b, _ := newBackend(t, api.Config{Hubs: &fakeHub{fails: tc.fails}})
		w := b.ask(t, "PUT /api/hubs/chat/permissions/sendToGroup/connections/c?targetName=g", "")
		f := expectFailure(t, w, tc.status, "")
		if got := w.Header().Get("Retry-After"); got != tc.retry || strings.Contains(f.Message, "secret") {
			t.Errorf("%v: Retry-After %q, message %q", tc.fails, got, f.Message)
		}
	}
}

func TestHealthNeedsNoToken(t *testing.T) {
	b, _ := newBackend(t, api.Config{Hubs: &fakeHub{}})
	r := b.request(t, "HEAD /api/health", "")
	r.Header.Del("Authorization")
	if w := b.do(r); w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}
