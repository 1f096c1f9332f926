package poller

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

// drainAll reads at the peer until nothing more comes.
func (r *rig) drainAll(c *client) []byte {
	r.t.Helper()
	r.turn()
	var got []byte
	for {
		r.settle()
		p := c.Read()
		if len(p) == 0 {
			return got
		}
		got = append(got, p...)
	}
}

func TestATurnMakesOneWriteForEachConnection(t *testing.T) {
	for _, tt := range []struct {
		name   string
		pieces int
		size   int
	}{
		{"one", 1, 10},
		{"few small", 5, 10},
		{"many small, copied together", 200, 10},
		{"as many large as one writev takes", 64, 900},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			clients := r.dialMany(3)
			want := make([][]byte, len(clients))
			for i := range tt.pieces {
				for j, c := range clients { // interleaved
					p := bytes.Repeat([]byte{byte(i), byte(j)}, tt.size/2)
					want[j] = append(want[j], p...)
					r.conn(c).Queue(p)
				}
			}
			r.calls.reset()
			r.turn()
			for j, c := range clients {
				if got := r.calls.writes[int(r.conn(c).fd)]; got != 1 {
					t.Errorf("connection %d: %d writes, want 1", j, got)
				}
				expectBytes(t, fmt.Sprintf("connection %d", j), c.Read(), want[j])
			}
		})
	}
}

func TestAnIdleTurnWritesNothing(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.calls.reset()
	r.conn(c).Queue(nil)
	r.turn()
	r.turn()
	if len(r.calls.writes) != 0 {
		t.Errorf("writes %v, want none", r.calls.writes)
	}
}

func TestInterleavedOutputKeepsItsOrder(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(7)
	want := make([][]byte, len(clients))
	for i := range 500 {
		j := i * i % len(clients)
		p := fmt.Appendf(nil, "<%d>", i)
		want[j] = append(want[j], p...)
		if i%3 == 0 {
			r.conn(clients[j]).QueueShared(p)
		} else {
			r.conn(clients[j]).Queue(p)
		}
		if i%61 == 0 {
			r.conn(clients[j]).Flush()
		}
	}
	r.turn()
	for j, c := range clients {
		expectBytes(t, fmt.Sprintf("connection %d", j), c.Read(), want[j])
	}
}

func TestNeighboursInMemoryBecomeOnePiece(t *testing.T) {
	memory := pattern(300)
	for _, tt := range []struct {
		name   string
		queue  func(c *Conn)
		want   []byte
		pieces int
	}{
		{"one after the other", func(c *Conn) { c.Queue(memory[:100]); c.Queue(memory[100:200]) }, memory[:200], 1},
		{"a gap", func(c *Conn) { c.Queue(memory[:100]); c.Queue(memory[101:200]) }, append(bytes.Clone(memory[:100]), memory[101:200]...), 2},
		{"the wrong way round", func(c *Conn) { c.Queue(memory[100:200]); c.Queue(memory[:100]) }, append(bytes.Clone(memory[100:200]), memory[:100]...), 2},
		{"the same twice", func(c *Conn) { c.Queue(memory[:100]); c.Queue(memory[:100]) }, append(bytes.Clone(memory[:100]), memory[:100]...), 2},
		{"capacity ends between", func(c *Conn) { c.Queue(memory[:100:100]); c.Queue(memory[100:200]) }, memory[:200], 2},
		{"shared", func(c *Conn) { c.QueueShared(memory[:100]); c.QueueShared(memory[100:200]) }, memory[:200], 2},
		{"borrowed, then shared", func(c *Conn) { c.Queue(memory[:100]); c.QueueShared(memory[100:200]) }, memory[:200], 2},
		{"shared, then borrowed", func(c *Conn) { c.QueueShared(memory[:100]); c.Queue(memory[100:200]) }, memory[:200], 2},
		{"up to the end of capacity", func(c *Conn) { c.Queue(memory[:100:200]); c.Queue(memory[100:200:200]) }, memory[:200], 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			c := r.dial()
			tt.queue(r.conn(c))
			if got := len(r.output.pieces); got != tt.pieces {
				t.Errorf("%d pieces, want %d", got, tt.pieces)
			}
			r.turn()
			expectBytes(t, "sent", c.Read(), tt.want)
		})
	}
}

