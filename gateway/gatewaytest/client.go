package gatewaytest

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
)

// Client is a WebSocket client for tests. It does what it is told and nothing
// on its own: no goroutine reads for it. Each method waits for [Patience] at
// most and fails the test if it waited in vain. One goroutine may send while
// another receives.
type Client struct {
	// Subprotocol is what the gateway chose, or empty.
	Subprotocol string
	// Extensions are those that the gateway accepted, as it wrote them. With
	// any, the first reserved bit of a message may be set.
	Extensions string

	t    testing.TB
	conn net.Conn

	// Of the goroutine that sends.
	closing bool // a close frame was sent

	// Of the goroutine that receives.
	in *bufio.Reader
}

// Conn returns the connection under the client. What the client has read ahead
// is missing from it.
func (c *Client) Conn() net.Conn { return c.conn }

// Masked returns the bytes of a client's frame. It borrows f's payload.
func Masked(f ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrame(f)) }

// Send sends a message in one frame. It borrows payload.
func (c *Client) Send(t gateway.MessageType, payload []byte) {
	c.t.Helper()
	c.SendFrame(ws.NewFrame(ws.OpCode(t), true, payload))
}

// SendText sends a text message in one frame.
func (c *Client) SendText(text string) {
	c.t.Helper()
	c.Send(gateway.Text, []byte(text))
}

// SendFrame masks and sends a frame, legal or not. It borrows f's payload.
func (c *Client) SendFrame(f ws.Frame) {
	c.t.Helper()
	if f.Header.OpCode == ws.OpClose {
		c.closing = true
	}
	c.Write(Masked(f))
}

// Write sends bytes as they are, which it borrows.
func (c *Client) Write(p []byte) {
	c.t.Helper()
	c.conn.SetWriteDeadline(time.Now().Add(Patience))
	if _, err := c.conn.Write(p); err != nil {
		c.t.Fatalf("gatewaytest: write: %v", err)
	}
}

// ReceiveFrame returns the next frame, of whatever kind. Its payload is the
// caller's.
func (c *Client) ReceiveFrame() ws.Frame {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(Patience))
	f, err := ws.ReadFrame(c.in)
	if err != nil {
		c.t.Fatalf("gatewaytest: receive: %v", err)
	}
	compressed := f.Header.Rsv == ws.Rsv(true, false, false) && f.Header.OpCode.IsData() && c.Extensions != ""
	if f.Header.Masked || !f.Header.Fin || f.Header.Rsv != 0 && !compressed {
		c.t.Fatalf("gatewaytest: received frame %+v; a gateway's are whole, unmasked and without bits of extensions that were not agreed on", f.Header)
	}
	return f
}

// Receive returns the next message. It answers pings that come before, and
// passes over pongs.
func (c *Client) Receive() gateway.Message {
	c.t.Helper()
	f := c.nextFrame()
	if !f.Header.OpCode.IsData() {
		c.t.Fatalf("gatewaytest: received %s, want a message", describe(f))
	}
	return gateway.Message{Type: gateway.MessageType(f.Header.OpCode), Payload: f.Payload}
}

// Expect receives a message and fails the test if it is another one.
func (c *Client) Expect(t gateway.MessageType, payload []byte) {
	c.t.Helper()
	m := c.Receive()
	if m.Type != t || !bytes.Equal(m.Payload, payload) {
		c.t.Fatalf("gatewaytest: received type %d, %d bytes %.64q; want type %d, %d bytes %.64q",
			m.Type, len(m.Payload), m.Payload, t, len(payload), payload)
	}
}

// ExpectText expects a text message.
func (c *Client) ExpectText(text string) {
	c.t.Helper()
	c.Expect(gateway.Text, []byte(text))
}

// ExpectClose receives a close frame with that code, answers it unless it is an
// answer itself, and waits for the end of the stream. It returns the reason in
// the frame. Code 1005 stands for a frame without a code.
func (c *Client) ExpectClose(code ws.StatusCode) (reason string) {
	c.t.Helper()
	f := c.nextFrame()
	if f.Header.OpCode != ws.OpClose {
		c.t.Fatalf("gatewaytest: received %s, want a close frame with %d", describe(f), code)
	}
	got, reason := closeCode(f)
	if got != code {
		c.t.Fatalf("gatewaytest: closed with %d %q, want %d", got, reason, code)
	}
	if !c.closing {
		c.SendFrame(ws.NewCloseFrame(f.Payload))
	}
	c.ExpectEnd()
	return reason
}

// ExpectEnd waits for the end of the stream, or a reset, and fails the test if
// anything comes before it. It then closes the connection, as a conformant client
// does.
func (c *Client) ExpectEnd() {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(Patience))
	f, err := ws.ReadFrame(c.in)
	if err == nil {
		c.t.Fatalf("gatewaytest: received %s, want the end of the stream", describe(f))
	}
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		c.t.Fatal("gatewaytest: the gateway does not end the stream")
	}
	c.Close()
}

// Close closes the connection without a close frame.
func (c *Client) Close() { c.conn.Close() }

// nextFrame returns the next frame that is not a ping or pong, and answers
// pings.
func (c *Client) nextFrame() ws.Frame {
	c.t.Helper()
	for {
		f := c.ReceiveFrame()
		switch f.Header.OpCode {
		case ws.OpPing:
			c.SendFrame(ws.NewPongFrame(f.Payload))
		case ws.OpPong:
		default:
			return f
		}
	}
}

func closeCode(f ws.Frame) (ws.StatusCode, string) {
	if len(f.Payload) == 0 {
		return ws.StatusNoStatusRcvd, ""
	}
	return ws.ParseCloseFrameData(f.Payload)
}

func describe(f ws.Frame) string {
	if f.Header.OpCode == ws.OpClose {
		code, reason := closeCode(f)
		return fmt.Sprintf("a close frame with %d %q", code, reason)
	}
	return fmt.Sprintf("a frame of opcode %#x with %d bytes %.64q", f.Header.OpCode, len(f.Payload), f.Payload)
}
