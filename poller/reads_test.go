package poller

import (
	"bytes"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/sluicegate/sluice/poller/buf"
	"github.com/sluicegate/sluice/poller/internal/sys"
	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

func TestAConnectionIsReadOnceATurn(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(64<<10, 1<<20)
	hot := r.dial()
	fd := int(r.conn(hot).fd)
	sent := pattern(1 << 20)
	r.write(hot, sent)
	for turn := range 16 {
		r.calls.reset()
		r.turn()
		if got := r.calls.reads[fd]; got != 1 {
			t.Fatalf("turn %d made %d reads, want 1", turn, got)
		}
	}
	r.settle()
	expectBytes(t, "received", r.handler.received[hot.handle], sent)
}

func TestNewInputDoesNotAddToTheFairShare(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(64<<10, 1<<20)
	hot := r.dial()
	fd := int(r.conn(hot).fd)
	r.write(hot, pattern(512<<10))
	r.turn()
	for turn := range 4 {
		r.write(hot, pattern(100)) // an event, to a connection that is to be read anyway
		r.calls.reset()
		r.turn()
		if got := r.calls.reads[fd]; got != 1 {
			t.Fatalf("turn %d made %d reads, want 1", turn, got)
		}
	}
}

func TestAHotConnectionDoesNotDelayItsNeighbour(t *testing.T) {
	const total = 10 << 20
	r := newRig(t)
	r.kernel.SetBuffers(64<<10, 1<<20)
	clients := r.dialMany(2)
	hot, calm := clients[0], clients[1]
	taken := 0
	for taken < total {
		for {
			n, _ := hot.Write(make([]byte, min(64<<10, total-taken)))
			if taken += n; n == 0 || taken == total {
				break
			}
		}
		r.handler.received[calm.handle] = nil
		r.write(calm, []byte("ping"))
		r.turn()
		r.expectReceived(calm, "ping")
	}
	r.settle()
	if got := len(r.handler.received[hot.handle]); got != total {
		t.Errorf("the hot connection delivered %d of %d bytes", got, total)
	}
}

// However many connections send more than the loop keeps up with, they have a part of
// the turn, one after the other.
func TestHotConnectionsDoNotDelayTheirNeighbour(t *testing.T) {
	const cost = eventBudget / eventsPerLook
	r := newRig(t)
	r.kernel.SetBuffers(64<<10, 1<<20)
	clients := r.dialMany(101)
	hot, neighbour := clients[:100], clients[100]
	sent := pattern(3*buf.SegmentSize + 100)
	for _, c := range hot {
		r.write(c, sent)
	}
	r.handler.onData = func(*Conn, []byte) { r.advance(cost) }
	for turn := range 50 {
		r.write(neighbour, []byte("."))
		began := r.clock()
		r.turn()
		if took := r.clock() - began; took > 2*eventBudget {
			t.Fatalf("turn %d took %v, want no more than %v", turn, took, 2*eventBudget)
		}
	}
	if got := len(r.handler.received[neighbour.handle]); got < 25 {
		t.Errorf("the neighbour was read %d times in 50 turns", got)
	}
	r.settle()
	for _, c := range hot {
		r.expectReceived(c, string(sent))
	}
}

func TestFullReadsGoOnWithoutAnEvent(t *testing.T) {
	for _, size := range []int{1, buf.SegmentSize - 1, buf.SegmentSize, buf.SegmentSize + 1, 2 * buf.SegmentSize, 5*buf.SegmentSize + 7} {
		r := newRig(t)
		r.kernel.SetBuffers(64<<10, 1<<20)
		c := r.dial()
		sent := pattern(size)
		r.write(c, sent)
		r.settle()
		expectBytes(t, "received", r.handler.received[c.handle], sent)
	}
}

func TestReadinessWithoutInputIsHarmless(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.kernel.Fail(fake.OpRead, 3, syscall.EAGAIN)
	r.write(c, []byte("late"))
	r.settle()
	r.kernel.Spurious(connToken(c.handle.Slot, c.handle.Generation), sys.Readable)
	r.settle()
	r.expectReceived(c, "late")
	r.expectOpen(c)
}

// An edge is reported once, so input, the end of the stream and a reset may
// come in one event.
func TestOneEventForInputAndTheEnd(t *testing.T) {
	large := string(pattern(buf.SegmentSize))
	for _, tt := range []struct {
		name  string
		input string
		end   func(*fake.Peer)
		cause error
	}{
		{"the end alone", "", (*fake.Peer).CloseWrite, io.EOF},
		{"input and the end", "last words", (*fake.Peer).CloseWrite, io.EOF},
		{"a full segment and the end", large, (*fake.Peer).CloseWrite, io.EOF},
		{"input and a close", "last words", (*fake.Peer).Close, io.EOF},
		{"a reset alone", "", (*fake.Peer).Reset, syscall.ECONNRESET},
		{"input and a reset", "last words", (*fake.Peer).Reset, syscall.ECONNRESET},
		{"a full segment and a reset", large, (*fake.Peer).Reset, syscall.ECONNRESET},
	} {
		for _, paused := range []bool{false, true} {
			name := tt.name
			if paused {
				name += ", while paused"
			}
			t.Run(name, func(t *testing.T) {
				r := newRig(t)
				c := r.dial()
				if paused {
					r.conn(c).Pause()
				}
				if tt.input != "" {
					r.write(c, []byte(tt.input))
				}
				tt.end(c.Peer)
				r.settle()
				if conn := r.Conn(c.handle); paused && conn != nil {
					r.expectReceived(c, "")
					conn.Resume()
					r.settle()
				}
				if !paused || tt.cause == io.EOF {
					r.expectReceived(c, tt.input)
				}
				r.expectClosed(c, tt.cause)
			})
		}
	}
}

func TestAFailedConnectionEndsThoughPaused(t *testing.T) {
	for _, input := range []string{"", "unread"} {
		for _, yields := range []bool{false, true} {
			r := newRig(t)
			c := r.dial()
			r.conn(c).Yield(yields)
			r.conn(c).Pause()
			if input != "" {
				r.write(c, []byte(input))
			}
			r.settle()
			c.Reset()
			r.settle()
			r.expectClosed(c, syscall.ECONNRESET)
		}
	}
}

func TestResetInTheMiddleOfInput(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.write(c, []byte("half"))
	r.settle()
	r.kernel.Fail(fake.OpRead, 1, syscall.ETIMEDOUT)
	r.write(c, []byte("lost"))
	r.settle()
	r.expectReceived(c, "half")
	r.expectClosed(c, syscall.ETIMEDOUT)
}

func TestTheEndOfInputLetsOutputLeave(t *testing.T) {
	for _, size := range []int{1, 100, 1000, 100_000} {
		r := newRig(t)
		r.kernel.SetBuffers(64, 64<<10)
		c := r.dial()
		want := pattern(size)
		r.conn(c).Queue(want)
		c.CloseWrite()
		r.turn()
		var got []byte
		for len(got) < size {
			p := c.Read()
			if len(p) == 0 {
				t.Fatalf("of %d bytes only %d came", size, len(got))
			}
			got = append(got, p...)
			r.settle()
		}
		expectBytes(t, "sent", got, want)
		r.expectClosed(c, io.EOF)
		if !c.AtEOF() {
			t.Error("the peer does not see the end of the stream")
		}
	}
}

func TestAReplyToTheLastInputIsSent(t *testing.T) {
	r := newRig(t)
	r.handler.onData = func(c *Conn, p []byte) { c.Queue(bytes.ToUpper(p)) }
	c := r.dial()
	r.write(c, []byte("bye"))
	c.CloseWrite()
	r.settle()
	expectBytes(t, "reply", c.Read(), []byte("BYE"))
	r.expectClosed(c, io.EOF)
}

func TestLettersOfTheLastTurnAreDelivered(t *testing.T) {
	r := newRig(t)
	r.handler.onMail = func(c *Conn, l Letter) { c.Queue(l.Bytes) }
	c := r.dial()
	c.CloseWrite()
	r.Post(c.handle, 0, nil, []byte("farewell"))
	r.settle()
	expectBytes(t, "sent", c.Read(), []byte("farewell"))
	r.expectClosed(c, io.EOF)
}

func TestPauseKeepsInput(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(64<<10, 1<<20)
	r.handler.onData = func(c *Conn, p []byte) { c.Pause() }
	c := r.dial()
	sent := pattern(3*buf.SegmentSize + 100)
	r.write(c, sent)
	for resumed := 0; ; resumed++ {
		r.settle()
		got := len(r.handler.received[c.handle])
		if want := min((resumed+1)*buf.SegmentSize, len(sent)); got != want {
			t.Fatalf("after %d times Resume the handler got %d bytes, want %d", resumed, got, want)
		}
		if got == len(sent) {
			break
		}
		r.conn(c).Resume()
	}
	expectBytes(t, "received", r.handler.received[c.handle], sent)
}

func TestResumeNeedsNoNewEdge(t *testing.T) {
	for _, tt := range []struct {
		name  string
		steps func(r *rig, c *client)
	}{
		{"input while paused", func(r *rig, c *client) {
			r.conn(c).Pause()
			r.write(c, []byte("text"))
			r.settle()
			r.conn(c).Resume()
		}},
		{"paused twice, resumed twice", func(r *rig, c *client) {
			r.conn(c).Pause()
			r.conn(c).Pause()
			r.write(c, []byte("text"))
			r.settle()
			r.conn(c).Resume()
			r.conn(c).Resume()
		}},
		{"resumed and paused again before the next turn", func(r *rig, c *client) {
			r.conn(c).Pause()
			r.write(c, []byte("text"))
			r.settle()
			r.conn(c).Resume()
			r.conn(c).Pause()
			r.settle()
			r.expectReceived(c, "")
			r.conn(c).Resume()
		}},
		{"resumed before the event", func(r *rig, c *client) {
			r.conn(c).Pause()
			r.conn(c).Resume()
			r.write(c, []byte("text"))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			c := r.dial()
			tt.steps(r, c)
			r.settle()
			r.expectReceived(c, "text")
		})
	}
}

func TestRetainedInputIsNotOverwritten(t *testing.T) {
	r := newRig(t)
	type kept struct {
		segment *buf.Segment
		bytes   []byte
	}
	var all []kept
	r.handler.onData = func(_ *Conn, p []byte) { all = append(all, kept{r.Retain(), p}) }
	clients := r.dialMany(40)
	var want []string
	for round := range 20 {
		for i, c := range clients {
			text := strings.Repeat(string(rune('a'+i)), 300+round)
			want = append(want, text)
			r.write(c, []byte(text))
		}
		r.settle()
	}
	if len(all) != len(want) {
		t.Fatalf("%d reads, want %d", len(all), len(want))
	}
	for i, k := range all {
		if string(k.bytes) != want[i] {
			t.Errorf("retained read %d is now %s, want %s", i, brief(string(k.bytes)), brief(want[i]))
		}
		k.segment.Release()
	}
	if got := r.pool.Outstanding(); got != 1 {
		t.Errorf("%d segments in use after every release, want the loop's own", got)
	}
}