// outputShapes are ways to queue the same bytes.
var outputShapes = []struct {
	name  string
	queue func(c *Conn, p []byte)
}{
	{"one piece", func(c *Conn, p []byte) { c.Queue(p) }},
	{"one shared piece", func(c *Conn, p []byte) { c.QueueShared(bytes.Clone(p)) }},
	{"pieces", func(c *Conn, p []byte) {
		for _, piece := range cut(p, 7) {
			c.Queue(piece[:len(piece):len(piece)])
		}
	}},
	{"borrowed and shared pieces, some empty", func(c *Conn, p []byte) {
		for i, piece := range cut(p, 11) {
			switch i % 3 {
			case 0:
				c.Queue(piece)
			case 1:
				c.QueueShared(bytes.Clone(piece))
			default:
				c.Queue(nil)
				c.Queue(piece)
				c.QueueShared(nil)
			}
		}
	}},
}

func cut(p []byte, size int) (pieces [][]byte) {
	for len(p) > size {
		pieces, p = append(pieces, p[:size]), p[size:]
	}
	return append(pieces, p)
}

// The kernel takes every possible part first; the memory is overwritten as soon
// as the turn is over, as its owner may do.
func TestEveryShortWriteDeliversExactBytes(t *testing.T) {
	const size = 100
	want := pattern(size)
	for _, shape := range outputShapes {
		t.Run(shape.name, func(t *testing.T) {
			for space := 1; space <= size+1; space++ {
				r := newRig(t)
				r.kernel.SetBuffers(space, 64)
				c := r.dial()
				memory := bytes.Clone(want)
				shape.queue(r.conn(c), memory)
				r.turn()
				clear(memory)
				expectBytes(t, fmt.Sprintf("space for %d", space), r.drainAll(c), want)
				expectDrained(t, r, c, space < size)
			}
		})
	}
}

func TestEveryCutOfWritesDeliversExactBytes(t *testing.T) {
	const size = 100
	want := pattern(size)
	for _, shape := range outputShapes {
		t.Run(shape.name, func(t *testing.T) {
			for most := 1; most <= size+1; most++ {
				r := newRig(t)
				c := r.dial()
				r.kernel.Short(fake.OpWrite, most)
				r.kernel.Short(fake.OpWritev, most)
				memory := bytes.Clone(want)
				shape.queue(r.conn(c), memory)
				r.turn()
				clear(memory)
				expectBytes(t, fmt.Sprintf("writes of %d", most), r.drainAll(c), want)
				expectDrained(t, r, c, most < size)
			}
		})
	}
}

func TestWritesThatWouldBlockDeliverExactBytes(t *testing.T) {
	want := pattern(50_000)
	for _, shape := range outputShapes {
		for times := range 4 {
			r := newRig(t)
			c := r.dial()
			r.kernel.Fail(fake.OpWrite, times, syscall.EAGAIN)
			r.kernel.Fail(fake.OpWritev, times, syscall.EAGAIN)
			memory := bytes.Clone(want)
			shape.queue(r.conn(c), memory)
			r.turn()
			clear(memory)
			expectBytes(t, fmt.Sprintf("%s, %d times EAGAIN", shape.name, times), r.drainAll(c), want)
		}
	}
}

