package webhook_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

func TestFaultsNameTheFieldAndTheRemedy(t *testing.T) {
	for _, tc := range []struct {
		name, field, remedy string
		spoil               func(*webhook.Config)
	}{
		{"no hub", "Hub", "must name", func(c *webhook.Config) { c.Hub = "" }},
		{"no origin", "Origin", "must be a host", func(c *webhook.Config) { c.Origin = "" }},
		{"origin with port", "Origin", "without scheme, port", func(c *webhook.Config) { c.Origin = "host:80" }},
		{"origin with a space", "Origin", "must be a host", func(c *webhook.Config) { c.Origin = "a b" }},
		{"origin that ends a header", "Origin", "must be a host", func(c *webhook.Config) { c.Origin = "a\r\nb" }},
		{"no handlers", "Handlers", "1 to 64", func(c *webhook.Config) { c.Handlers = nil }},
		{"relative URL", "Handlers[0].URL", "http://", func(c *webhook.Config) { c.Handlers[0].URL = "/events" }},
		{"other scheme", "Handlers[0].URL", "http://", func(c *webhook.Config) { c.Handlers[0].URL = "ftp://host/" }},
		{"no host", "Handlers[0].URL", "host", func(c *webhook.Config) { c.Handlers[0].URL = "http:///x" }},
		{"password", "Handlers[0].URL", "logs", func(c *webhook.Config) { c.Handlers[0].URL = "http://a:b@host/" }},
		{"fragment", "Handlers[0].URL", "fragment", func(c *webhook.Config) { c.Handlers[0].URL = "http://host/#x" }},
		{"unknown placeholder", "Handlers[0].URL", "{hub} and {event}", func(c *webhook.Config) { c.Handlers[0].URL = "http://host/{user}" }},
		{"event in the host", "Handlers[0].URL", "path and query only", func(c *webhook.Config) { c.Handlers[0].URL = "http://{event}/" }},
		{"event in the port", "Handlers[0].URL", "must", func(c *webhook.Config) { c.Handlers[0].URL = "http://host:{event}/" }},
		{"user as system event", "Handlers[0].System[0]", "User", func(c *webhook.Config) { c.Handlers[0].System = []webhook.Kind{webhook.User} }},
		{"bad event name", "Handlers[0].User", "separated by commas", func(c *webhook.Config) { c.Handlers[0].User = "say,9" }},
		{"no events", "Handlers[0]", "takes no events", func(c *webhook.Config) { c.Handlers[0].System, c.Handlers[0].User = nil, "" }},
		{"empty key", "Keys[1]", "must not be empty", func(c *webhook.Config) { c.Keys = []string{"k", ""} }},
		{"timeout", "Timeout", "must be", func(c *webhook.Config) { c.Timeout = time.Hour }},
		{"total timeout", "TotalTimeout", "must be", func(c *webhook.Config) { c.TotalTimeout = -1 }},
		{"concurrency", "Concurrency", "1 to", func(c *webhook.Config) { c.Concurrency = -1 }},
		{"queue", "Queue", "1 to", func(c *webhook.Config) { c.Queue = -1 }},
		{"deliveries", "Deliveries", "1 to", func(c *webhook.Config) { c.Deliveries = -1 }},
		{"reply", "Reply", "bytes", func(c *webhook.Config) { c.Reply = 2 << 30 }},
		{"breaker failures", "BreakerFailures", "1 to", func(c *webhook.Config) { c.BreakerFailures = -1 }},
		{"retry window", "RetryWindow", "must be 1ms to 24h0m0s", func(c *webhook.Config) { c.RetryWindow = 25 * time.Hour }},
		{"breaker pause", "BreakerPause", "must be", func(c *webhook.Config) { c.BreakerPause = -1 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := everything("http://127.0.0.1:9000/")
			tc.spoil(&config)
			_, err := webhook.New(config)
			var fault *webhook.Fault
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, want a fault", err)
			}
			if fault.Field != tc.field || !strings.Contains(fault.Problem, tc.remedy) {
				t.Errorf("got %q, want the field %s and %q", fault, tc.field, tc.remedy)
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	for _, origin := range []string{"localhost", "gateway.example.com", "127.0.0.1", "::1"} {
		config := everything("https://host/{hub}?code=x&event={event}")
		config.Origin = origin
		if err := config.Validate(); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

func TestParseHandler(t *testing.T) {
	hub, h, err := webhook.ParseHandler("chat=http://127.0.0.1:9000/hubs/chat/?a=b")
	if err != nil {
		t.Fatal(err)
	}
	if hub != "chat" || h.URL != "http://127.0.0.1:9000/hubs/chat/?a=b" || h.User != "*" || !slices.Equal(h.System, webhook.SystemKinds()) {
		t.Errorf("got %q and %+v", hub, h)
	}
	for _, bad := range []string{"", "chat", "=http://host/", "chat=", "chat=host:80", "chat=http://host/{x}"} {
		if _, _, err := webhook.ParseHandler(bad); err == nil || !strings.Contains(err.Error(), "http://") && !strings.Contains(err.Error(), "{hub}") {
			t.Errorf("%q: got %v, want an error that says what would be right", bad, err)
		}
	}
}

func TestKindsHaveNames(t *testing.T) {
	for _, kind := range webhook.SystemKinds() {
		text, _ := kind.MarshalText()
		read := webhook.User
		if err := read.UnmarshalText(text); err != nil || read != kind {
			t.Errorf("%s: read as %s, %v", text, read, err)
		}
	}
	if err := new(webhook.Kind).UnmarshalText([]byte("user")); err == nil || !strings.Contains(err.Error(), "disconnected") {
		t.Errorf("user: got %v, want an error that lists the system events", err)
	}
}

func TestTakes(t *testing.T) {
	config := everything("http://host/")
	config.Handlers = []webhook.Handler{
		{URL: "http://host/a", System: []webhook.Kind{webhook.Connect, webhook.Left}},
		{URL: "http://host/b", User: "say, Wave"},
	}
	u, err := webhook.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close(t.Context())
	for _, tc := range []struct {
		kind webhook.Kind
		name string
		want bool
	}{
		{webhook.Connect, "", true},
		{webhook.Connected, "", false},
		{webhook.Left, "", true},
		{webhook.User, "SAY", true},
		{webhook.User, "wave", true},
		{webhook.User, "shout", false},
	} {
		if got := u.Takes(tc.kind, tc.name); got != tc.want {
			t.Errorf("%s %q: %v, want %v", tc.kind, tc.name, got, tc.want)
		}
	}
}
