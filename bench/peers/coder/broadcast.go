package main

import (
	"bytes"
	"context"
	"net/http"

	"github.com/coder/websocket"

	"github.com/sluicegate/sluice/bench/peers/internal/crowd"
	"github.com/sluicegate/sluice/bench/peers/internal/peer"
)

// broadcast writes each message to every connection from the goroutine that has
// read it, which the library allows. It has nothing to encode a message once.
// The goroutine that its chat example has for each connection would add a
// wake-up to each delivery.
func broadcast(at peer.Endpoint) error {
	all := crowd.New[*websocket.Conn]()
	return peer.ServeHTTP(at, func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // Accept has answered
		}
		conn.SetReadLimit(peer.MaxMessage)
		all.Join(conn)
		go func() {
			defer conn.CloseNow()
			defer all.Leave(conn)
			for relay(context.Background(), conn, all) == nil {
			}
		}()
	})
}

// relay sends one message to the others.
func relay(ctx context.Context, from *websocket.Conn, all *crowd.Crowd[*websocket.Conn]) error {
	message := messages.Get().(*bytes.Buffer)
	defer messages.Put(message)
	kind, err := receive(ctx, from, message)
	if err != nil {
		return err
	}
	all.Others(from, func(to *websocket.Conn) {
		_ = to.Write(ctx, kind, message.Bytes()) // its reader learns of the failure
	})
	return nil
}
