package poller

import (
	"fmt"
	"testing"
	"time"
)

func TestEveryConnectionIsSweptOnceAnInterval(t *testing.T) {
	for _, n := range []int{1, 511, 512, 513, 1024, 5000} {
		for _, interval := range []time.Duration{50 * time.Millisecond, time.Second} {
			t.Run(fmt.Sprintf("%d connections every %v", n, interval), func(t *testing.T) {
				config := rigConfig()
				config.Sweep = interval
				r := newRigOf(t, config)
				clients := r.dialMany(n)
				r.pass(2 * interval) // the rhythm settles as the slab has grown
				clear(r.handler.swept)
				last, longest := map[Handle]time.Duration{}, time.Duration(0)
				r.handler.onSweep = func(c *Conn) {
					if at, ok := last[c.Handle()]; ok {
						longest = max(longest, r.began-at)
					}
					last[c.Handle()] = r.began
				}
				const rounds = 10
				r.pass(rounds * interval)
				for _, c := range clients {
					if got := r.handler.swept[c.handle]; got < rounds-2 || got > rounds+2 {
						t.Fatalf("connection %d was visited %d times in %d intervals", c.handle.Slot, got, rounds)
					}
				}
				if longest > interval+interval/2 {
					t.Errorf("a connection waited %v for its visit, want about %v", longest, interval)
				}
			})
		}
	}
}

func TestAStuckPeerIsReset(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(10, 64)
	clients := r.dialMany(3)
	stuck, slow, idle := clients[0], clients[1], clients[2]
	r.conn(stuck).Queue(pattern(100))
	r.conn(slow).Queue(pattern(100))
	r.turn()
	began := r.clock()
	for len(r.handler.closed[stuck.handle]) == 0 {
		slow.ReadN(5)
		r.pass(r.config.WriteStall / 4)
		if r.clock() > began+2*r.config.WriteStall {
			t.Fatal("the stuck peer was not reset")
		}
	}
	r.expectClosed(stuck, ErrWriteStalled)
	if !stuck.WasReset() {
		t.Error("the stuck peer was not told by a reset")
	}
	if spent := r.clock() - began; spent < r.config.WriteStall || spent > r.config.WriteStall+r.config.WriteStall/4+2*r.config.Sweep {
		t.Errorf("it was reset after %v, want %v and at most a sweep more", spent, r.config.WriteStall)
	}
	r.expectOpen(slow)
	r.expectOpen(idle)
}

func TestALoopWithoutConnectionsDoesNotTick(t *testing.T) {
	r := newRig(t)
	r.turn()
	if got := r.untilDue(); got >= 0 {
		t.Errorf("before any connection the loop wakes after %v", got)
	}
	c := r.dial()
	if got := r.untilDue(); got < 0 || got > r.config.Sweep {
		t.Errorf("with a connection the loop wakes after %v, want within %v", got, r.config.Sweep)
	}
	c.Close()
	r.settle()
	if got := r.untilDue(); got >= 0 {
		t.Errorf("after the last connection the loop wakes after %v", got)
	}
}

func TestConnectionsThatCloseDuringTheSweep(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(r *rig, c *Conn)
		left int
	}{
		{"each its own", func(_ *rig, c *Conn) { c.Abort(errTest) }, 0},
		{"the first one all", func(r *rig, _ *Conn) { r.Each(func(c *Conn) { c.Reset(errTest) }) }, 0},
		{"each finishes", func(_ *rig, c *Conn) { c.Finish() }, 1500},
		{"every other one", func(_ *rig, c *Conn) {
			if c.Slot()%2 == 0 {
				c.Abort(errTest)
			}
		}, 750},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.dialMany(1500)
			r.handler.onSweep = func(c *Conn) { tt.end(r, c) }
			r.pass(r.config.Sweep + r.config.Sweep/2)
			r.handler.onSweep = nil
			if got := r.Stats().Connections; got != tt.left {
				t.Errorf("%d connections are left, want %d", got, tt.left)
			}
		})
	}
}

func TestSweepOutputLeavesInTheSameTurn(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.handler.onSweep = func(c *Conn) { c.QueueShared([]byte("ping")) }
	clear(r.handler.swept)
	for len(r.handler.swept) == 0 {
		r.Loop.turn()
	}
	r.handler.onSweep = nil
	if got := string(c.Read()); got != "ping" {
		t.Errorf("sent %q in the turn of the sweep, want %q", got, "ping")
	}
}

// TestAStormOfTimeoutsIsSpreadOverTurns: while many connections are ended at
// once, the others are served in between.
func TestAStormOfTimeoutsIsSpreadOverTurns(t *testing.T) {
	r := newRig(t)
	const storm = 400
	r.dialMany(storm)
	r.handler.onSweep = func(c *Conn) { c.Abort(ErrFinished) }
	most, turns := 0, 0
	for len(r.handler.closed) < storm {
		if !r.pending() {
			r.pass(r.config.Sweep / 8)
		}
		before := len(r.handler.closed)
		r.turn()
		if turns++; turns > 10*storm {
			t.Fatalf("%d connections are left", storm-len(r.handler.closed))
		}
		most = max(most, len(r.handler.closed)-before)
	}
	if most > sweepActions {
		t.Errorf("one turn ended %d connections, want at most %d", most, sweepActions)
	}
}
