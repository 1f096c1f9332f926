package fairqueue_test

import (
	"fmt"
	"net/netip"

	"github.com/sluicegate/sluice/poller/fairqueue"
)

// Items name connections by slot and generation. Those that have ended while they
// waited are passed over when their turn comes.
func Example() {
	type handle struct{ slot, generation uint32 }
	generations := []uint32{1, 1, 1, 1} // of the connections in four slots

	waiting := fairqueue.New[netip.Addr, handle](1000)
	many := netip.MustParseAddr("192.0.2.1")
	one := netip.MustParseAddr("198.51.100.1")
	waiting.Push(many, handle{slot: 0, generation: 1})
	waiting.Push(many, handle{slot: 1, generation: 1})
	waiting.Push(many, handle{slot: 2, generation: 1})
	waiting.Push(one, handle{slot: 3, generation: 1})

	generations[1]++ // its connection has ended

	for {
		addr, h, ok := waiting.Pop()
		if !ok {
			break
		}
		if generations[h.slot] != h.generation {
			continue
		}
		fmt.Println(addr, "slot", h.slot)
	}
	// Output:
	// 192.0.2.1 slot 0
	// 198.51.100.1 slot 3
	// 192.0.2.1 slot 2
}
