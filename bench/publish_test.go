package bench

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPublishOverHTTP(t *testing.T) {
	const text = `a "quoted" text`
	for _, test := range []struct {
		name    string
		publish HTTPPublish
		kind    string
		body    string
	}{
		{"as it is", HTTPPublish{}, "text/plain", text},
		{"within a template", HTTPPublish{Body: "<{text}>", ContentType: "text/html"}, "text/html", "<" + text + ">"},
		{"escaped in JSON", HTTPPublish{Body: `{"data": "{text}"}`, ContentType: "application/json"}, "application/json", `{"data": "a \"quoted\" text"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPost || r.Header.Get("Content-Type") != test.kind || r.Header.Get("X-Key") != "k" || string(body) != test.body {
					t.Errorf("got %s %v %q", r.Method, r.Header, body)
				}
				w.WriteHeader(http.StatusAccepted)
			}))
			defer s.Close()
			test.publish.URL, test.publish.Headers = s.URL, http.Header{"x-key": {"k"}}
			if err := test.publish.send(context.Background(), http.DefaultClient, []byte(text)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPublishRefused(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "who are you?", http.StatusUnauthorized)
	}))
	defer s.Close()
	err := HTTPPublish{URL: s.URL}.send(context.Background(), http.DefaultClient, nil)
	if err == nil || !strings.Contains(err.Error(), "answered 401 Unauthorized: who are you?") {
		t.Errorf("got %v", err)
	}
}