func expectDrained(t *testing.T, r *rig, c *client, waited bool) {
	t.Helper()
	want := 0
	if waited {
		want = 1
	}
	if got := r.handler.drained[c.handle]; got != want {
		t.Errorf("Drained was called %d times, want %d", got, want)
	}
	if conn := r.conn(c); conn.Waiting() != 0 || conn.Unsent() != 0 || conn.waiting != nil {
		t.Errorf("%d bytes wait after all were taken (chain kept: %v)", conn.Waiting(), conn.waiting != nil)
	}
	if got := r.Stats().WaitingBytes; got != 0 {
		t.Errorf("WaitingBytes is %d, want 0", got)
	}
}

func TestMorePiecesThanOneWritevTakes(t *testing.T) {
	for _, pieces := range []int{63, 64, 65, 127, 128, 129, 1000} {
		for _, shared := range []bool{false, true} {
			r := newRig(t)
			r.kernel.SetBuffers(4<<20, 64)
			c := r.dial()
			var want []byte
			for i := range pieces {
				p := bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 256)
				want = append(want, p...)
				if shared {
					r.conn(c).QueueShared(p)
				} else {
					r.conn(c).Queue(p)
				}
			}
			expectBytes(t, fmt.Sprintf("%d pieces", pieces), r.drainAll(c), want)
		}
	}
}

// Output queued while older output waits goes behind it.
func TestLaterOutputWaitsBehindEarlier(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(32, 64)
	c := r.dial()
	var want []byte
	var memories [][]byte
	for i := range 20 {
		p := bytes.Repeat([]byte{byte('a' + i)}, 20)
		want = append(want, p...)
		memories = append(memories, p)
		r.conn(c).Queue(p)
		r.turn()
	}
	for _, p := range memories {
		clear(p)
	}
	expectBytes(t, "sent", r.drainAll(c), want)
	expectDrained(t, r, c, true)
}

func TestFiguresOfWaitingOutput(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(100, 64)
	clients := r.dialMany(2)
	slow, other := clients[0], clients[1]
	expect := func(when string, waiting, unsent, total int) {
		t.Helper()
		c := r.conn(slow)
		if c.Waiting() != waiting || c.Unsent() != unsent || r.Stats().WaitingBytes != total {
			t.Errorf("%s: Waiting %d, Unsent %d, WaitingBytes %d; want %d, %d, %d", when, c.Waiting(), c.Unsent(), r.Stats().WaitingBytes, waiting, unsent, total)
		}
	}
	expect("at first", 0, 0, 0)
	r.conn(slow).Queue(pattern(250))
	r.conn(slow).QueueShared(pattern(50))
	expect("queued", 0, 300, 0)
	r.turn()
	expect("after the turn", 200, 200, 200)
	r.conn(slow).Queue(pattern(10))
	r.conn(other).Queue(pattern(160))
	expect("queued again", 200, 210, 200)
	r.turn()
	expect("both wait", 210, 210, 270)
	slow.ReadN(40)
	r.settle()
	expect("after the peer read 40", 170, 170, 230)
	r.conn(slow).Queue(pattern(5))
	r.conn(slow).Abort(errTest)
	if got := r.Stats().WaitingBytes; got != 60 {
		t.Errorf("WaitingBytes is %d after the connection was closed, want 60", got)
	}
	r.conn(other).Reset(errTest)
	if got := r.Stats().WaitingBytes; got != 0 {
		t.Errorf("WaitingBytes is %d after both were closed, want 0", got)
	}
}

var errTest = errors.New("the test's own cause")

func TestAFairShareOfDraining(t *testing.T) {
	const total = 2 << 20
	r := newRig(t)
	r.kernel.SetBuffers(64, 64)
	c := r.dial()
	conn := r.conn(c)
	for _, p := range cut(pattern(total), 8<<10) {
		conn.QueueShared(p)
	}
	r.turn()
	// From now on the kernel takes all it is given, with room for 16 KiB at a time.
	var got []byte
	greedy := &bottomless{Sockets: r.calls.Sockets, most: 16 << 10, taken: &got}
	r.calls.Sockets = greedy
	r.settle()
	got = nil
	left := conn.Waiting()
	for turn := 0; conn.Waiting() > 0; turn++ {
		conn.flags |= flagUnwritten
		r.schedule(conn)
		before := conn.Waiting()
		r.turn()
		if took := before - conn.Waiting(); took > drainBytes+greedy.most {
			t.Fatalf("turn %d drained %d bytes, want at most %d", turn, took, drainBytes)
		}
	}
	if len(got) != left {
		t.Errorf("%d bytes drained, want %d", len(got), left)
	}
}

