package poller

import (
	"bytes"
	"testing"

	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

// FuzzLoop runs an echo against any script of peers and faults. No byte may be
// lost, doubled or moved; nothing may stay open; the loop must come to rest.
func FuzzLoop(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRig(t)
		r.kernel.SetBuffers(48, 40)
		var arena []byte
		r.handler.onTurnDone = func() {
			clear(arena) // as its next use would
			arena = arena[:0]
		}
		shared := false
		r.handler.onData = func(c *Conn, p []byte) {
			if shared = !shared; shared {
				c.QueueShared(bytes.Clone(p))
				return
			}
			start := len(arena)
			arena = append(arena, p...)
			c.Queue(arena[start:])
		}
		script := fake.NewScript(r.kernel, r.acceptor.listeners[0], data)
		// Between two turns one thing happens, or several.
		several := 1 + len(data)%3
		for steps := 1; script.Step(); steps++ {
			if steps%several == 0 {
				r.turn()
			}
		}
		r.kernel.Heal()
		r.converse(script.Actors())
		for i, a := range script.Actors() {
			if !bytes.HasPrefix(a.Sent, a.Received) {
				t.Errorf("peer %d sent %q and received %q", i, a.Sent, a.Received)
			}
			if conn, ok := r.handler.byAddr[a.Addr()]; ok && len(r.handler.closed[conn]) == 0 && !a.AtEOF() && len(a.Received) != len(a.Sent) {
				t.Errorf("peer %d sent %q and its echo stops at %q", i, a.Sent, a.Received)
			}
		}
		for _, a := range script.Actors() {
			a.Close()
		}
		r.settle()
		r.pass(2 * acceptBackoff)
		if got := r.Stats().Connections; got != 0 {
			t.Errorf("%d connections have not seen their peers close", got)
		}
	})
}

// converse lets the peers read until nothing moves any more.
func (r *rig) converse(actors []*fake.Actor) {
	r.t.Helper()
	r.pass(2 * acceptBackoff)
	for moved := true; moved; {
		r.settle()
		moved = false
		for _, a := range actors {
			p := a.Read()
			a.Received = append(a.Received, p...)
			moved = moved || len(p) > 0
		}
	}
}
