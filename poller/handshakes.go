package poller

import (
	"math"
	"net/netip"

	"github.com/sluicegate/sluice/internal/shrinkmap"
	"github.com/sluicegate/sluice/poller/fairqueue"
)

// handshakes are those of a loop's connections: [TLS].Handshakes of them run, and
// others wait in line. Networks take turns in it: one that begins thousands and
// finishes none delays each other one by one place only. And one has half of the places
// at most, for those it has taken are its own until they time out.
type handshakes struct {
	// Fixed once running.
	start func(handshake func()) // on a goroutine of its own

	// Loop only.
	running int
	of      shrinkmap.Map[netip.Prefix, int]       // how many of each network run
	waiting *fairqueue.Queue[netip.Prefix, Handle] // by network
}

func newHandshakes(start func(handshake func())) handshakes {
	return handshakes{start: start, waiting: fairqueue.New[netip.Prefix, Handle](math.MaxInt)}
}

// maxGone is how many connections that have left may be in line beside twice as many as
// the loop has: a flood of those that come and leave must not make it long. Half of
// those that are looked at to take them out have left: so each costs two looks.
const maxGone = 1024

// awaitHandshake puts a connection of a network in line whose handshake could begin.
func (l *Loop) awaitHandshake(c *Conn, network netip.Prefix) {
	h := &l.security.handshakes
	if h.waiting.Len() > 2*l.slots.Used()+maxGone {
		l.tidyHandshakes()
	}
	h.waiting.Push(network, c.Handle())
	l.beginHandshakes()
}

// networkOf returns the network whose turns an address takes.
func (t *TLS) networkOf(addr netip.Addr) netip.Prefix {
	if t.Network != nil {
		return t.Network(addr)
	}
	return netip.PrefixFrom(addr, addr.BitLen())
}

// beginHandshakes lets waiting handshakes begin, while there is room.
func (l *Loop) beginHandshakes() {
	h, places := &l.security.handshakes, l.config.TLS.Handshakes
	may := func(network netip.Prefix) bool { return h.of.Get(network) < (places+1)/2 }
	for h.running < places {
		network, next, ok := h.waiting.PopWhere(may)
		if !ok {
			return
		}
		if c := l.securing(next); c != nil {
			s := l.security.table.At(c.slot)
			s.running = true
			h.running++
			h.of.Put(network, h.of.Get(network)+1)
			c.Resume()
			h.start(s.handshake.Run)
		}
	}
}

// ended gives back the place of a handshake.
func (h *handshakes) ended(network netip.Prefix) {
	h.running--
	if n := h.of.Get(network) - 1; n > 0 {
		h.of.Put(network, n)
	} else {
		h.of.Delete(network)
	}
}

// tidyHandshakes takes those out of the line that have left.
func (l *Loop) tidyHandshakes() {
	h := &l.security.handshakes
	before := h.waiting
	h.waiting = fairqueue.New[netip.Prefix, Handle](math.MaxInt)
	for {
		network, c, ok := before.Pop()
		if !ok {
			return
		}
		if l.securing(c) != nil {
			h.waiting.Push(network, c)
		}
	}
}

// securing returns the connection of h if it is there and not secured yet, or nil.
func (l *Loop) securing(h Handle) *Conn {
	if c := l.lookup(h.Slot, h.Generation); c != nil && c.state == connSecuring {
		return c
	}
	return nil
}