// A burst of pieces must not make what the loop keeps, or each later drain,
// larger for good.
func TestScratchOfABurstIsNotKept(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(64<<20, 64)
	clients := r.dialMany(2)
	for i := range 8 * keptPieces {
		r.conn(clients[i%2]).Queue(make([]byte, 8))
	}
	r.turn()
	o := &r.output
	for _, s := range []struct {
		name      string
		got, most int
	}{
		{"pieces", cap(o.pieces), keptPieces},
		{"dirty", cap(o.dirty), keptPieces},
		{"ordered", cap(o.ordered), keptPieces},
		{"gather", cap(o.gather), keptPieces},
		{"flat", cap(o.flat), 2 * flatBytes},
	} {
		if s.got > s.most {
			t.Errorf("room for %d in %s is kept, want at most %d", s.got, s.name, s.most)
		}
	}
	for _, p := range o.ordered[:cap(o.ordered)] {
		if p.bytes != nil {
			t.Fatal("the scratch still refers to output that was sent")
		}
	}
}

func TestADrainLooksAtNoMoreThanItCanSend(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	for range 5000 {
		r.conn(c).QueueShared(make([]byte, 100))
	}
	widest := 0
	r.calls.Sockets = &widthGauge{Sockets: r.calls.Sockets, widest: &widest}
	r.turn() // the first attempt is given all there is
	widest = 0
	r.drainAll(c)
	if widest > 64 {
		t.Errorf("writev was given %d slices, want at most the 64 it takes", widest)
	}
}

func TestAWriteErrorEndsOneConnectionOnly(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EPIPE, syscall.ECONNRESET, syscall.ETIMEDOUT} {
		for _, tt := range []struct {
			name string
			fail func(r *rig)
		}{
			{"at once", func(r *rig) { r.kernel.Fail(fake.OpWrite, 1, errno) }},
			{"while draining", func(r *rig) { r.kernel.Fail(fake.OpWritev, 1, errno) }},
		} {
			t.Run(fmt.Sprintf("%v %s", errno, tt.name), func(t *testing.T) {
				r := newRig(t)
				r.kernel.SetBuffers(32, 64)
				clients := r.dialMany(3)
				tt.fail(r)
				r.conn(clients[0]).Queue(pattern(50))
				for _, c := range clients[1:] {
					r.conn(c).Queue([]byte("fine"))
				}
				r.turn()
				r.settle()
				r.expectClosed(clients[0], errno)
				for _, c := range clients[1:] {
					r.expectOpen(c)
					expectBytes(t, "a neighbour", c.Read(), []byte("fine"))
				}
			})
		}
	}
}

func TestFlushWritesAtOnce(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	conn := r.conn(c)
	conn.Queue([]byte("now"))
	if !conn.Flush() {
		t.Error("Flush says that the connection has ended")
	}
	expectBytes(t, "flushed", c.Read(), []byte("now"))
	if !conn.Flush() {
		t.Error("an empty Flush says that the connection has ended")
	}
	conn.Queue([]byte("then"))
	r.turn()
	expectBytes(t, "at the end of the turn", c.Read(), []byte("then"))
	r.kernel.Fail(fake.OpWrite, 1, syscall.EPIPE)
	conn.Queue([]byte("lost"))
	if conn.Flush() {
		t.Error("Flush says that a broken connection is open")
	}
	r.expectClosed(c, syscall.EPIPE)
	r.settle()
}

