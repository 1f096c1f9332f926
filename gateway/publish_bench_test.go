package gateway_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// BenchmarkPublish is a message of 64 bytes to a hub of 10 sessions, until all
// have read it.
func BenchmarkPublish(b *testing.B) {
	const members, size, header = 10, 64, 2
	n := gatewaytest.Start(b, gateway.Config{Loops: 1, Hubs: []gateway.HubConfig{{Name: "a"}}})
	conns := make([]net.Conn, members)
	for i := range conns {
		conns[i] = n.Dial(b, "/client/hubs/a").Conn()
		conns[i].SetDeadline(time.Time{})
	}
	hub, message := n.Gateway.Hub("a"), gateway.Publication{Type: gateway.Binary, Payload: make([]byte, size)}
	received := make([]byte, header+size)
	b.ReportAllocs()
	for b.Loop() {
		if err := hub.Publish(message); err != nil {
			b.Fatal(err)
		}
		for _, conn := range conns {
			if _, err := io.ReadFull(conn, received); err != nil {
				b.Fatal(err)
			}
		}
	}
}
