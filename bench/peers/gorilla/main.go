// Command gorilla echoes WebSocket messages with github.com/gorilla/websocket,
// net/http and one goroutine per connection.
//
// As the library's documentation recommends, buffers are no larger than the
// expected message and write buffers come from a pool. Messages are read into
// pooled memory too, instead of ReadMessage's fresh slice, and written with
// WriteMessage, which sends a server's message in one frame and one write.
package main

import (
	"bytes"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"

	"github.com/sluicegate/sluice/bench/peers/internal/peer"
)

const bufferSize = 1 << 10

var upgrader = websocket.Upgrader{
	ReadBufferSize:  bufferSize,
	WriteBufferSize: bufferSize,
	WriteBufferPool: new(sync.Pool),
	CheckOrigin:     func(*http.Request) bool { return true },
}

func main() {
	peer.Main(func(at peer.Endpoint) error { return peer.ServeHTTP(at, upgrade) }, broadcast)
}

func upgrade(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	conn.SetReadLimit(peer.MaxMessage)
	go func() {
		defer conn.Close()
		for echo(conn) == nil {
		}
	}()
}

var messages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// echo answers one message. Control frames are answered by the library.
func echo(conn *websocket.Conn) error {
	message := messages.Get().(*bytes.Buffer)
	defer messages.Put(message)
	kind, err := receive(conn, message)
	if err != nil {
		return err
	}
	return conn.WriteMessage(kind, message.Bytes())
}

// receive reads one message into message, which it empties first.
func receive(conn *websocket.Conn, message *bytes.Buffer) (int, error) {
	kind, in, err := conn.NextReader()
	if err != nil {
		return kind, err
	}
	message.Reset()
	_, err = message.ReadFrom(in)
	return kind, err
}
