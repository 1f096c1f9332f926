package sys_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys"
	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

// patience is how long a test waits for what must come; quiet is how long it
// waits to see that nothing comes.
const (
	patience = 10 * time.Second
	quiet    = 20 * time.Millisecond
)

// kernel opens what a suite runs on.
type kernel struct {
	name string
	open func(t *testing.T) *rig
}

// rig is an engine and its sockets, with a way to connect to them.
type rig struct {
	t       *testing.T
	engine  sys.Engine
	sockets sys.Sockets
	listen  func() int
	dial    func(listener int) far
	pardon  func() // forgives wrong use made on purpose
}

// far is the other end of a connection.
type far interface {
	// Write sends all of p.
	Write(p []byte)
	// Take receives exactly n bytes.
	Take(n int) []byte
	// End receives up to the end, and returns what came and nil for the end of
	// the stream, or ECONNRESET.
	End() ([]byte, error)
	CloseWrite()
	Close()
	Reset()
}

// connect returns a connection and its other end. The caller closes both.
func (r *rig) connect() (int, far) {
	r.t.Helper()
	listener := r.listen()
	defer r.close(listener)
	return r.connectTo(listener)
}

func (r *rig) connectTo(listener int) (int, far) {
	r.t.Helper()
	other := r.dial(listener)
	var fd int
	r.eventually("a connection in the backlog", func() bool {
		var err error
		fd, _, err = r.sockets.Accept(listener)
		if err != nil && err != sys.EAGAIN {
			r.t.Fatalf("Accept: %v", err)
		}
		return err == nil
	})
	return fd, other
}

// add registers fd, until the end of the test.
func (r *rig) add(fd int, token sys.Token) {
	r.t.Helper()
	if err := r.engine.Add(fd, token); err != nil {
		r.t.Fatalf("Add(%d, %d): %v", fd, token, err)
	}
}

func (r *rig) remove(fd int) {
	r.t.Helper()
	if err := r.engine.Remove(fd); err != nil {
		r.t.Fatalf("Remove(%d): %v", fd, err)
	}
}

func (r *rig) close(fd int) {
	r.t.Helper()
	if err := r.sockets.Close(fd); err != nil {
		r.t.Fatalf("Close(%d): %v", fd, err)
	}
}

// registered returns a registered connection whose first event has been taken.
// It is removed and closed at the end of the test.
func (r *rig) registered(token sys.Token) (int, far) {
	r.t.Helper()
	fd, other := r.connect()
	r.add(fd, token)
	r.t.Cleanup(func() {
		r.remove(fd)
		r.close(fd)
		other.Close()
	})
	r.await(token, sys.Writable)
	return fd, other
}

// wait is one Wait that must not fail.
func (r *rig) wait(events []sys.Event, timeout time.Duration) int {
	r.t.Helper()
	n, err := r.engine.Wait(events, timeout)
	if err != nil {
		r.t.Fatalf("Wait: %v", err)
	}
	return n
}

// await waits until all of want has been reported for token, and returns all
// that was reported for it. Other tokens fail the test.
func (r *rig) await(token sys.Token, want sys.Ready) sys.Ready {
	r.t.Helper()
	var got sys.Ready
	events := make([]sys.Event, 8)
	for deadline := time.Now().Add(patience); got&want != want; {
		if time.Now().After(deadline) {
			r.t.Fatalf("token %d: got %04b, want %04b", token, got, want)
		}
		for _, event := range events[:r.wait(events, patience)] {
			if event.Token != token {
				r.t.Fatalf("event %+v, want token %d", event, token)
			}
			got |= event.Ready
		}
	}
	return got
}

// nothing checks that no event comes.
func (r *rig) nothing() {
	r.t.Helper()
	events := make([]sys.Event, 8)
	if n := r.wait(events, quiet); n != 0 {
		r.t.Fatalf("events without cause: %+v", events[:n])
	}
}

// readAll reads until EAGAIN.
func (r *rig) readAll(fd int) []byte {
	r.t.Helper()
	var all []byte
	p := make([]byte, 64<<10)
	for {
		n, err := r.sockets.Read(fd, p)
		if err == sys.EAGAIN {
			return all
		}
		if err != nil || n == 0 {
			r.t.Fatalf("Read(%d) = %d, %v", fd, n, err)
		}
		all = append(all, p[:n]...)
	}
}

