package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/settings"
	"github.com/sluicegate/sluice/gateway/token"
)

// newTestService returns a service whose gateway is a function.
func newTestService(t *testing.T, gateway http.HandlerFunc) *service {
	t.Helper()
	server := httptest.NewServer(gateway)
	t.Cleanup(server.Close)
	s, err := newService(server.URL, testKey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSend(t *testing.T) {
	var tokens *token.Authority
	var got string
	s := newTestService(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = tokens.CheckREST(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r.RequestURI)
		}
		if err != nil {
			t.Error(err)
		}
		got = r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") + " " + string(body)
		w.WriteHeader(http.StatusAccepted)
	})
	tokens = s.tokens
	if err := s.send(t.Context(), line{"Ana", "hello"}); err != nil {
		t.Fatal(err)
	}
	if want := `POST /api/hubs/chat/groups/stream/:send application/json {"from":"Ana","text":"hello"}`; got != want {
		t.Errorf("the gateway is asked %s, want %s", got, want)
	}
}

func TestSendSaysWhatTheGatewaySays(t *testing.T) {
	s := newTestService(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the hub is not served", http.StatusNotFound)
	})
	err := s.send(t.Context(), line{})
	if err == nil || err.Error() != "send to stream: 404 Not Found: the hub is not served\n" {
		t.Errorf("the error is %v", err)
	}
}

func TestNegotiate(t *testing.T) {
	s := newTestService(t, http.NotFound)
	for name, want := range map[string]string{"Ana": "Ana", " Ben ☾ ": "Ben ☾", "": "", "  ": "", strings.Repeat("x", 25): "", "\xff": ""} {
		r := httptest.NewRequest("POST", "/negotiate", strings.NewReader(url.Values{"name": {name}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer := httptest.NewRecorder()
		s.negotiate(answer, r)
		if want == "" {
			if answer.Code != http.StatusBadRequest {
				t.Errorf("%q is let in: %d", name, answer.Code)
			}
			continue
		}
		var said struct{ URL string }
		if err := json.Unmarshal(answer.Body.Bytes(), &said); err != nil {
			t.Fatal(err)
		}
		at, signed, _ := strings.Cut(said.URL, "?access_token=")
		checked, err := s.tokens.CheckClient(signed, hub)
		if err != nil || checked.User != want || at != s.endpoint.ClientURL(hub) {
			t.Errorf("%q is sent to %s as %q, %v", name, at, checked.User, err)
		}
	}
}

func TestTheWaysIn(t *testing.T) {
	h := handler(newTestService(t, http.NotFound), newRoom(&crowd{}), testKey)
	for request, want := range map[string]int{
		"GET /":           200,
		"GET /chat.js":    200,
		"GET /pubsub.js":  200,
		"GET /chat.css":   200,
		"OPTIONS /events": 200,
		"POST /events":    401,
		"POST /negotiate": 400,
		"GET /none":       404,
		"POST /":          405,
	} {
		method, path, _ := strings.Cut(request, " ")
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("WebHook-Request-Origin", "gateway.example")
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		if answer.Code != want {
			t.Errorf("%s: %d, want %d", request, answer.Code, want)
		}
		if allowed := answer.Header().Get("WebHook-Allowed-Origin"); (allowed == "gateway.example") != (method == "OPTIONS") {
			t.Errorf("%s allows %q", request, allowed)
		}
	}
}

func TestTheConfigurationCoalesces(t *testing.T) {
	content, err := os.ReadFile("sluice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := settings.Load(settings.Input{Files: []settings.File{{Name: "sluice.yaml", YAML: content}}})
	if err != nil {
		t.Fatal(err)
	}
	config, err := s.Gateway()
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Hubs) != 1 || config.Hubs[0].Name != hub || config.Hubs[0].Delivery.Window != 50*time.Millisecond {
		t.Errorf("the hubs are %+v", config.Hubs)
	}
}
