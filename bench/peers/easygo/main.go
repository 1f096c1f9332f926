// Command easygo echoes WebSocket messages with github.com/mailru/easygo/netpoll,
// gobwas/ws and a fixed pool of goroutines.
//
// It is built as the authors of both libraries describe for many connections at
// rest: one-shot readiness events, a job for the pool when something arrives,
// buffers that belong to the workers, and nothing but a small struct for each
// connection. The library works on a duplicate of each descriptor, so a
// connection costs two.
package main

import (
	"net"
	"runtime"
	"sync"

	"github.com/mailru/easygo/netpoll"

	"github.com/sluicegate/sluice/bench/peers/internal/peer"
	"github.com/sluicegate/sluice/bench/peers/internal/reply"
)

const (
	workersPerCPU = 32
	bufferSize    = 64 << 10
)

func main() {
	peer.Main(peer.Plain(func(address string) error { return serve(address, echo{}) }), peer.Plain(broadcast))
}

// protocol is what a server does with connections. Workers call it, for one
// connection one at a time.
type protocol interface {
	// begin is called once the handshake has been answered.
	begin(from net.Conn)
	// answer appends the replies to the frames in in, which it borrows and
	// changes, and returns how many bytes it has answered.
	answer(from net.Conn, out, in []byte) (replies []byte, used int, err error)
	end(from net.Conn)
}

type echo struct{}

func (echo) begin(net.Conn) {}

func (echo) answer(_ net.Conn, out, in []byte) (replies []byte, used int, err error) {
	return reply.Append(out, in)
}

func (echo) end(net.Conn) {}

func serve(address string, p protocol) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	poller, err := netpoll.New(nil)
	if err != nil {
		return err
	}
	ready := make(chan *conn)
	for range workersPerCPU * runtime.GOMAXPROCS(0) {
		go work(ready)
	}
	peer.Announce(listener.Addr())
	for {
		stream, err := listener.Accept()
		if err != nil {
			return err
		}
		if err := watch(poller, stream, p, ready); err != nil {
			stream.Close()
		}
	}
}

// watch sends the connection to ready whenever there is something to read.
func watch(poller netpoll.Poller, stream net.Conn, p protocol, ready chan<- *conn) error {
	event, err := netpoll.HandleReadOnce(stream)
	if err != nil {
		return err
	}
	c := &conn{stream: stream, event: event, poller: poller, protocol: p}
	c.turns.Lock() // Start looks at the event once more after it has armed it
	defer c.turns.Unlock()
	err = poller.Start(event, func(netpoll.Event) { ready <- c })
	if err != nil {
		event.Close()
	}
	return err
}

// conn is one connection. Its one-shot event gives it to one worker at a time;
// the lock shows that order to Go's memory model.
type conn struct {
	// Fixed after watch.
	stream   net.Conn
	event    *netpoll.Desc
	poller   netpoll.Poller
	protocol protocol

	// Guarded by turns.
	turns   sync.Mutex
	open    bool
	partial []byte // a request head or a frame whose rest has not arrived
}

func work(ready <-chan *conn) {
	in, out := make([]byte, bufferSize), []byte(nil)
	for c := range ready {
		c.turns.Lock()
		var err error
		out, err = c.turn(in, out[:0])
		if err == nil {
			err = c.poller.Resume(c.event)
		}
		if err != nil {
			_ = c.poller.Stop(c.event)
			c.event.Close()
			c.protocol.end(c.stream)
			c.stream.Close()
		}
		c.turns.Unlock()
	}
}

// turn reads once and answers. It borrows in and takes out, and returns what
// has become of out, to be used again.
func (c *conn) turn(in, out []byte) ([]byte, error) {
	n, err := c.stream.Read(in)
	if err != nil {
		return out, err
	}
	in = in[:n]
	if c.partial != nil {
		in = append(c.partial, in...)
		c.partial = in
	}
	opened := c.open
	out, used, frameErr := c.answer(out, in)
	if used > 0 {
		c.partial = nil
	}
	if rest := in[used:]; len(rest) > 0 && c.partial == nil {
		// Room for the whole frame: it is appended to until it is complete.
		c.partial = append(make([]byte, 0, len(rest)+reply.Missing(rest)), rest...)
	}
	if len(out) > 0 {
		if _, err := c.stream.Write(out); err != nil {
			return out, err
		}
	}
	if c.open && !opened {
		c.protocol.begin(c.stream)
	}
	return out, frameErr
}

// answer appends the replies to in and returns how many bytes it has answered.
func (c *conn) answer(out, in []byte) (replies []byte, used int, err error) {
	if !c.open {
		answer, size, err := reply.Upgrade(in)
		if size == 0 || err != nil {
			return out, size, err
		}
		c.open = true
		out, in, used = append(out, answer...), in[size:], size
	}
	out, n, err := c.protocol.answer(c.stream, out, in)
	return out, used + n, err
}
