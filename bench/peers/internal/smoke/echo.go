package smoke

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

const patience = 10 * time.Second

// Echo tests that the server echoes messages of smallest bytes and
// more, however TCP cuts them, answers pings and takes part in the closing
// handshake.
func Echo(t *testing.T, at Server, smallest int) {
	Sizes(t, at, smallest)
	for _, pieces := range []struct{ size, each int }{{smallest, 1}, {64, 1}, {300, 1}, {70_000, 997}, {300_000, 40_000}} {
		t.Run(fmt.Sprintf("%d bytes in pieces of %d", pieces.size, pieces.each), func(t *testing.T) {
			c := dial(t, at)
			for piece := range slices.Chunk(frame(ws.OpText, pieces.size), pieces.each) {
				c.send(piece)
			}
			c.expect(ws.OpText, pieces.size)
		})
	}
	t.Run("burst", func(t *testing.T) { burst(t, at, smallest) })
	t.Run("slow reader", func(t *testing.T) { slowReader(t, at) })
	t.Run("fragments", func(t *testing.T) { fragments(t, at) })
	t.Run("ping", func(t *testing.T) {
		c := dial(t, at)
		c.send(frame(ws.OpPing, 5))
		c.expect(ws.OpPong, 5)
	})
	t.Run("close", func(t *testing.T) {
		c := dial(t, at)
		body := ws.NewCloseFrameBody(ws.StatusNormalClosure, "")
		c.send(masked(ws.NewCloseFrame(body)))
		if header, _ := c.message(); header.OpCode != ws.OpClose {
			t.Fatalf("a close frame was answered with opcode %d", header.OpCode)
		}
		if _, err := io.Copy(io.Discard, c.in); err != nil {
			t.Fatalf("after the closing handshake: %v, want the end of the stream", err)
		}
	})
}

// Sizes tests that the server echoes messages of smallest bytes and more, each on
// a connection of its own.
func Sizes(t *testing.T, at Server, smallest int) {
	for _, size := range []int{smallest, 1, 64, 125, 126, 1000, 65535, 65536, 300_000} {
		t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
			c := dial(t, at)
			c.send(frame(ws.OpBinary, size))
			c.expect(ws.OpBinary, size)
		})
	}
}

// burst sends messages of all kinds of length in one write.
func burst(t *testing.T, at Server, smallest int) {
	c := dial(t, at)
	sizes := []int{16, 64, smallest, 130, 64, 64, 7, 70_000, 64, 1, 2_000, 125, 126, 64}
	var all []byte
	for _, size := range sizes {
		all = append(all, frame(ws.OpBinary, size)...)
	}
	c.send(all)
	for _, size := range sizes {
		c.expect(ws.OpBinary, size)
	}
}

// slowReader sends more than the sockets hold, and begins to read late, so that
// the server's writes come up short.
func slowReader(t *testing.T, at Server) {
	c := dial(t, at)
	const messages, size = 64, 256 << 10
	one := frame(ws.OpBinary, size)
	sent := make(chan error, messages)
	go func() {
		for range messages {
			_, err := c.conn.Write(one)
			sent <- err
		}
	}()
	for i := range messages {
		if i == messages/8 {
			for range messages {
				c.expect(ws.OpBinary, size)
			}
		}
		if err := <-sent; err != nil {
			t.Fatalf("message %d of %d: %v", i+1, messages, err)
		}
	}
}

// fragments sends one message in three frames. It may come back in one.
func fragments(t *testing.T, at Server) {
	c := dial(t, at)
	want := payload(300)
	for i, op := range []ws.OpCode{ws.OpText, ws.OpContinuation, ws.OpContinuation} {
		c.send(masked(ws.NewFrame(op, i == 2, bytes.Clone(want[i*100:(i+1)*100]))))
	}
	header, got := c.message()
	if header.OpCode != ws.OpText || !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes with opcode %d, want the %d bytes sent", len(got), header.OpCode, len(want))
	}
}

// client is one connection. It fails its test on any error.
type client struct {
	t    *testing.T
	conn net.Conn
	in   io.Reader
}

func dial(t *testing.T, at Server) *client {
	t.Helper()
	dialer, scheme := ws.Dialer{Timeout: patience, TLSConfig: at.trust}, "ws://"
	if at.trust != nil {
		scheme = "wss://"
	}
	conn, early, _, err := dialer.Dial(context.Background(), scheme+at.address+"/echo")
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	if early != nil {
		t.Fatal("the server spoke first")
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{t, conn, conn}
}

func (c *client) send(p []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(p); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// message reads the frames of one message. The header is the first frame's.
func (c *client) message() (first ws.Header, data []byte) {
	c.t.Helper()
	for i := 0; ; i++ {
		header, err := ws.ReadHeader(c.in)
		if err != nil {
			c.t.Fatalf("read: %v", err)
		}
		if i == 0 {
			first = header
		}
		if header.Masked || header.Rsv != 0 {
			c.t.Fatalf("the server's frame is masked or has reserved bits: %+v", header)
		}
		part := make([]byte, header.Length)
		if _, err := io.ReadFull(c.in, part); err != nil {
			c.t.Fatalf("read: %v", err)
		}
		data = append(data, part...)
		if header.Fin {
			return first, data
		}
	}
}

// expect reads a message and compares it with the one of that kind and size.
func (c *client) expect(op ws.OpCode, size int) {
	c.t.Helper()
	header, got := c.message()
	if header.OpCode != op || !bytes.Equal(got, payload(size)) {
		c.t.Fatalf("got %d bytes with opcode %d, want the %d bytes sent with opcode %d", len(got), header.OpCode, size, op)
	}
}

// payload returns size bytes of text in a pattern with a period of 95.
func payload(size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = ' ' + byte(i%95)
	}
	return p
}

func frame(op ws.OpCode, size int) []byte { return masked(ws.NewFrame(op, true, payload(size))) }

func masked(f ws.Frame) []byte {
	return ws.MustCompileFrame(ws.MaskFrameInPlaceWith(f, [4]byte{0x9A, 0x3C, 0x01, 0xF7}))
}
