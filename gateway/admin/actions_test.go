package admin

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// acting serves the hub "game" with one member of the group "red", and an admin
// handler with actions, whose log it returns.
func acting(t *testing.T) (http.Handler, *gatewaytest.Client, gateway.SessionInfo, *bytes.Buffer) {
	t.Helper()
	n := gatewaytest.Start(t, gateway.Config{Hubs: []gateway.HubConfig{{
		Name: "game",
		Authorize: func(r *gateway.Request) error {
			r.Identity = gateway.Identity{User: "ana", Groups: []string{"red"}}
			return nil
		},
	}}})
	client := n.Dial(t, "/client/hubs/game")
	list, err := n.Gateway.Hub("game").List(t.Context(), gateway.Listing{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d sessions, %v", len(list), err)
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	return WithActions(Handler(n.Gateway, ""), n.Gateway, logger), client, list[0], &log
}

// post sends a body as the console does: from a page of the same origin, unless
// headers, in pairs, say otherwise.
func post(h http.Handler, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Host = "127.0.0.1:9090"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://127.0.0.1:9090")
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

func TestActionsReachSessionsAndGroupsAndAreLogged(t *testing.T) {
	h, client, info, log := acting(t)
	toSession := fmt.Sprintf(`"session":%q`, info.ID)
	const toGroup = `"hub":"game","group":"red"`
	for i, target := range []string{toSession, toGroup, `"hub":"game"`} {
		text := fmt.Sprint("message ", i)
		answer := post(h, "/send", fmt.Sprintf(`{%s,"text":%q}`, target, text))
		if answer.Code != 200 || strings.Join(strings.Fields(answer.Body.String()), "") != `{"sent":1,"dropped":0,"closed":0}` {
			t.Errorf("send to %s: %d %s", target, answer.Code, answer.Body)
		}
		if f := client.ReceiveFrame(); string(f.Payload) != text {
			t.Errorf("received %q, want %q", f.Payload, text)
		}
	}
	if answer := post(h, "/close", `{`+toGroup+`,"code":4001,"reason":"enough"}`); answer.Code != http.StatusAccepted {
		t.Errorf("close: %d %s", answer.Code, answer.Body)
	}
	f := client.ReceiveFrame()
	if code, reason := ws.ParseCloseFrameData(f.Payload); f.Header.OpCode != ws.OpClose || code != 4001 || reason != "enough" {
		t.Errorf("received %v with %d %q, want a close frame with 4001 enough", f.Header.OpCode, code, reason)
	}
	for _, want := range []string{
		"action=send by=192.0.2.1:1234 bytes=9 sent=1 session=" + info.ID,
		"action=send by=192.0.2.1:1234 bytes=9 sent=1 hub=game group=red",
		"action=send by=192.0.2.1:1234 bytes=9 sent=1 hub=game",
		"action=close by=192.0.2.1:1234 code=4001 reason=enough hub=game group=red",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the log:\n%s", want, log)
		}
	}
}

// A page of another site can have a browser send requests here, and can have its
// own name resolve to this address.
func TestActionsAreNotForOtherSites(t *testing.T) {
	h, _, info, log := acting(t)
	for _, path := range []string{"/send", "/close"} {
		for _, tc := range []struct {
			name    string
			headers []string
			status  int
		}{
			{"another origin", []string{"Origin", "https://evil.example"}, 403},
			{"another port of this host", []string{"Origin", "http://127.0.0.1:8080"}, 403},
			{"no origin that may be told", []string{"Origin", "null"}, 403},
			{"the browser says so", []string{"Sec-Fetch-Site", "cross-site"}, 403},
			{"a rebound name", []string{"Origin", "http://evil.example:9090", "Host", "evil.example:9090"}, 403},
			{"a rebound name that the browser trusts", []string{"Origin", "http://evil.example:9090", "Host", "evil.example:9090", "Sec-Fetch-Site", "same-origin"}, 403},
			{"a form", []string{"Content-Type", "text/plain"}, 415},
			{"an encoded form", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		} {
			answer := post(h, path, fmt.Sprintf(`{"session":%q}`, info.ID), tc.headers...)
			if answer.Code != tc.status {
				t.Errorf("%s: %s: %d %s, want %d", path, tc.name, answer.Code, answer.Body, tc.status)
			}
		}
	}
	if log.Len() != 0 {
		t.Errorf("refused requests have acted: %s", log)
	}
}

func TestActionsAreForThisOriginAndForTools(t *testing.T) {
	for _, tc := range []struct {
		name    string
		headers []string
	}{
		{"the console by address", nil},
		{"the console by IPv6 address", []string{"Host", "[::1]:9090", "Origin", "http://[::1]:9090"}},
		{"the console as localhost", []string{"Host", "localhost:9090", "Origin", "http://localhost:9090", "Sec-Fetch-Site", "same-origin"}},
		{"curl", []string{"Origin", "", "Host", "gateway.internal:9090"}},
		{"with a character set", []string{"Content-Type", "application/json; charset=utf-8"}},
	} {
		h, _, info, _ := acting(t)
		if answer := post(h, "/close", fmt.Sprintf(`{"session":%q}`, info.ID), tc.headers...); answer.Code != http.StatusAccepted {
			t.Errorf("%s: %d %s", tc.name, answer.Code, answer.Body)
		}
	}
}

func TestFaultsOfActions(t *testing.T) {
	h, _, info, _ := acting(t)
	for _, tc := range []struct {
		path, body string
		status     int
		detail     string
	}{
		{"/send", `{"text":"x"}`, 400, "session: is missing; give it, or hub and group"},
		{"/send", `{"hub":"none","text":"x"}`, 404, `hub: \"none\": there is no such hub; /status names all`},
		{"/close", `{"hub":"game"}`, 400, "session: is missing; give it, or hub and group"},
		{"/send", `{"session":"x","group":"red","text":"x"}`, 400, "session: is given beside a hub or a group; give either"},
		{"/send", `{"session":"x","text":"x"}`, 404, `session: \"x\": is no connection id of this gateway`},
		{"/send", `{"hub":"none","group":"red","text":"x"}`, 404, `hub: \"none\": there is no such hub; /status names all`},
		{"/send", `{"hub":"game","group":"blue","text":"x"}`, 404, `group: \"blue\": has no members`},
		{"/send", `{"session":"` + info.ID + `"}`, 400, "text: is missing; give the message as a string"},
		{"/send", `{"session":`, 400, "the body cannot be read: unexpected EOF"},
		{"/send", `{"sessions":"x"}`, 400, `the body cannot be read: json: unknown field \"sessions\"`},
		{"/send", `{} {}`, 400, "the body cannot be read: there is more after the object"},
		{"/send", `{"text":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "the body is longer than 1048576 bytes"},
		{"/close", `{"session":"` + info.ID + `","code":1005}`, 400, "gateway: close a session: code 1005: use 1000, 1001,"},
		{"/close", `{"hub":"game","group":"red","code":1}`, 400, "gateway: close a session: code 1: use"},
		{"/close", `{"session":"` + info.ID + `","reason":"` + strings.Repeat("x", 124) + `"}`, 400, "reason: has 124 bytes; a close frame takes 123"},
	} {
		answer := post(h, tc.path, tc.body)
		if answer.Code != tc.status || !strings.Contains(answer.Body.String(), `"detail":"`+tc.detail) {
			t.Errorf("%s %.60s: %d %s; want %d %s", tc.path, tc.body, answer.Code, answer.Body, tc.status, tc.detail)
		}
	}
}

// Who acts where nothing may be done is told what would allow it.
func TestActionsThatAreOffSaySo(t *testing.T) {
	h := Handler(gatewaytest.Start(t, gateway.Config{}).Gateway, "")
	for _, path := range []string{"/send", "/close"} {
		if answer := post(h, path, "{}"); answer.Code != http.StatusForbidden || !strings.Contains(answer.Body.String(), path+": actions are off; adminActions, a setting of sluice serve, turns them on") {
			t.Errorf("%s: %d %s", path, answer.Code, answer.Body)
		}
	}
}

func TestActionsAreOfferedWhereTheyAreAllowed(t *testing.T) {
	h, _, _, _ := acting(t)
	for _, tc := range []struct {
		name    string
		handler http.Handler
		actions string
		status  int
	}{
		{"allowed", h, `{"actions":["send","close"]}`, http.StatusBadRequest},
		{"not allowed", Handler(busy(), ""), `{"actions":[]}`, http.StatusForbidden},
	} {
		answer := httptest.NewRecorder()
		tc.handler.ServeHTTP(answer, httptest.NewRequest("GET", "/actions", nil))
		if got := strings.Join(strings.Fields(answer.Body.String()), ""); got != tc.actions {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.actions)
		}
		if answer := post(tc.handler, "/close", "{}"); answer.Code != tc.status {
			t.Errorf("%s: POST /close: %d, want %d", tc.name, answer.Code, tc.status)
		}
	}
}
