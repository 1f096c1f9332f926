package api_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// silence takes sends for every hub and does nothing about them.
type silence struct{ api.Hub }

func (silence) Send(context.Context, api.Selection, *api.Message) error { return nil }

type silentHubs struct{}

func (silentHubs) Hub(string) (api.Hub, bool) { return silence{}, true }

// nowhere takes an answer and keeps its status, as net/http's writer would send it.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header             { return n.header }
func (n *nowhere) Write(p []byte) (int, error)     { return len(p), nil }
func (n *nowhere) WriteHeader(status int)          { n.status = status }
func (n *nowhere) SetReadDeadline(time.Time) error { return nil }

// sending returns a function that makes one good request to send a message to a
// group of hubs.
func sending(t testing.TB, hubs api.Hubs, query string) func() {
	b, h := newBackend(t, api.Config{Hubs: hubs})
	r := b.request(t, "POST /api/hubs/chat/groups/room%201/:send?api-version=2024-12-01"+query, "", "Content-Type: application/json")
	payload := []byte(`{"type":"move","x":17,"y":4,"name":"a message of about a hundred bytes, as games send them all the time"}`)
	body := bytes.NewReader(payload)
	r.Body, r.ContentLength = io.NopCloser(body), int64(len(payload))
	w := &nowhere{header: make(http.Header)}
	return func() {
		body.Reset(payload)
		h.ServeHTTP(w, r)
		if w.status != http.StatusAccepted {
			t.Fatalf("status %d", w.status)
		}
	}
}

// BenchmarkSend is what a send costs behind net/http, with a token that was seen
// before: up to the hub, and in a gateway, to a group without members.
func BenchmarkSend(b *testing.B) {
	node := &api.Node{Gateway: gatewaytest.Start(b, gateway.Config{Hubs: []gateway.HubConfig{{Name: "chat"}}}).Gateway}
	for _, bc := range []struct {
		name  string
		hubs  api.Hubs
		query string
	}{
		{"plain", silentHubs{}, ""},
		{"filter", silentHubs{}, "&filter=userId%20eq%20%27ana%27&excluded=abc"},
		{"gateway", node, ""},
	} {
		b.Run(bc.name, func(b *testing.B) {
			send := sending(b, bc.hubs, bc.query)
			b.ReportAllocs()
			for b.Loop() {
				send()
			}
		})
	}
}
