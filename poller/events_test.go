package poller

import (
	"testing"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

func TestEventsOfNobody(t *testing.T) {
	r := newRig(t)
	old := r.dial()
	r.conn(old).Abort(errTest)
	young := r.dial()
	spare := r.dialMany(1)[0]
	r.conn(spare).Abort(errTest) // a free slot on a page that is held
	for _, tt := range []struct {
		name  string
		token sys.Token
	}{
		{"an earlier owner of the slot", connToken(old.handle.Slot, old.handle.Generation)},
		{"an owner to come", connToken(young.handle.Slot, young.handle.Generation+100)},
		{"a slot beyond all pages", connToken(1<<30, 1)},
		{"a free slot", connToken(spare.handle.Slot, spare.handle.Generation)},
		{"a free slot, no generation", connToken(spare.handle.Slot+1, 0)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, ready := range []sys.Ready{sys.Readable, sys.Writable, sys.PeerClosed, sys.Failed, 15, 0} {
				before := r.Stats().StaleEvents
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("the loop panics: %v", p)
					}
				}()
				r.kernel.Spurious(tt.token, ready)
				r.settle()
				r.turn()
				if got := r.Stats().StaleEvents - before; got > 1 || ready != 0 && got != 1 {
					t.Errorf("ready %d: %d stale events counted", ready, got)
				}
			}
			r.expectOpen(young)
			if v := r.kernel.Violations(); len(v) > 0 {
				t.Errorf("violations: %q", v)
				r.kernel.Pardon()
			}
		})
	}
}

func TestAnEventForTheListenerWithoutConnections(t *testing.T) {
	r := newRig(t)
	r.turn()
	r.calls.reset()
	r.kernel.Spurious(listenerToken, sys.Readable)
	r.settle()
	if got := r.calls.accepts; got != 1 {
		t.Errorf("%d accepts, want 1", got)
	}
	r.turn()
	if got := r.calls.accepts; got != 1 {
		t.Errorf("%d accepts after EAGAIN, want no more", got-1)
	}
}

func TestWritableWithoutCauseIsHarmless(t *testing.T) {
	r := newRig(t)
	r.kernel.SetBuffers(10, 64)
	c := r.dial()
	token := connToken(c.handle.Slot, c.handle.Generation)
	r.kernel.Spurious(token, sys.Writable)
	r.settle()
	r.conn(c).Queue(pattern(30))
	r.turn()
	for range 3 {
		r.kernel.Spurious(token, sys.Writable)
		r.settle()
	}
	expectBytes(t, "sent", r.drainAll(c), pattern(30))
	if got := r.handler.drained[c.handle]; got != 1 {
		t.Errorf("Drained was called %d times, want once", got)
	}
}
