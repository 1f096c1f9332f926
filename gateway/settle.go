package gateway

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// settler gives back the memory that a storm of connections or messages has left
// behind. By itself the runtime collects garbage when the heap has doubled, and
// when all is quiet it may be minutes before it does: ten thousand handshakes
// leave as much behind as the sessions take. To have read a configuration leaves
// more than a megabyte, in which the first thousands of sessions find room.
type settler struct {
	// Fixed.
	quit  chan struct{}
	ended chan struct{} // closed when run has returned
}

const (
	// quietBytes is what may be allocated between two looks for the program to
	// count as quiet. Whoever watches the gateway must not keep it from settling: to
	// show its status takes 80 KB each time, and its slow sessions 2 KB for each.
	quietBytes = 1 << 20
	// settleBytes is the least that must have been allocated since memory was
	// given back last, for a collection to be worth its while; a quarter of the
	// heap is another bound.
	settleBytes = 1 << 20
)

// startSettler gives back what starting has left behind, and looks every interval
// whether a storm is over.
func startSettler(interval time.Duration) *settler {
	s := &settler{quit: make(chan struct{}), ended: make(chan struct{})}
	debug.FreeOSMemory()
	var h heap
	h.look()
	go s.run(h, interval)
	return s
}

func (s *settler) run(h heap, interval time.Duration) {
	defer close(s.ended)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	settled, before := h.allocated(), h.allocated()
	for {
		select {
		case <-s.quit:
			return
		case <-tick.C:
		}
		h.look()
		now := h.allocated()
		if now-before < quietBytes && now-settled > max(settleBytes, h.live()/4) {
			debug.FreeOSMemory()
			h.look()
			now, settled = h.allocated(), h.allocated()
		}
		before = now
	}
}

// stop ends the settler and waits for that.
func (s *settler) stop() {
	close(s.quit)
	<-s.ended
}

// endSettler ends the gateway's settler, if it has one.
func (g *Gateway) endSettler() {
	if g.settler != nil {
		g.settler.stop()
	}
}

// heap are two figures of the runtime.
type heap [2]metrics.Sample

func (h *heap) look() {
	h[0].Name, h[1].Name = "/gc/heap/allocs:bytes", "/gc/heap/live:bytes"
	metrics.Read(h[:])
}

// allocated is what was allocated since the program began, live what the last
// collection has left, in bytes.
func (h *heap) allocated() uint64 { return h[0].Value.Uint64() }
func (h *heap) live() uint64      { return h[1].Value.Uint64() }
