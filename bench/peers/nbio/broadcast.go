package main

import (
	"github.com/lesismal/nbio/nbhttp/websocket"

	"github.com/sluicegate/sluice/bench/peers/internal/crowd"
	"github.com/sluicegate/sluice/bench/peers/internal/peer"
)

// broadcast writes each message to every connection with WriteMessage, as the
// library's examples do: it never blocks, and queues what a socket does not take.
// There is nothing to encode a message once.
func broadcast(at peer.Endpoint) error {
	all := crowd.New[*websocket.Conn]()
	u := newUpgrader()
	u.OnOpen(all.Join)
	u.OnClose(func(conn *websocket.Conn, _ error) { all.Leave(conn) })
	u.OnMessage(func(from *websocket.Conn, kind websocket.MessageType, message []byte) {
		all.Others(from, func(to *websocket.Conn) { _ = to.WriteMessage(kind, message) })
	})
	return serve(at, u)
}
