//go:build !race

package bench

import (
	"testing"
	"time"
	"unsafe"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// A million connections must leave room for the server.
func TestSizeOfAConnection(t *testing.T) {
	if n := unsafe.Sizeof(conn{}); n > 40 {
		t.Errorf("conn has %d bytes, want 40 at most", n)
	}
	if n := unsafe.Sizeof(echoState{}); n > 20 {
		t.Errorf("echoState has %d bytes, want 20 at most", n)
	}
}

// One turn of a connection, from the server's echo to the next message, on a
// socket pair: no allocation.
func TestNoAllocationPerTurn(t *testing.T) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[0])
	defer unix.Close(ends[1])
	scenario := Echo{}.withDefaults()
	p := newPayloads(scenario.Size)
	e := newEchoes(scenario, p, p, 0, 1)
	l, err := newLoop(0, 0, 1, newDialer(scenario.Load, &Target{}, nil, nil, 1), e)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(l.wakeFD)
	c := &l.conns[0]
	c.fd, c.state, e.sending, e.measuring = int32(ends[0]), stateOpen, true, true
	if err := l.flush(c); err != nil {
		t.Fatal(err)
	}
	in, out := make([]byte, 128), make([]byte, 0, 128)
	sequence := uint32(0)
	turn := func() {
		if n, errno := readNow(int32(ends[1]), in); n != ws.MinHeaderSize+len(controlKey)+scenario.Size {
			t.Fatalf("the client wrote %d bytes, %v", n, errno)
		}
		out = append(out[:0], 0x82, byte(scenario.Size))
		out = p.appendPart(out, 0, sequence, 0, scenario.Size)
		sequence++
		if n, errno := writeNow(int32(ends[1]), out); n != len(out) {
			t.Fatalf("wrote %d bytes, %v", n, errno)
		}
		l.serve(c, unix.EPOLLIN|unix.EPOLLOUT)
	}
	if n := testing.AllocsPerRun(100, turn); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if e.messages != uint64(sequence) || l.tally.lost != 0 {
		t.Errorf("%d messages came back of %d: %v", e.messages, sequence, l.tally.failures)
	}
}

// One turn of an open loop, from a message that is due to its echo: no
// allocation.
func TestNoAllocationPerArrival(t *testing.T) {
	l, a := heldUp(t, 1000, time.Hour)
	const message = int64(time.Millisecond)
	echo := make([]byte, 0, a.payloads.size)
	number := uint32(0)
	turn := func() {
		slot, sequence := number%2, number/2
		l.now = int64(number) * message
		a.advance(l)
		echo = a.payloads.appendPart(echo[:0], slot, sequence, 0, a.payloads.size)
		if err := a.data(l, &l.conns[slot], piece{op: ws.OpBinary, payload: echo, end: true}); err != nil {
			t.Fatal(err)
		}
		number++
	}
	if n := testing.AllocsPerRun(100, turn); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if s := &a.spans[0]; s.echoed != uint64(number) || s.late != 0 {
		t.Errorf("%d messages came back of %d, %d late", s.echoed, number, s.late)
	}
}
