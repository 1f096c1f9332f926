package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

const testKey = "0123456789abcdef0123456789abcdef"

// event returns an event of connection c1, signed with a key.
func event(kind, user, body, key string) *http.Request {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("c1"))
	r := httptest.NewRequest("POST", "/events", strings.NewReader(body))
	r.Header.Set("ce-type", "azure.webpubsub."+kind)
	r.Header.Set("ce-connectionId", "c1")
	r.Header.Set("ce-userId", user)
	r.Header.Set("ce-signature", "sha256=0000,sha256="+hex.EncodeToString(mac.Sum(nil)))
	return r
}

func TestTake(t *testing.T) {
	unsigned := event("sys.connected", "", "", testKey)
	unsigned.Header.Del("ce-signature")
	for name, tc := range map[string]struct {
		event   *http.Request
		viewers crowd
		status  int
		body    string
		sent    []any
		present int
	}{
		"connect":       {event: event("sys.connect", "Ana", "{}", testKey), status: 200, body: `{"groups":["stream"]}`},
		"connected":     {event: event("sys.connected", "Ana", "{}", testKey), status: 200, present: 1},
		"disconnected":  {event: event("sys.disconnected", "Ana", "{}", testKey), status: 200},
		"say":           {event: event("user.say", "Ana%20%E2%98%BE", "hello", testKey), status: 200, sent: []any{line{"Ana ☾", "hello"}}},
		"say nothing":   {event: event("user.say", "Ana", " ", testKey), status: 400, body: errLine.Error()},
		"say too much":  {event: event("user.say", "Ana", strings.Repeat("a", 5<<10), testKey), status: 400, body: "the text cannot be read"},
		"say to nobody": {event: event("user.say", "Ana", "hello", testKey), viewers: crowd{err: errors.New("no gateway")}, status: 502, body: "the gateway cannot be reached"},
		"no user":       {event: event("user.say", "%", "hello", testKey), status: 400, body: "ce-userId is not percent-encoded"},
		"unknown":       {event: event("user.sing", "Ana", "la", testKey), status: 400, body: "no such event"},
		"another's key": {event: event("sys.connected", "Ana", "{}", "another"), status: 401, body: "the event is not signed by the gateway"},
		"no signature":  {event: unsigned, status: 401, body: "the event is not signed by the gateway"},
	} {
		t.Run(name, func(t *testing.T) {
			e := &events{room: newRoom(&tc.viewers), key: testKey}
			answer := httptest.NewRecorder()
			e.take(answer, tc.event)
			if body := strings.TrimSpace(answer.Body.String()); answer.Code != tc.status || body != tc.body {
				t.Errorf("answered with %d %q, want %d %q", answer.Code, body, tc.status, tc.body)
			}
			if present, _ := e.room.count(); present != tc.present || !reflect.DeepEqual(tc.viewers.sent, tc.sent) {
				t.Errorf("%d are present and are sent %v, want %d and %v", present, tc.viewers.sent, tc.present, tc.sent)
			}
		})
	}
}
