package poller

import (
	"bytes"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

func TestFinishFlushesThenEndsTheStream(t *testing.T) {
	for _, size := range []int{0, 1, 99, 5000} {
		r := newRig(t)
		r.kernel.SetBuffers(100, 64<<10)
		c := r.dial()
		want := pattern(size)
		r.conn(c).Queue(want)
		r.conn(c).Finish()
		if r.conn(c).Open() {
			t.Error("a finished connection says it is open")
		}
		expectBytes(t, "sent", r.drainAll(c), want)
		if !c.AtEOF() {
			t.Error("the peer does not see the end of the stream")
		}
		r.expectOpen(c)
		r.write(c, pattern(10_000))
		r.settle()
		if got := len(r.handler.received[c.handle]); got != 0 {
			t.Errorf("%d bytes were delivered after Finish, want none", got)
		}
		if got := c.Untaken(); got != 0 {
			t.Errorf("%d bytes were left unread, want all discarded", got)
		}
		c.Close()
		r.settle()
		r.expectClosed(c, ErrFinished)
		if c.WasReset() {
			t.Error("the connection was reset")
		}
	}
}

func TestALingeringConnectionIsResetInTheEnd(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(3)
	silent, chatty, gone := clients[0], clients[1], clients[2]
	for _, c := range clients {
		r.conn(c).Finish()
	}
	r.settle()
	r.turn()
	began := r.clock()
	gone.Close()
	r.pass(r.config.Linger / 2)
	r.expectOpen(silent)
	r.expectOpen(chatty)
	r.write(chatty, pattern(100))
	r.settle()
	r.pass(began + r.config.Linger - r.clock())
	for _, c := range []*client{silent, chatty} {
		r.expectClosed(c, ErrFinished)
		if !c.WasReset() {
			t.Error("a peer that does not close was not reset")
		}
	}
	if got := len(r.handler.closed[gone.handle]); got != 1 || gone.WasReset() {
		t.Errorf("the peer that closed: %d times closed, reset %v", got, gone.WasReset())
	}
	if got := len(r.lingerers); got != 0 {
		t.Errorf("%d still linger", got)
	}
}

func TestLingerersEndInTheirOrder(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(5)
	var order []Handle
	r.handler.onClosed = func(c *Conn, _ error) { order = append(order, c.Handle()) }
	for _, c := range clients {
		r.conn(c).Finish()
		r.turn()
		r.pass(r.config.Linger / 10)
	}
	r.pass(2 * r.config.Linger)
	var want []Handle
	for _, c := range clients {
		want = append(want, c.handle)
	}
	if !slices.Equal(order, want) {
		t.Errorf("lingerers ended in the order %v, want %v", order, want)
	}
}

func TestFinishOnceThePeerHasEnded(t *testing.T) {
	t.Run("in the turn of its last input", func(t *testing.T) {
		r := newRig(t)
		r.handler.onData = func(c *Conn, _ []byte) { c.Queue([]byte("bye")); c.Finish() }
		c := r.dial()
		r.write(c, []byte("quit"))
		c.CloseWrite()
		r.settle()
		expectBytes(t, "sent", c.Read(), []byte("bye"))
		r.expectClosed(c, ErrFinished)
		if c.WasReset() {
			t.Error("the connection was reset")
		}
	})
	t.Run("after its end was seen", func(t *testing.T) {
		r := newRig(t)
		r.handler.onMail = func(c *Conn, _ Letter) { c.Finish() }
		c := r.dial()
		c.CloseWrite()
		r.Post(c.handle, 0, nil, nil)
		r.turn()
		if got := r.handler.closed[c.handle]; len(got) != 1 {
			t.Errorf("Closed was called with %v, want once, at once", got)
		}
		if !c.AtEOF() {
			t.Error("the peer does not see the end of the stream")
		}
	})
}

func TestFinishTwice(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.conn(c).Finish()
	r.conn(c).Finish()
	r.turn()
	r.conn(c).Finish()
	r.turn()
	if got := len(r.lingerers); got != 1 {
		t.Errorf("%d lingerers, want 1", got)
	}
	c.Close()
	r.settle()
	r.expectClosed(c, ErrFinished)
}

func TestFinishWhilePaused(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.conn(c).Pause()
	r.write(c, []byte("never read"))
	r.settle()
	r.conn(c).Finish()
	r.turn()
	c.CloseWrite()
	r.settle()
	r.expectClosed(c, ErrFinished)
	r.expectReceived(c, "")
	if c.WasReset() {
		t.Error("the peer was reset: its input was not discarded first")
	}
}

func TestNothingIsQueuedAfterTheTurnOfFinish(t *testing.T) {
	for _, tt := range []struct {
		name  string
		space int
	}{
		{"all was sent", 100},
		{"output waits", 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.kernel.SetBuffers(tt.space, 64)
			c := r.dial()
			want := pattern(50)
			conn := r.conn(c)
			conn.Finish()
			conn.Queue(want) // in the same turn: still sent
			r.turn()
			conn.Queue([]byte("too late"))
			conn.QueueShared([]byte("too late"))
			if got, most := conn.Unsent(), max(50-tt.space, 0); got != most {
				t.Errorf("%d bytes unsent, want %d", got, most)
			}
			r.turn()
			expectBytes(t, "sent", r.drainAll(c), want)
			if !c.AtEOF() {
				t.Error("the peer does not see the end of the stream")
			}
		})
	}
}

