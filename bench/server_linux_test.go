package bench

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/poller/fdtable"
)

// server is a WebSocket server for tests: a goroutine per connection, and an
// error of the test for whatever a client must not send.
type server struct {
	url      string
	opened   atomic.Int64
	pongs    atomic.Int64
	listener net.Listener
	serving  sync.WaitGroup
}

// newServer serves on a loopback port until the test ends. handle gets each
// connection that was upgraded.
func newServer(t *testing.T, handle func(*peer)) *server {
	return newRawServer(t, func(c net.Conn, s *server) {
		if _, err := ws.Upgrade(c); err != nil {
			return // clients that go away in mid-handshake are part of some tests
		}
		s.opened.Add(1)
		handle(newPeer(t, s, c))
	})
}

// newMeeting is newServer for peers that know each other: enter gets each before
// its client can know that it is connected, leave afterwards.
func newMeeting(t *testing.T, enter, handle, leave func(*peer)) *server {
	return newRawServer(t, func(c net.Conn, s *server) {
		p := newPeer(t, s, c)
		enter(p)
		defer leave(p)
		if _, err := ws.Upgrade(c); err != nil {
			return
		}
		s.opened.Add(1)
		handle(p)
	})
}

func newRawServer(t *testing.T, handle func(net.Conn, *server)) *server {
	t.Helper()
	checkLeaks(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{url: "ws://" + listener.Addr().String() + "/echo", listener: listener}
	s.serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			s.serving.Go(func() {
				defer c.Close()
				handle(c, s)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		s.serving.Wait()
	})
	return s
}

// peer is the server's end of one connection.
type peer struct {
	net.Conn
	t      *testing.T
	server *server
	in     *bufio.Reader
	out    io.Writer
	// extended: the first reserved bit may be set.
	extended bool
	inflates *inflater
}

func newPeer(t *testing.T, s *server, c net.Conn) *peer {
	return &peer{Conn: c, t: t, server: s, in: bufio.NewReader(c), out: c}
}

// read returns the next frame with its payload unmasked. It is an error of the
// test if a client must not send it.
func (p *peer) read() (ws.Frame, error) {
	f, err := ws.ReadFrame(p.in)
	if err != nil {
		return f, err
	}
	state := ws.StateServerSide
	if p.extended {
		state = state.Set(ws.StateExtended)
	}
	if err := ws.CheckHeader(f.Header, state); err != nil {
		p.t.Errorf("frame from the client: %v", err)
	}
	return ws.UnmaskFrameInPlace(f), nil
}

func (p *peer) write(f ws.Frame) error { return ws.WriteFrame(p.out, f) }

// serve answers the client until it closes. reply is called for each message,
// numbered from 0.
func (p *peer) serve(reply func(n int, f ws.Frame) error) {
	for n := 0; ; {
		f, err := p.read()
		if err != nil {
			return
		}
		switch f.Header.OpCode {
		case ws.OpPing:
			err = p.write(ws.NewPongFrame(f.Payload))
		case ws.OpPong:
			p.server.pongs.Add(1)
		case ws.OpClose:
			if code, _ := ws.ParseCloseFrameData(f.Payload); code != ws.StatusNormalClosure {
				p.t.Errorf("client closed with %d, want %d", code, ws.StatusNormalClosure)
			}
			_ = p.write(ws.NewCloseFrame(f.Payload))
			return
		default:
			err = reply(n, f)
			n++
		}
		if err != nil {
			return
		}
	}
}

// echo is the reply of an honest server.
func (p *peer) echo(_ int, f ws.Frame) error {
	return p.write(ws.NewFrame(f.Header.OpCode, true, f.Payload))
}

var errHangUp = errors.New("the server hangs up")

// bytewise writes one byte at a time.
type bytewise struct{ w io.Writer }

func (b bytewise) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := b.w.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// checkLeaks fails the test if, at its end, descriptors or goroutines are left
// that were not there when it began.
func checkLeaks(t *testing.T) {
	t.Helper()
	if err := fdtable.Prepare(); err != nil {
		t.Fatal(err)
	}
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors(t)
	t.Cleanup(func() {
		eventually(t, func() bool {
			return runtime.NumGoroutine() <= goroutines && openDescriptors(t) <= descriptors
		}, func() {
			t.Errorf("left behind: %d goroutines and %d descriptors, at first %d and %d",
				runtime.NumGoroutine(), openDescriptors(t), goroutines, descriptors)
		})
	})
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

// eventually polls for condition, and calls complain if it does not come about.
func eventually(t *testing.T, condition func() bool, complain func()) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			complain()
			return
		}
		runtime.Gosched()
	}
}
