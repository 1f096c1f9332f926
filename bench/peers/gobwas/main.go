// Command gobwas echoes WebSocket messages with github.com/gobwas/ws and one
// goroutine per connection.
//
// It follows the library's README for low memory: the zero-copy upgrade on the
// bare connection instead of net/http, the frame API instead of wsutil, and
// buffers that the program chooses. What it adds for speed is that replies are
// written when the next read would reach the socket, so a burst of frames costs
// one read and one write.
package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/bench/peers/internal/peer"
)

// readBuffer is what a connection at rest holds: room for a burst of small
// frames.
const readBuffer = 1 << 10

// maxFrame bounds the payload of one frame: 16 MiB.
const maxFrame = 16 << 20

func main() {
	peer.Main(peer.Plain(func(address string) error { return serve(address, echo) }), peer.Plain(broadcast))
}

// serve has talk speak with each connection, on a goroutine of its own.
func serve(address string, talk func(net.Conn)) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	peer.Announce(listener.Addr())
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			if _, err := ws.Upgrade(conn); err == nil {
				talk(conn)
			}
		}()
	}
}

// echo answers frames until the connection ends.
func echo(conn net.Conn) {
	replies := &batch{conn: conn}
	defer replies.flush()
	in := bufio.NewReaderSize(replies, readBuffer)
	for {
		header, err := ws.ReadHeader(in)
		if err != nil {
			return
		}
		if err := replies.add(header, in); err != nil || header.OpCode == ws.OpClose {
			return
		}
	}
}

// batch is the connection's read side; it sends the replies that have gathered
// before it waits for more input. Only the connection's goroutine uses it.
type batch struct {
	conn net.Conn
	out  *bytes.Buffer // nil when there are no replies
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (b *batch) Read(p []byte) (int, error) {
	if err := b.flush(); err != nil {
		return 0, err
	}
	return b.conn.Read(p)
}

func (b *batch) flush() error {
	if b.out == nil {
		return nil
	}
	_, err := b.conn.Write(b.out.Bytes())
	b.out.Reset()
	buffers.Put(b.out)
	b.out = nil
	return err
}

// add reads the payload that belongs to header and gathers the reply. A payload
// that fits the reader is unmasked there.
func (b *batch) add(header ws.Header, in *bufio.Reader) error {
	switch {
	case !header.Masked:
		return ws.ErrProtocolMaskRequired
	case header.Length > maxFrame:
		return ws.ErrHeaderLengthUnexpected
	}
	if header.Length > int64(in.Size()) {
		return b.addLong(header, in)
	}
	payload, err := in.Peek(int(header.Length))
	if err != nil {
		return err
	}
	ws.Cipher(payload, header.Mask, 0)
	if header.OpCode != ws.OpPong {
		if b.out == nil {
			b.out = buffers.Get().(*bytes.Buffer)
		}
		_ = ws.WriteHeader(b.out, answering(header))
		b.out.Write(payload)
	}
	_, err = in.Discard(len(payload))
	return err
}

// addLong reads a payload straight into the reply.
func (b *batch) addLong(header ws.Header, in *bufio.Reader) error {
	if err := b.flush(); err != nil {
		return err
	}
	out := buffers.Get().(*bytes.Buffer)
	_ = ws.WriteHeader(out, answering(header))
	start := out.Len()
	if _, err := io.CopyN(out, in, header.Length); err != nil {
		return err
	}
	ws.Cipher(out.Bytes()[start:], header.Mask, 0)
	b.out = out
	return nil
}

// answering returns the header of the reply to a client's frame (RFC 6455
// §5.5).
func answering(header ws.Header) ws.Header {
	header.Masked = false
	if header.OpCode == ws.OpPing {
		header.OpCode = ws.OpPong
	}
	return header
}
