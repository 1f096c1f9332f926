package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"

	"github.com/gobwas/ws"
)

// maxFrame is the longest that a member is sent, header included.
const maxFrame = 1024

// upgrade makes conn, whose input is in, a WebSocket connection.
func upgrade(conn net.Conn, in *bufio.Reader, target, subprotocol string) error {
	offer := ""
	if subprotocol != "" {
		offer = "Sec-WebSocket-Protocol: " + subprotocol + "\r\n"
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
		target, conn.RemoteAddr(), offer)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}

// memberFrame is a frame of the server's.
type memberFrame struct {
	opcode  ws.OpCode
	payload []byte // good until in is read again
}

// readFrame reads a frame of the server's (RFC 6455 §5.2).
func readFrame(in *bufio.Reader) (memberFrame, error) {
	head, err := in.Peek(2)
	if err != nil {
		return memberFrame{}, err
	}
	length, size := int(head[1]&0x7f), 2
	if length == 126 {
		if head, err = in.Peek(4); err != nil {
			return memberFrame{}, err
		}
		length, size = int(head[2])<<8|int(head[3]), 4
	}
	frame, err := in.Peek(size + length)
	if err != nil {
		return memberFrame{}, fmt.Errorf("a frame of %d bytes: %w", size+length, err)
	}
	_, err = in.Discard(len(frame))
	return memberFrame{ws.OpCode(frame[0] & 0x0f), frame[size:]}, err
}

// writeFrame writes a frame of a client's.
func writeFrame(conn net.Conn, opcode ws.OpCode, payload []byte) error {
	return ws.WriteFrame(conn, ws.MaskFrame(ws.NewFrame(opcode, true, payload)))
}

// dataIn returns the value of data in JSON text, a string without escapes; nil if
// there is none.
func dataIn(text []byte) []byte {
	_, rest, found := bytes.Cut(text, []byte(`"data":"`))
	value, _, whole := bytes.Cut(rest, []byte(`"`))
	if !found || !whole {
		return nil
	}
	return value
}