func TestAFinishedConnectionTakesNoLetters(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.conn(c).Finish()
	r.turn()
	before := r.Stats().DeadLetters
	r.Post(c.handle, 0, nil, []byte("late"))
	r.settle()
	if got := r.handler.letters[c.handle]; len(got) != 0 {
		t.Errorf("letters %q were delivered", got)
	}
	if got := r.Stats().DeadLetters - before; got != 1 {
		t.Errorf("%d dead letters, want 1", got)
	}
}

func TestFinishOfABrokenConnection(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.kernel.Fail(fake.OpCloseWrite, 1, syscall.ENOTCONN)
	r.conn(c).Finish()
	r.turn()
	r.expectClosed(c, syscall.ENOTCONN)
}

// A peer that does not read what a connection was finished with is not waited
// for longer than one that does not close.
func TestAFinishedConnectionThatStalls(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(10, 64)
	c := r.dial()
	r.conn(c).Queue(pattern(100))
	r.conn(c).Finish()
	r.turn()
	r.pass(r.config.Linger + 100*time.Millisecond)
	r.expectClosed(c, ErrFinished)
	if !c.WasReset() {
		t.Error("the peer was not reset")
	}
}

// Every callback may end its connection: nothing touches it afterwards, and its
// neighbours go on.
func TestEndingInsideACallback(t *testing.T) {
	endings := []struct {
		name  string
		end   func(*Conn)
		reset bool
	}{
		{"Abort", func(c *Conn) { c.Abort(errTest) }, false},
		{"Reset", func(c *Conn) { c.Reset(errTest) }, true},
		{"Queue and Abort", func(c *Conn) { c.Queue([]byte("dropped")); c.Abort(errTest) }, false},
		{"Finish, Flush and Abort", func(c *Conn) { c.Finish(); c.Flush(); c.Abort(errTest) }, false},
		{"Pause, Resume and Abort", func(c *Conn) { c.Pause(); c.Resume(); c.Abort(errTest) }, false},
	}
	for _, callback := range []struct {
		name  string
		enter func(r *rig, c *client, end func(*Conn))
	}{
		{"Data", func(r *rig, c *client, end func(*Conn)) {
			r.handler.onData = func(conn *Conn, _ []byte) { end(conn) }
			r.write(c, pattern(64<<10))
		}},
		{"Mail", func(r *rig, c *client, end func(*Conn)) {
			r.handler.onMail = func(conn *Conn, _ Letter) { end(conn) }
			r.Post(c.handle, 0, nil, []byte("one"))
			r.Post(c.handle, 0, nil, []byte("two"))
		}},
		{"Sweep", func(r *rig, c *client, end func(*Conn)) {
			r.handler.onSweep = func(conn *Conn) {
				if conn.Handle() == c.handle {
					end(conn)
				}
			}
			r.pass(2 * r.config.Sweep)
		}},
		{"Drained", func(r *rig, c *client, end func(*Conn)) {
			r.handler.onDrained = end
			r.conn(c).Queue(pattern(100))
			r.turn()
			r.settle()
			c.Read()
		}},
	} {
		for _, ending := range endings {
			t.Run(callback.name+"/"+ending.name, func(t *testing.T) {
				r := newRig(t)
				r.kernel.SetBuffers(64, 64<<10)
				clients := r.dialMany(2)
				c, neighbour := clients[0], clients[1]
				callback.enter(r, c, ending.end)
				r.settle()
				r.expectClosed(c, errTest)
				if got := c.WasReset(); ending.reset && !got {
					t.Error("the peer was not reset")
				}
				r.handler.onData, r.handler.onMail = nil, nil
				r.write(neighbour, []byte("still here"))
				r.settle()
				r.expectReceived(neighbour, "still here")
			})
		}
	}
}

