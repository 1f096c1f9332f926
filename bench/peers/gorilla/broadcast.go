package main

import (
	"bytes"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"

	"github.com/sluicegate/sluice/bench/peers/internal/crowd"
	"github.com/sluicegate/sluice/bench/peers/internal/peer"
)

// broadcast sends each message with PreparedMessage, which encodes it once, from
// the goroutine that has read it: the goroutine and the channel that the
// library's chat example has for each connection would add a wake-up to each
// delivery.
func broadcast(at peer.Endpoint) error {
	all := crowd.New[*member]()
	return peer.ServeHTTP(at, func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // Upgrade has answered
		}
		conn.SetReadLimit(peer.MaxMessage)
		m := &member{conn: conn}
		all.Join(m)
		go func() {
			defer conn.Close()
			defer all.Leave(m)
			for relay(m, all) == nil {
			}
		}()
	})
}

// member is a connection that several goroutines write to.
type member struct {
	conn   *websocket.Conn
	writes sync.Mutex
}

// relay sends one message to the others.
func relay(from *member, all *crowd.Crowd[*member]) error {
	message := messages.Get().(*bytes.Buffer)
	defer messages.Put(message)
	kind, err := receive(from.conn, message)
	if err != nil {
		return err
	}
	prepared, err := websocket.NewPreparedMessage(kind, message.Bytes())
	if err != nil {
		return err
	}
	all.Others(from, func(to *member) {
		to.writes.Lock()
		defer to.writes.Unlock()
		_ = to.conn.WritePreparedMessage(prepared) // its reader learns of the failure
	})
	return nil
}
