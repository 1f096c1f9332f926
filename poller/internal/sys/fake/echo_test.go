package fake_test

import (
	"bytes"
	"syscall"
	"testing"

	"github.com/sluicegate/sluice/poller/internal/sys"
	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

// echo is the smallest loop that keeps the rules of an edge-triggered engine:
// it goes on until EAGAIN, one connection at a time.
type echo struct {
	engine  sys.Engine
	sockets sys.Sockets

	listener int
	conns    map[sys.Token]*echoConn
	next     sys.Token
	events   [4]sys.Event
	buffer   [32]byte
}

type echoConn struct {
	fd      int
	waiting []byte
	ended   bool
}

const listenerToken sys.Token = 1

func newEcho(t *testing.T, k *fake.Kernel) *echo {
	t.Helper()
	listener, err := k.Listen()
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{engine: k.Engine(), sockets: k.Sockets(), listener: listener, conns: map[sys.Token]*echoConn{}, next: listenerToken + 1}
	if err := e.engine.Add(listener, listenerToken); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *echo) turn(t *testing.T) {
	t.Helper()
	n, err := e.engine.Wait(e.events[:], 0)
	if err != nil {
		t.Fatalf("Wait: %v", err)
	}
	for _, event := range e.events[:n] {
		if event.Token == listenerToken {
			e.accept()
		} else if c := e.conns[event.Token]; c != nil {
			e.serve(event.Token, c)
		}
	}
}

// accept goes on past every error but EAGAIN: each was one connection's fault,
// or is over by the next call in this test.
func (e *echo) accept() {
	for {
		fd, _, err := e.sockets.Accept(e.listener)
		if err == sys.EAGAIN {
			return
		}
		if err != nil {
			continue
		}
		token := e.next
		e.next++
		if err := e.engine.Add(fd, token); err != nil {
			e.sockets.Close(fd)
			continue
		}
		e.conns[token] = &echoConn{fd: fd}
	}
}

func (e *echo) serve(token sys.Token, c *echoConn) {
	for {
		for len(c.waiting) > 0 {
			n, err := e.sockets.Write(c.fd, c.waiting)
			if err == sys.EAGAIN {
				return
			}
			if err != nil {
				e.drop(token, c)
				return
			}
			c.waiting = c.waiting[n:]
		}
		if c.ended {
			e.drop(token, c)
			return
		}
		n, err := e.sockets.Read(c.fd, e.buffer[:])
		switch {
		case err == sys.EAGAIN:
			return
		case err != nil:
			e.drop(token, c)
			return
		case n == 0:
			c.ended = true
		default:
			c.waiting = append(c.waiting, e.buffer[:n]...)
		}
	}
}

func (e *echo) drop(token sys.Token, c *echoConn) {
	delete(e.conns, token)
	e.engine.Remove(c.fd)
	e.sockets.Close(c.fd)
}

func (e *echo) close() {
	for token, c := range e.conns {
		e.drop(token, c)
	}
	e.engine.Remove(e.listener)
	e.sockets.Close(e.listener)
	e.engine.Close()
}

// FuzzScript runs an edge-triggered echo loop against any script. A kernel that
// lost an edge would leave bytes unechoed; one that made events without cause
// would never come to rest.
func FuzzScript(f *testing.F) {
	f.Add([]byte{0, 1, 0, 5, 'h', 'e', 'l', 'l', 'o', 3, 0})
	f.Add([]byte{0, 9, 0, 1, 1, 0, 5, 'h', 'e', 'l', 'l', 'o', 8, 7, 3, 6, 0, 0, 7, 1})
	f.Add([]byte{0, 0, 8, 11, 2, 1, 1, 3, 'a', 'b', 'c', 10, 0, 4, 7, 0, 5, 1, 8, 24, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		k := fake.New(nil)
		k.SetBuffers(48, 40)
		e := newEcho(t, k)
		script := fake.NewScript(k, e.listener, data)
		for script.Step() {
			e.turn(t)
		}
		k.Heal()
		settle(t, k, e, script.Actors())
		for i, a := range script.Actors() {
			if !bytes.HasPrefix(a.Sent, a.Received) {
				t.Errorf("peer %d sent %q and received %q", i, a.Sent, a.Received)
			}
		}
		alive := len(e.conns)
		for _, a := range script.Actors() {
			a.Close()
		}
		settle(t, k, e, nil)
		if len(e.conns) != 0 {
			t.Errorf("%d of %d connections did not see their peers close", len(e.conns), alive)
		}
		e.close()
		k.Check(t)
	})
}

// settle steps the loop, with peers reading, until nothing moves any more.
func settle(t *testing.T, k *fake.Kernel, e *echo, actors []*fake.Actor) {
	t.Helper()
	for range 100_000 {
		moved := k.Pending()
		if moved {
			e.turn(t)
		}
		for _, a := range actors {
			data := a.Read()
			a.Received = append(a.Received, data...)
			moved = moved || len(data) > 0
		}
		if !moved {
			return
		}
	}
	t.Fatalf("the loop does not come to rest; the latest calls:\n%s", k.Trace())
}

func TestEchoUnderFaults(t *testing.T) {
	for _, tt := range []struct {
		name    string
		disturb func(*fake.Kernel)
	}{
		{"none", func(*fake.Kernel) {}},
		{"reads of one byte", func(k *fake.Kernel) { k.Short(fake.OpRead, 1) }},
		{"writes of one byte", func(k *fake.Kernel) { k.Short(fake.OpWrite, 1) }},
		{"reads would block", func(k *fake.Kernel) { k.Fail(fake.OpRead, 9, syscall.EAGAIN) }},
		{"writes would block", func(k *fake.Kernel) { k.Fail(fake.OpWrite, 9, syscall.EAGAIN) }},
		{"accepts would block", func(k *fake.Kernel) { k.Fail(fake.OpAccept, 9, syscall.EAGAIN) }},
		{"interrupted waits", func(k *fake.Kernel) { k.Fail(fake.OpWait, 9, syscall.EINTR) }},
		{"interrupted reads", func(k *fake.Kernel) { k.Fail(fake.OpRead, 9, syscall.EINTR) }},
		{"tiny buffers", func(k *fake.Kernel) { k.SetBuffers(1, 1) }},
		{"stale event", func(k *fake.Kernel) { k.Spurious(77, sys.Readable|sys.Failed) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := fake.New(nil)
			e := newEcho(t, k)
			tt.disturb(k)
			sent := bytes.Repeat([]byte("sluice"), 40)
			actor := &fake.Actor{Peer: k.Dial(e.listener)}
			for left := sent; len(left) > 0; {
				n, err := actor.Write(left)
				if err != nil && err != syscall.EAGAIN {
					t.Fatal(err)
				}
				left = left[n:]
				settle(t, k, e, []*fake.Actor{actor})
			}
			if !bytes.Equal(actor.Received, sent) {
				t.Errorf("received %q, want %q\n%s", actor.Received, sent, k.Trace())
			}
			actor.CloseWrite()
			settle(t, k, e, nil)
			if !actor.AtEOF() || len(e.conns) != 0 {
				t.Errorf("the end of the stream was not answered: at EOF %v, %d connections", actor.AtEOF(), len(e.conns))
			}
			e.close()
			k.Check(t)
		})
	}
}
