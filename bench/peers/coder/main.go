// Command coder echoes WebSocket messages with github.com/coder/websocket,
// net/http and one goroutine per connection.
//
// Compression is off, which is the library's default. Contexts are never
// cancelled, so it needs no watcher for them. Messages are read with Reader into
// pooled memory, where Read would allocate each, and written with Write in one
// frame.
package main

import (
	"bytes"
	"context"
	"net/http"
	"sync"

	"github.com/coder/websocket"

	"github.com/sluicegate/sluice/bench/peers/internal/peer"
)

func main() {
	peer.Main(func(at peer.Endpoint) error { return peer.ServeHTTP(at, upgrade) }, broadcast)
}

func upgrade(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(peer.MaxMessage)
	go func() {
		defer conn.CloseNow()
		for echo(context.Background(), conn) == nil {
		}
	}()
}

var messages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// echo answers one message. Control frames are answered by the library.
func echo(ctx context.Context, conn *websocket.Conn) error {
	message := messages.Get().(*bytes.Buffer)
	defer messages.Put(message)
	kind, err := receive(ctx, conn, message)
	if err != nil {
		return err
	}
	return conn.Write(ctx, kind, message.Bytes())
}

// receive reads one message into message, which it empties first.
func receive(ctx context.Context, conn *websocket.Conn, message *bytes.Buffer) (websocket.MessageType, error) {
	kind, in, err := conn.Reader(ctx)
	if err != nil {
		return kind, err
	}
	message.Reset()
	_, err = message.ReadFrom(in)
	return kind, err
}