// Handlers may act on their other connections from Closed, also in the middle of
// the flush that has found the end.
func TestOutputQueuedWhileFlushingIsSent(t *testing.T) {
	for _, act := range []struct {
		name string
		do   func(*Conn)
	}{
		{"queued", func(c *Conn) { c.Queue([]byte("he left")) }},
		{"flushed", func(c *Conn) { c.Queue([]byte("he left")); c.Flush() }},
	} {
		t.Run(act.name, func(t *testing.T) {
			r := newRig(t)
			clients := r.dialMany(3)
			r.handler.onClosed = func(c *Conn, _ error) {
				for _, other := range clients {
					if o := r.Conn(other.handle); o != nil && other.handle != c.Handle() {
						act.do(o)
					}
				}
			}
			r.conn(clients[0]).Queue([]byte("first;"))
			r.conn(clients[1]).Queue([]byte("lost"))
			r.conn(clients[2]).Queue([]byte("first;"))
			// The second write is the one that fails.
			r.kernel.Fail(fake.OpWrite, 1, 0)
			r.kernel.Fail(fake.OpWrite, 1, syscall.EPIPE)
			r.turn()
			for _, c := range []*client{clients[0], clients[2]} {
				expectBytes(t, "sent", c.Read(), []byte("first;he left"))
			}
			r.expectClosed(clients[1], syscall.EPIPE)
			r.handler.onClosed = nil
		})
	}
}

func TestOutputQueuedInTurnDoneIsSent(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.handler.onTurnDone = func() {
		r.conn(c).QueueShared([]byte("postscript"))
		r.handler.onTurnDone = nil
	}
	r.turn()
	r.settle()
	expectBytes(t, "sent", c.Read(), []byte("postscript"))
}

func TestASlotTakenAgainInTheSameTurnGetsNoOldOutput(t *testing.T) {
	r := newRig(t)
	old := r.dial()
	r.handler.onOpened = func(c *Conn) { c.Queue([]byte("welcome")) }
	r.handler.onData = func(c *Conn, _ []byte) {
		c.Queue([]byte("for the old one"))
		c.Abort(errTest)
	}
	r.write(old, []byte("x"))
	young := &client{Peer: r.kernel.Dial(r.acceptor.listeners[0])}
	r.settle()
	young.handle = r.handler.byAddr[young.Addr()]
	if young.handle.Slot != old.handle.Slot || young.handle.Generation == old.handle.Generation {
		t.Fatalf("handles %v and %v, want the same slot and another generation", old.handle, young.handle)
	}
	expectBytes(t, "sent to the new one", young.Read(), []byte("welcome"))
}

// What a turn has sent is free when it ends: nothing of the loop refers to it.
func TestOutputKeepsNothingThatWasSent(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(2)
	for range 2 { // out of order, gathered
		for range 50 {
			for _, c := range clients {
				r.conn(c).QueueShared(pattern(1000))
			}
		}
		r.conn(clients[0]).QueueShared([]byte("few"))
	}
	r.turn()
	for _, c := range clients {
		r.conn(c).QueueShared([]byte("a"))
		r.conn(c).QueueShared([]byte("b"))
	}
	r.turn()
	o := &r.output
	for name, kept := range map[string][][]byte{"gather": o.gather[:cap(o.gather)], "drained": o.drained[:]} {
		for i, p := range kept {
			if p != nil {
				t.Fatalf("%s refers to %d bytes at %d", name, len(p), i)
			}
		}
	}
	for name, kept := range map[string][]piece{"ordered": o.ordered[:cap(o.ordered)], "pieces": o.pieces[:cap(o.pieces)], "single": o.single[:]} {
		for i, p := range kept {
			if p.bytes != nil {
				t.Fatalf("%s refers to %d bytes at %d", name, len(p.bytes), i)
			}
		}
	}
}