// fill writes until EAGAIN and returns how many bytes the kernel took.
func (r *rig) fill(fd int) int {
	r.t.Helper()
	p := bytes.Repeat([]byte("x"), 64<<10)
	total := 0
	for {
		n, err := r.sockets.Write(fd, p)
		if err == sys.EAGAIN {
			return total
		}
		if err != nil {
			r.t.Fatalf("Write(%d): %v", fd, err)
		}
		total += n
	}
}

// eventually polls until condition holds.
func (r *rig) eventually(what string, condition func() bool) {
	r.t.Helper()
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			r.t.Fatalf("no %s within %v", what, patience)
		}
	}
}

// newTCPRig returns a rig on loopback TCP.
func newTCPRig(t *testing.T, engine sys.Engine) *rig {
	r := &rig{t: t, engine: engine, sockets: &sys.TCP{}, pardon: func() {}}
	addrs := map[int]netip.AddrPort{}
	r.listen = func() int {
		fd, addr, err := sys.Listen(netip.MustParseAddrPort("127.0.0.1:0"), sys.Options{})
		if err != nil {
			t.Fatalf("Listen: %v", err)
		}
		addrs[fd] = addr
		return fd
	}
	r.dial = func(listener int) far {
		conn, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(addrs[listener]))
		if err != nil {
			t.Fatalf("dial: %v", err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		return &tcpFar{t, conn}
	}
	return r
}

type tcpFar struct {
	t    *testing.T
	conn *net.TCPConn
}

func (f *tcpFar) Write(p []byte) {
	if _, err := f.conn.Write(p); err != nil {
		f.t.Errorf("peer write: %v", err)
	}
}

func (f *tcpFar) Take(n int) []byte {
	p := make([]byte, n)
	if _, err := io.ReadFull(f.conn, p); err != nil {
		f.t.Errorf("peer read: %v", err)
	}
	return p
}

func (f *tcpFar) End() ([]byte, error) {
	rest, err := io.ReadAll(f.conn)
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return rest, errno
	}
	return rest, err
}

func (f *tcpFar) CloseWrite() { f.conn.CloseWrite() }
func (f *tcpFar) Close()      { f.conn.Close() }
func (f *tcpFar) Reset()      { f.conn.SetLinger(0); f.conn.Close() }

// newFakeRig returns a rig on the fake kernel, which is checked at the end.
func newFakeRig(t *testing.T) *rig {
	k := fake.NewBlocking()
	t.Cleanup(func() { k.Check(t) })
	return &rig{
		t:       t,
		engine:  k.Engine(),
		sockets: k.Sockets(),
		listen: func() int {
			fd, err := k.Listen()
			if err != nil {
				t.Fatalf("Listen: %v", err)
			}
			return fd
		},
		dial:   func(listener int) far { return &fakeFar{k.Dial(listener), t} },
		pardon: k.Pardon,
	}
}

type fakeFar struct {
	*fake.Peer
	t *testing.T
}

func (f *fakeFar) Write(p []byte) {
	if n, err := f.Peer.Write(p); err != nil {
		f.t.Errorf("peer write: %d of %d bytes, %v", n, len(p), err)
	}
}

func (f *fakeFar) Take(n int) []byte {
	p := f.ReadN(n)
	if len(p) != n {
		f.t.Errorf("peer read: %d of %d bytes", len(p), n)
	}
	return p
}

func (f *fakeFar) End() ([]byte, error) {
	rest := f.Read()
	switch {
	case f.WasReset():
		return rest, syscall.ECONNRESET
	case f.AtEOF():
		return rest, nil
	}
	return rest, errors.New("the stream has no end yet")
}

var fakeKernel = kernel{"fake", func(t *testing.T) *rig {
	r := newFakeRig(t)
	closeAtEnd(t, r.engine)
	return r
}}

var easygoKernel = kernel{"easygo", func(t *testing.T) *rig {
	engine, err := sys.NewEasygo()
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, engine)
	return newTCPRig(t, engine)
}}

func closeAtEnd(t *testing.T, engine sys.Engine) {
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Errorf("close the engine: %v", err)
		}
	})
}
