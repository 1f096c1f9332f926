package gateway

import (
	"net/netip"

	"github.com/sluicegate/sluice/poller"
	"github.com/sluicegate/sluice/poller/fairqueue"
)

// line is the connections that wait on one loop for [Admission].AcceptRate. Networks
// take turns. A site may have as many in it as there are places left: half of the
// line, if it is alone, and the last places are for those who have none. So it takes
// as many sites as places to keep others out. It belongs to the loop's goroutine.
type line struct {
	// Loop only.
	turns *fairqueue.Queue[netip.Prefix, poller.Handle] // by network
	sites map[netip.Prefix]int                          // how many of each wait
}

func newLine() line {
	return line{turns: fairqueue.New[netip.Prefix, poller.Handle](0)}
}

// setRoom changes how many may wait. Whoever waits stays in line.
func (l *line) setRoom(n int) { l.turns.SetRoom(n) }

// Len returns how many wait, those who have left meanwhile included.
func (l *line) Len() int { return l.turns.Len() }

// join adds a connection of a network, and reports whether there was room.
func (l *line) join(network netip.Prefix, h poller.Handle) bool {
	site := siteOf(network)
	if l.sites[site] >= l.turns.Room() || !l.turns.Push(network, h) {
		return false
	}
	if l.sites == nil {
		l.sites = make(map[netip.Prefix]int)
	}
	l.sites[site]++
	return true
}

// next takes the connection whose turn it is; ok is false if none waits.
func (l *line) next() (h poller.Handle, ok bool) {
	network, h, ok := l.turns.Pop()
	switch site := siteOf(network); {
	case l.Len() == 0:
		l.sites = nil // a storm has left it large
	case l.sites[site] == 1:
		delete(l.sites, site)
	default:
		l.sites[site]--
	}
	return h, ok
}

// siteBits is the largest network that an end site is usually given, with 65,536 of
// 64 bits to come from (RFC 6177). Tunnels with one are free.
const siteBits = 48

// siteOf returns the network of whoever may have a network to itself.
func siteOf(network netip.Prefix) netip.Prefix {
	if network.Addr().Is4() || network.Bits() <= siteBits {
		return network
	}
	return netip.PrefixFrom(network.Addr(), siteBits).Masked()
}
