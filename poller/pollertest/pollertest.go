// Package pollertest drives a handler over a scripted kernel, turn by turn: no
// sockets, no time but its own, and every fault that a kernel can produce.
package pollertest

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller"
	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

// Peer is the other end of a connection.
type Peer = fake.Peer

// Script turns any bytes into what peers do and what goes wrong.
type Script = fake.Script

// Actor is a peer that a [Script] moves.
type Actor = fake.Actor

// Rig is a loop on a scripted kernel.
type Rig struct {
	*poller.Stepped
	t        testing.TB
	kernel   *fake.Kernel
	clock    *fake.Clock
	listener int
	perLook  time.Duration
}

// New returns a rig whose loop hands its connections to the handler that
// newHandler makes. End ends it, and checks that everything was given back.
func New(t testing.TB, config poller.Config, newHandler func(*poller.Loop) poller.Handler) *Rig {
	t.Helper()
	clock := fake.NewClock()
	begin := clock.Now()
	rig := &Rig{t: t, clock: clock}
	kernel := fake.New(clock)
	listener, err := kernel.Listen()
	if err != nil {
		t.Fatal(err)
	}
	stepped, err := poller.NewStepped(config, poller.Kernel{
		Engine:   kernel.Engine(),
		Sockets:  kernel.Sockets(),
		Listener: listener,
		Reserve:  kernel.Reserve,
		Clock: func() time.Duration {
			clock.Advance(rig.perLook)
			return clock.Now().Sub(begin)
		},
	}, newHandler)
	if err != nil {
		t.Fatal(err)
	}
	rig.Stepped, rig.kernel, rig.listener = stepped, kernel, listener
	return rig
}

// Dial connects a peer. The loop accepts it in its next turn.
func (r *Rig) Dial() *Peer { return r.kernel.Dial(r.listener) }

// Script returns a script of data, played on this rig's kernel.
func (r *Rig) Script(data []byte) *Script { return fake.NewScript(r.kernel, r.listener, data) }

// Heal ends all faults that a script has begun.
func (r *Rig) Heal() { r.kernel.Heal() }

// SetBuffers sets the sizes of the sockets' buffers, in bytes, as the loop sees
// them.
func (r *Rig) SetBuffers(send, receive int) { r.kernel.SetBuffers(send, receive) }

// TakeTime moves the clock by d whenever the loop looks at it, so that what the
// loop does seems to take time. By default nothing does.
func (r *Rig) TakeTime(d time.Duration) { r.perLook = d }

// Settle takes turns until the loop has nothing to do but to wait.
func (r *Rig) Settle() {
	r.t.Helper()
	for range 100_000 {
		if !r.kernel.Pending() && !r.Busy() {
			return
		}
		r.Turn()
	}
	r.t.Fatalf("the loop does not come to rest; the latest calls:\n%s", r.kernel.Trace())
}

// Pass takes turns until d has passed on the rig's clock.
func (r *Rig) Pass(d time.Duration) {
	r.t.Helper()
	for until := r.clock.Now().Add(d); r.clock.Now().Before(until); {
		r.Settle()
		r.clock.Advance(min(50*time.Millisecond, until.Sub(r.clock.Now())))
		r.TickOver()
	}
	r.Settle()
}

// End ends the loop, and fails the test if a descriptor or a segment is left or
// a call was made on a descriptor that was not open.
func (r *Rig) End() {
	r.t.Helper()
	r.kernel.Heal()
	r.Stepped.End()
	r.kernel.Check(r.t)
	if left := r.SegmentsInUse(); left != 0 {
		r.t.Errorf("%d segments are in use after the end", left)
	}
}
