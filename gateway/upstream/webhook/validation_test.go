package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

func TestValidation(t *testing.T) {
	for _, tc := range []struct {
		name    string
		allowed []string
		status  int
		want    bool
	}{
		{"everybody", []string{"*"}, 200, true},
		{"the host", []string{"Gateway.Example.com"}, 204, true},
		{"the host and a port", []string{"gateway.example.com:8080"}, 200, true},
		{"a URL", []string{"https://gateway.example.com"}, 200, true},
		{"the second line", []string{"other", origin}, 200, true},
		{"a list", []string{"other, " + origin}, 200, true},
		{"nobody", nil, 200, false},
		{"another", []string{"gateway.example.com.evil.org"}, 200, false},
		{"a part", []string{"example.com"}, 200, false},
		{"forbidden", []string{"*"}, 403, false},
		{"a redirect", []string{"*"}, 302, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked *http.Request
				posts := 0
				u := openTo(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPost {
						posts++
						return
					}
					asked = r
					w.Header()["Webhook-Allowed-Origin"] = tc.allowed
					w.WriteHeader(tc.status)
				}))
				err := say(t, u)
				var refused *webhook.NotAllowed
				if tc.want && (err != nil || posts != 1) || !tc.want && (!errors.As(err, &refused) || posts != 0) {
					t.Errorf("got %v and %d posts", err, posts)
				}
				if asked.Method != http.MethodOptions || asked.URL.Path != "/events/validate" ||
					asked.Header.Get("WebHook-Request-Origin") != origin || asked.Header.Get("ce-awpsversion") != "1.0" {
					t.Errorf("asked %s %s with %v", asked.Method, asked.URL, asked.Header)
				}
			})
		})
	}
}

// Hosts of URLs have brackets around an IPv6 address, and the origin has none.
func TestValidationOfAnIPv6Address(t *testing.T) {
	for _, allowed := range []string{"2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:8080", "https://[2001:DB8::7]", "http://[2001:db8::7]:8080"} {
		synctest.Test(t, func(t *testing.T) {
			u := openTo(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WebHook-Allowed-Origin", allowed)
			}), func(c *webhook.Config) { c.Origin = "2001:db8::7" })
			if err := say(t, u); err != nil {
				t.Errorf("%s: %v", allowed, err)
			}
		})
	}
}

func TestValidationFallsBackToGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var methods []string
		u := openTo(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
			methods = append(methods, r.Method)
			if r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusNotFound)
			}
			w.Header().Set("WebHook-Allowed-Origin", "*")
		}))
		if err := say(t, u); err != nil {
			t.Fatal(err)
		}
		if len(methods) != 3 || methods[1] != http.MethodGet || methods[2] != http.MethodPost {
			t.Errorf("got %q", methods)
		}
	})
}

// validator counts validations, which it answers as it is told to.
type validator struct {
	allow bool
	hang  bool
	asked int
}

func (v *validator) handle(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodOptions {
		return
	}
	v.asked++
	if v.hang {
		<-r.Context().Done()
	}
	if v.allow {
		w.Header().Set("WebHook-Allowed-Origin", "*")
	}
}

func TestSuccessHoldsForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := &validator{allow: true}
		u := openTo(t, serve(t, handler.handle))
		if u.Stats().Handlers[0].Validated {
			t.Error("validated before the first event")
		}
		for _, step := range []struct {
			after time.Duration
			asked int
		}{{0, 1}, {59 * time.Second, 1}, {2 * time.Second, 2}} {
			pass(step.after)
			if err := say(t, u); err != nil || handler.asked != step.asked {
				t.Fatalf("after %v more: %v, asked %d times, want %d", step.after, err, handler.asked, step.asked)
			}
		}
		if !u.Stats().Handlers[0].Validated {
			t.Error("not validated after the last")
		}
	})
}

// Back-off is 1, 2, 4 s and so on to 30 s, each give or take a fifth.
func TestFailureBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := new(validator)
		u := openTo(t, serve(t, handler.handle))
		for second := range 61 {
			if err := say(t, u); err == nil {
				t.Fatalf("second %d: an event was accepted", second)
			}
			pass(time.Second)
		}
		// At 0, 1, 3, 7, 15 and 31 s, if all were exact; up to a second later each,
		// for an event must come.
		if handler.asked < 5 || handler.asked > 8 {
			t.Errorf("asked %d times within a minute, want 5 to 8", handler.asked)
		}
		handler.allow = true
		pass(37 * time.Second)
		if err := say(t, u); err != nil {
			t.Errorf("after the longest back-off: %v", err)
		}
	})
}

// Whoever looks into the log finds why a handler gets no events, once, and that it gets
// some again.
func TestTheLogSaysWhyAHandlerIsNotValidated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		handler := new(validator)
		u := openTo(t, serve(t, handler.handle), func(c *webhook.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		for _, allow := range []bool{false, false, true, true} {
			handler.allow = allow
			if err := say(t, u); (err == nil) != allow {
				t.Fatalf("allowed %t: %v", allow, err)
			}
			pass(2 * time.Minute)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 2 ||
			!strings.Contains(lines[0], `level=WARN msg="upstream handler gets no events" handler=http://handler/events/{event} error="`) || !strings.Contains(lines[0], "must be * or "+origin) ||
			!strings.Contains(lines[1], `level=INFO msg="upstream handler gets events again" handler=http://handler/events/{event}`) {
			t.Errorf("the log has\n%s", &log)
		}
	})
}

// However long a handler was away, it is found within the breaker's pause, give or take
// a fifth, and until then events fail without a wait.
func TestAHandlerThatWasAwayIsSoonFound(t *testing.T) {
	for name, refuses := range map[string]bool{"it refused connections": true, "a proxy answered for it": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				away := true
				handler := serve(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("WebHook-Allowed-Origin", "*")
					if away {
						w.WriteHeader(http.StatusBadGateway)
					}
				})
				u := openTo(t, handler, func(c *webhook.Config) {
					c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
						if away && refuses {
							return nil, errors.New("connection refused")
						}
						return handler.dial(ctx, network, address)
					}
				})
				began := time.Now()
				for range 600 {
					if err := say(t, u); err == nil {
						t.Fatal("an event was accepted")
					}
					pass(time.Second)
				}
				if waited := time.Since(began) - 600*time.Second; waited != 0 {
					t.Errorf("events waited %v in all", waited)
				}
				away = false
				pass(1200 * time.Millisecond)
				if err := say(t, u); err != nil {
					t.Errorf("when it was back: %v", err)
				}
			})
		})
	}
}

func TestEventsShareOneValidation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := &validator{allow: true, hang: true}
		u := openTo(t, serve(t, handler.handle), func(c *webhook.Config) { c.TotalTimeout = time.Minute })
		began := time.Now()
		var events sync.WaitGroup
		for range 20 {
			events.Go(func() {
				if err := say(t, u); err == nil {
					t.Error("an event was accepted without a validation")
				}
			})
		}
		events.Wait()
		took := time.Since(began)
		synctest.Wait()
		if handler.asked != 1 || took != 10*time.Second {
			t.Errorf("asked %d times in %v, want once, and 10 s", handler.asked, took)
		}
	})
}
