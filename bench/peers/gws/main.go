// Command gws echoes WebSocket messages with github.com/lxzan/gws and one
// goroutine per connection.
//
// It runs the library's own server on the bare listener, as its quick start
// does: net/http would cost memory for each connection. Handlers run on the
// connection's goroutine (ParallelEnabled off), messages are given back with
// Close, and the UTF-8 check and compression are off, which are the defaults.
// The read buffer is as small as the other peers'.
package main

import (
	"net"

	"github.com/lxzan/gws"

	"github.com/sluicegate/sluice/bench/peers/internal/peer"
)

func main() { peer.Main(peer.Plain(serve), peer.Plain(broadcast)) }

func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := gws.NewServer(new(handler), &gws.ServerOption{ReadBufferSize: 1 << 10})
	peer.Announce(listener.Addr())
	return server.RunListener(listener)
}

// handler holds no state: connections call it from their goroutines.
type handler struct{ gws.BuiltinEventHandler }

func (*handler) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer message.Close()
	_ = socket.WriteMessage(message.Opcode, message.Bytes())
}

func (*handler) OnPing(socket *gws.Conn, payload []byte) { _ = socket.WritePong(payload) }
