package webhook_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// zeros never end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestRepliesHaveTheirType(t *testing.T) {
	for _, tc := range []struct {
		contentType, body string
		want              webhook.DataType
	}{
		{"text/plain; charset=utf-8", "ä", webhook.Text},
		{"text/plain", "hi", webhook.Text},
		{"application/json; charset=UTF-8", `{"a":1}`, webhook.JSON},
		{"application/octet-stream", "\xff\x00", webhook.Binary},
		{"image/png", "x", webhook.Binary},
		{";;", "x", webhook.Binary},
		{"text/plain", "", webhook.Binary},
	} {
		t.Run(tc.contentType+tc.body, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := open(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", tc.contentType)
					io.WriteString(w, tc.body)
				})
				reply, err := u.UserEvent(t.Context(), &webhook.Connection{ID: "c1"}, webhook.UserEvent{Name: "say"})
				if err != nil || reply.Type != tc.want || string(reply.Data) != tc.body {
					t.Errorf("got %+v, %v", reply, err)
				}
			})
		})
	}
}

// answer is what a lying handler says.
type answer struct {
	status int
	header map[string]string
	body   string
	reader io.Reader // after body
}

func (a answer) give(w http.ResponseWriter) {
	for key, value := range a.header {
		w.Header().Set(key, value)
	}
	w.WriteHeader(max(a.status, http.StatusOK))
	io.WriteString(w, a.body)
	if a.reader != nil {
		io.Copy(w, a.reader)
	}
}

func TestLyingAnswersAreErrors(t *testing.T) {
	text := map[string]string{"Content-Type": "text/plain"}
	for _, tc := range []struct {
		name    string
		answer  answer
		problem string
		user    bool // or else connect
	}{
		{"not JSON", answer{body: "hello"}, "JSON object", false},
		{"a list", answer{body: "[]"}, "JSON object", false},
		{"null", answer{body: "null"}, "JSON object", false},
		{"half an object", answer{body: `{"userId":`}, "JSON", false},
		{"two objects", answer{body: `{}{}`}, "JSON", false},
		{"user id of a wrong type", answer{body: `{"userId":7}`}, "userId", false},
		{"groups of a wrong type", answer{body: `{"groups":"g"}`}, "groups", false},
		{"roles of a wrong type", answer{body: `{"roles":[1]}`}, "roles", false},
		{"deep JSON", answer{body: `{"a":` + strings.Repeat("[", 50_000)}, "JSON", false},
		{"subprotocol not offered", answer{body: `{"subprotocol":"z"}`}, "does not offer", false},
		{"long connect answer", answer{body: strings.Repeat(" ", 64<<10+1)}, "more than 65536 bytes", false},
		{"endless connect answer", answer{reader: zeros{}}, "more than 65536 bytes", false},
		{"long reply", answer{body: strings.Repeat("x", 1001)}, "more than 1000 bytes", true},
		{"endless reply", answer{reader: zeros{}}, "more than 1000 bytes", true},
		{"text that is not UTF-8", answer{header: text, body: "\xff"}, "UTF-8", true},
		{"other charset", answer{header: map[string]string{"Content-Type": "text/plain; charset=latin1"}, body: "x"}, "utf-8", true},
		{"bad JSON", answer{header: map[string]string{"Content-Type": "application/json"}, body: "{"}, "not JSON", true},
		{"JSON that is not UTF-8", answer{header: map[string]string{"Content-Type": "application/json"}, body: "\"\xff\""}, "UTF-8", true},
		{"redirect", answer{status: 307, header: map[string]string{"Location": "http://elsewhere/"}}, "status 307", true},
		{"unheard-of status", answer{status: 799}, "status 799", true},
		{"long state", answer{header: map[string]string{"ce-connectionState": strings.Repeat("s", 4<<10+1)}}, "4 KiB", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := open(t, func(w http.ResponseWriter, r *http.Request) { tc.answer.give(w) },
					func(c *webhook.Config) { c.Reply = 1000 })
				client := &webhook.Connection{ID: "c1"}
				var err error
				if tc.user {
					_, err = u.UserEvent(t.Context(), client, webhook.UserEvent{Name: "say"})
				} else {
					_, err = u.Connect(t.Context(), client, webhook.ConnectRequest{Subprotocols: []string{"a"}})
				}
				var unavailable *webhook.Unavailable
				var bad *webhook.BadAnswer
				if !errors.As(err, &unavailable) || !errors.As(err, &bad) || !strings.Contains(bad.Problem, tc.problem) {
					t.Errorf("got %v, want a bad answer: %s", err, tc.problem)
				}
				if client.State() != "" {
					t.Errorf("its state %.20q took effect", client.State())
				}
			})
		})
	}
}

func TestRefusalsHaveStatusAndABoundedBody(t *testing.T) {
	for _, status := range []int{400, 401, 403, 500, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := open(t, func(w http.ResponseWriter, r *http.Request) {
					answer{status: status, header: map[string]string{"ce-connectionState": "x"}, body: "no entry", reader: zeros{}}.give(w)
				})
				client := &webhook.Connection{ID: "c1"}
				_, err := u.Connect(t.Context(), client, webhook.ConnectRequest{})
				var rejected *webhook.Rejected
				if !errors.As(err, &rejected) || rejected.Status != status || !strings.HasPrefix(string(rejected.Body), "no entry") || len(rejected.Body) != 4<<10 {
					t.Fatalf("got %v, want a refusal with %d and 4 KiB", err, status)
				}
				if client.State() != "" {
					t.Error("the state of a refusal took effect")
				}
				if events := u.Stats().Events[webhook.Connect]; events != (webhook.EventStats{Rejected: 1}) {
					t.Errorf("got %+v, want one rejected", events)
				}
			})
		})
	}
}

// The head is bounded too, and what ends early is no answer.
func TestAnswersThatBreakOff(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"before the head": func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
		"within the body": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "five")
			panic(http.ErrAbortHandler)
		},
		"control characters in the head": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ce-connectionState", "a\x01b")
		},
		"huge head": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 128<<10))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				u := open(t, func(w http.ResponseWriter, r *http.Request) {
					requests++
					handle(w, r)
				})
				var unavailable *webhook.Unavailable
				if err := say(t, u); !errors.As(err, &unavailable) || unavailable.Handler != "http://handler/events/{event}" {
					t.Errorf("got %v, want that the handler is unavailable", err)
				}
				if requests != 1 {
					t.Errorf("%d requests: one that arrived must not be sent again", requests)
				}
				if events := u.Stats().Events[webhook.User]; events != (webhook.EventStats{Failed: 1}) {
					t.Errorf("got %+v, want one failed", events)
				}
			})
		})
	}
}
