// Command gnet echoes WebSocket messages with github.com/panjf2000/gnet/v2 event
// loops and gobwas/ws.
//
// It uses the library's defaults with as many loops as GOMAXPROCS. Frames are
// parsed and unmasked in the loop's own buffer (Peek, then Discard), as its
// documentation recommends over Read, and the replies of one event leave in one
// Write.
package main

import (
	"errors"
	"net"
	"os"
	"sync"

	"github.com/panjf2000/gnet/v2"

	"github.com/sluicegate/sluice/bench/peers/internal/peer"
	"github.com/sluicegate/sluice/bench/peers/internal/reply"
)

func main() {
	peer.Main(peer.Plain(func(address string) error { return serve(address, echo{}) }), peer.Plain(broadcast))
}

func serve(address string, p protocol) error {
	return gnet.Run(&handler{protocol: p}, "tcp://"+address, gnet.WithMulticore(true))
}

// handler holds no state of its own: gnet calls it from all loops.
type handler struct {
	gnet.BuiltinEventEngine
	protocol
}

// protocol is what a server does with connections, each on its own loop.
type protocol interface {
	// begin is called once the handshake has been answered.
	begin(from gnet.Conn)
	// answer appends the replies to the frames in in, which it borrows and
	// changes, and returns how many bytes it has answered.
	answer(from gnet.Conn, out, in []byte) (replies []byte, used int, err error)
	end(from gnet.Conn)
}

type echo struct{}

func (echo) begin(gnet.Conn) {}

func (echo) answer(_ gnet.Conn, out, in []byte) (replies []byte, used int, err error) {
	return reply.Append(out, in)
}

func (echo) end(gnet.Conn) {}

// OnBoot is called with the listener open.
func (*handler) OnBoot(engine gnet.Engine) gnet.Action {
	fd, err := engine.Dup()
	if err != nil {
		return gnet.Shutdown
	}
	file := os.NewFile(uintptr(fd), "listener")
	defer file.Close()
	listener, err := net.FileListener(file)
	if err != nil {
		return gnet.Shutdown
	}
	defer listener.Close()
	peer.Announce(listener.Addr())
	return gnet.None
}

// A connection's context is nil until the handshake is done, and then the number
// of buffered bytes that make its next event worth a look: more than 1 while a
// long frame is partial.
type worth int

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// OnTraffic is called on the connection's loop.
func (h *handler) OnTraffic(c gnet.Conn) gnet.Action {
	if c.Context() == nil {
		if action := h.open(c); c.Context() == nil {
			return action
		}
	}
	if c.InboundBuffered() < int(c.Context().(worth)) {
		return gnet.None
	}
	in, err := c.Peek(-1)
	if err != nil {
		return gnet.Close
	}
	out := buffers.Get().(*[]byte)
	defer buffers.Put(out)
	replies, used, err := h.answer(c, (*out)[:0], in)
	*out = replies
	rest := in[used:]
	c.SetContext(worth(len(rest) + reply.Missing(rest)))
	if used > 0 { // Discard(0) would discard everything
		_, discardErr := c.Discard(used)
		_, writeErr := c.Write(replies)
		err = errors.Join(err, discardErr, writeErr)
	}
	if err != nil {
		return gnet.Close
	}
	return gnet.None
}

// open answers the handshake if its request is complete.
func (h *handler) open(c gnet.Conn) gnet.Action {
	in, err := c.Peek(-1)
	if err != nil {
		return gnet.Close
	}
	answer, size, err := reply.Upgrade(in)
	if size == 0 {
		return gnet.None
	}
	if err != nil {
		return gnet.Close
	}
	c.SetContext(worth(1))
	if _, err := c.Discard(size); err != nil {
		return gnet.Close
	}
	if _, err := c.Write(answer); err != nil {
		return gnet.Close
	}
	h.begin(c)
	return gnet.None
}

// OnClose is called on the connection's loop.
func (h *handler) OnClose(c gnet.Conn, _ error) gnet.Action {
	h.end(c)
	return gnet.None
}
