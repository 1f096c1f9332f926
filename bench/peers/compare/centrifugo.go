package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"

	"github.com/gobwas/ws"
)

// centrifugo is the HTTP API of Centrifugo, and its bidirectional protocol in JSON
// for members. Groups are channels, in which a token's bearer is from the start.
type centrifugo struct{ key string }

var _ protocol = centrifugo{}

// heartbeat is Centrifugo's ping, and the pong that it expects: an empty command.
var heartbeat = []byte("{}")

func (c centrifugo) join(conn net.Conn, in *bufio.Reader, user, group string) error {
	if err := upgrade(conn, in, "/connection/websocket", ""); err != nil {
		return err
	}
	token := bearer(c.key, map[string]any{"sub": user, "channels": []string{group}})
	if err := writeFrame(conn, ws.OpText, fmt.Appendf(nil, `{"id":1,"connect":{"token":"%s"}}`, token)); err != nil {
		return err
	}
	f, err := readFrame(in)
	if err != nil {
		return err
	}
	var reply struct {
		Connect struct {
			Subscribed map[string]any `json:"subs"`
		} `json:"connect"`
	}
	if err := json.Unmarshal(f.payload, &reply); err != nil {
		return fmt.Errorf("connect: answered %q: %w", f.payload, err)
	}
	if _, in := reply.Connect.Subscribed[group]; !in {
		return fmt.Errorf("connect: not in channel %s: answered %q", group, f.payload)
	}
	return nil
}

// receive looks into each line: a frame holds what was sent at the same time.
func (centrifugo) receive(payload []byte) (delivered, answer []byte) {
	for line := range bytes.Lines(payload) {
		if line = bytes.TrimSpace(line); bytes.Equal(line, heartbeat) {
			answer = heartbeat
		} else if data := dataIn(line); data != nil {
			delivered = data
		}
	}
	return delivered, answer
}

func (c centrifugo) request(address, group, text string) []byte {
	return post(address, "/api/publish", "X-API-Key: "+c.key, "application/json", fmt.Sprintf(`{"channel":"%s","data":"%s"}`, group, text))
}

// accepted looks into the body: an error is answered with 200, too.
func (centrifugo) accepted(status int, body []byte) bool {
	return status == http.StatusOK && bytes.HasPrefix(body, []byte(`{"result":`))
}