func TestEndingInsideOpened(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*Conn)
		want []byte
	}{
		{"Abort", func(c *Conn) { c.Queue([]byte("dropped")); c.Abort(errTest) }, nil},
		{"Finish", func(c *Conn) { c.Queue([]byte("no")); c.Finish() }, []byte("no")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.handler.onOpened = tt.end
			clients := r.dialMany(3)
			for _, c := range clients {
				expectBytes(t, "sent", c.Read(), tt.want)
				if !c.AtEOF() {
					t.Error("the peer does not see the end of the stream")
				}
				c.Close()
			}
			r.settle()
			if got := r.Stats(); got.Connections != 0 || got.Accepted != 3 {
				t.Errorf("%d connections of %d accepted, want 0 of 3", got.Connections, got.Accepted)
			}
		})
	}
}

// A handler may end other connections than the one it was called for, though
// they too have an event in this turn.
func TestEndingANeighbour(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(4)
	r.handler.onData = func(c *Conn, _ []byte) {
		r.Each(func(other *Conn) {
			if other != c {
				other.Abort(errTest)
			}
		})
	}
	for _, c := range clients {
		r.write(c, []byte("x"))
	}
	r.settle()
	r.expectOpen(clients[0])
	for _, c := range clients[1:] {
		r.expectClosed(c, errTest)
		r.expectReceived(c, "")
	}
	if got := r.Stats().StaleEvents; got != 3 {
		t.Errorf("%d stale events, want 3", got)
	}
}

func TestClosedIsTheLastCall(t *testing.T) {
	r := newRig(t)
	var calls []string
	note := func(name string) func(*Conn) { return func(*Conn) { calls = append(calls, name) } }
	r.handler.onOpened, r.handler.onDrained, r.handler.onSweep = note("opened"), note("drained"), note("sweep")
	r.handler.onData = func(c *Conn, p []byte) { calls = append(calls, "data"); c.Queue(bytes.Clone(p)) }
	r.handler.onMail = func(*Conn, Letter) { calls = append(calls, "mail") }
	r.handler.onClosed = func(*Conn, error) { calls = append(calls, "closed") }
	c := r.dial()
	r.write(c, []byte("x"))
	r.Post(c.handle, 0, nil, nil)
	r.settle()
	c.Read()
	c.Close()
	r.settle()
	r.Post(c.handle, 0, nil, nil)
	r.kernel.Spurious(connToken(c.handle.Slot, c.handle.Generation), 15)
	r.settle()
	r.pass(2 * r.config.Sweep)
	r.expectClosed(c, io.EOF)
	if last := calls[len(calls)-1]; last != "closed" {
		t.Errorf("calls were %q, want the last to be closed", calls)
	}
}

// TestAStormOfEndsLeavesNoList: what the ends of many have taken is given back when
// the last has lingered.
func TestAStormOfEndsLeavesNoList(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	for range keptPieces + 1 { // whatever becomes of them
		r.linger(r.conn(c))
	}
	r.conn(c).Finish()
	r.settle()
	r.pass(2 * r.config.Linger)
	r.expectClosed(c, ErrFinished)
	if n := cap(r.lingerers); n > keptPieces {
		t.Errorf("the list of those that linger keeps room for %d", n)
	}
}
