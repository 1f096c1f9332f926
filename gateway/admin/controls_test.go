package admin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway/admin"
)

func TestControlsAreForOperatorsOnly(t *testing.T) {
	type header map[string]string
	for _, tc := range []struct {
		name   string
		method string
		host   string
		header header
		status int
	}{
		{"a program", "POST", "sluice-0.admin:9090", nil, http.StatusAccepted},
		{"a page of its own", "POST", "127.0.0.1:9090", header{"Origin": "http://127.0.0.1:9090", "Sec-Fetch-Site": "same-origin"}, http.StatusAccepted},
		{"a page at port 80 of an IPv6 address", "POST", "[::1]", header{"Origin": "http://[::1]"}, http.StatusAccepted},
		{"a page on localhost", "POST", "localhost:9090", header{"Origin": "http://localhost:9090"}, http.StatusAccepted},
		{"a page over IPv6", "POST", "[::1]:9090", header{"Origin": "http://[::1]:9090"}, http.StatusAccepted},
		{"a page of another site", "POST", "127.0.0.1:9090", header{"Origin": "https://evil.example"}, http.StatusForbidden},
		{"a page of another site, by metadata", "POST", "127.0.0.1:9090", header{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		{"a sandboxed page", "POST", "127.0.0.1:9090", header{"Origin": "null"}, http.StatusForbidden},
		{"a page that rebinds its name", "POST", "evil.example:9090", header{"Origin": "http://evil.example:9090", "Sec-Fetch-Site": "same-origin"}, http.StatusForbidden},
		{"a link, and curl without -X POST", "GET", "127.0.0.1:9090", nil, http.StatusMethodNotAllowed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			drains := 0
			h := admin.WithControls(http.NotFoundHandler(), admin.Controls{Drain: func() { drains++ }})
			r := httptest.NewRequest(tc.method, "/drain", nil)
			r.Host = tc.host
			for name, value := range tc.header {
				r.Header.Set(name, value)
			}
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, r)
			want := 0
			if tc.status == http.StatusAccepted {
				want = 1
			}
			if answer.Code != tc.status || drains != want {
				t.Errorf("status %d and %d drains, want %d and %d; %s", answer.Code, drains, tc.status, want, answer.Body)
			}
		})
	}
}

func TestReloadTellsWhatCameOfIt(t *testing.T) {
	for _, tc := range []struct {
		name        string
		needRestart []string
		err         error
		status      int
		body        string
	}{
		{"all changed", nil, nil, http.StatusOK, `"needRestart": []`},
		{"some need a restart", []string{"loops"}, nil, http.StatusOK, `"loops"`},
		{"refused", nil, errors.New("sluice.yaml:1:8: loops: 5000: must be 1 to 1024"), http.StatusUnprocessableEntity, "sluice.yaml:1:8: loops: 5000"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := admin.WithControls(http.NotFoundHandler(), admin.Controls{Reload: func() ([]string, error) { return tc.needRestart, tc.err }})
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequest("POST", "/reload", nil))
			if answer.Code != tc.status || !strings.Contains(answer.Body.String(), tc.body) {
				t.Errorf("status %d, body %s; want %d with %s", answer.Code, answer.Body, tc.status, tc.body)
			}
			answer = httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequest("POST", "/drain", nil))
			if answer.Code != http.StatusNotFound {
				t.Errorf("a control that is not offered answers %d", answer.Code)
			}
		})
	}
}
