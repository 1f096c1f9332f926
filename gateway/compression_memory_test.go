package gateway_test

import (
	"runtime"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec/codectest"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// After a burst in which many sessions had a message inflated, what they were
// inflated to is not kept for each.
func TestInflatedMessagesAreNotKept(t *testing.T) {
	const sessions, size = 200, 60_000
	release := make(chan struct{})
	handled := make(chan struct{}, sessions)
	h := gateway.HandlerFunc(func(gateway.Session, gateway.Message) {
		<-release
		handled <- struct{}{}
	})
	config := compressing(serving(gateway.Config{Loops: 1, Workers: 4}, h, gateway.Pooled))
	n := gatewaytest.Start(t, config)
	clients := make([]*gatewaytest.Client, sessions)
	for i := range clients {
		clients[i] = n.Dial(t, "/", offering("permessage-deflate"))
	}
	message := compressedFrame(ws.OpBinary, codectest.Deflate(make([]byte, size)))
	before := heapInUse()
	for _, c := range clients {
		c.SendFrame(message)
	}
	n.Eventually(t, func() bool { return n.Totals(t).MessagesIn == sessions }, "the messages")
	close(release)
	for range sessions {
		<-handled
	}
	n.Eventually(t, func() bool { return heapInUse()-before < sessions*size/4 }, "the buffers to be freed")
	runtime.KeepAlive(clients)
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
