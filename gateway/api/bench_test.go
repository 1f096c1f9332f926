package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sluicegate/sluice/gateway/api"
)

// silence takes sends for every hub and does nothing about them.
type silence struct{ api.Hub }

func (silence) Send(context.Context, api.Selection, *api.Message) error { return nil }

type silentHubs struct{}

func (silentHubs) Hub(string) (api.Hub, bool) { return silence{}, true }

// sending returns a function that makes one good request to send a message.
func sending(t testing.TB, query string) func() {
	b, h := newBackend(t, api.Config{Hubs: silentHubs{}})
	r := b.request(t, "POST /api/hubs/chat/groups/room%201/:send?api-version=2024-12-01"+query, "", "Content-Type: application/json")
	payload := []byte(`{"type":"move","x":17,"y":4,"name":"a message of about a hundred bytes, as games send them all the time"}`)
	body := bytes.NewReader(payload)
	r.Body, r.ContentLength = io.NopCloser(body), int64(len(payload))
	w := httptest.NewRecorder()
	return func() {
		body.Reset(payload)
		w.Code = 0
		*w = httptest.ResponseRecorder{HeaderMap: w.HeaderMap}
		h.ServeHTTP(w, r)
		if w.Code != http.StatusAccepted {
			t.Fatalf("status %d", w.Code)
		}
	}
}

// BenchmarkSend is what a send costs between net/http and the hub, with a token
// that was seen before.
func BenchmarkSend(b *testing.B) {
	for name, query := range map[string]string{"plain": "", "filter": "&filter=userId%20eq%20%27ana%27&excluded=abc"} {
		b.Run(name, func(b *testing.B) {
			send := sending(b, query)
			b.ReportAllocs()
			for b.Loop() {
				send()
			}
		})
	}
}
