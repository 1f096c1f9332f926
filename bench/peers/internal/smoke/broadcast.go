package smoke

import (
	"fmt"
	"testing"

	"github.com/gobwas/ws"
)

// Broadcast tests that the server sends messages to all connections
// but the sender's, each in order, and answers pings and the closing handshake.
func Broadcast(t *testing.T, at Server) {
	clients := make([]*client, 5)
	for i := range clients {
		clients[i] = dial(t, at)
		clients[i].ping() // by now it is among those that are sent messages
	}
	for _, size := range []int{16, 125, 126, 70_000} {
		t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
			for i, from := range clients {
				from.send(frame(ws.OpBinary, size))
				for j, to := range clients {
					if i != j {
						to.expect(ws.OpBinary, size)
					}
				}
				from.ping()
			}
		})
	}
	t.Run("burst", func(t *testing.T) {
		const first, count = 16, 100
		var all []byte
		for i := range count {
			all = append(all, frame(ws.OpText, first+i)...)
		}
		clients[0].send(all)
		for _, to := range clients[1:] {
			for i := range count {
				to.expect(ws.OpText, first+i)
			}
		}
	})
	t.Run("after one has left", func(t *testing.T) {
		gone := clients[4]
		gone.send(masked(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))))
		if header, _ := gone.message(); header.OpCode != ws.OpClose {
			t.Fatalf("a close frame was answered with opcode %d", header.OpCode)
		}
		clients[0].send(frame(ws.OpText, 20))
		for _, to := range clients[1:4] {
			to.expect(ws.OpText, 20)
		}
	})
}

// ping expects that nothing but the answer arrives.
func (c *client) ping() {
	c.t.Helper()
	c.send(frame(ws.OpPing, 5))
	c.expect(ws.OpPong, 5)
}
