package gateway

import (
	"errors"
	"net/netip"
	"time"

	"github.com/sluicegate/sluice/poller"
	"github.com/sluicegate/sluice/poller/slab"
)

// door is where connections come in on one loop: its [poller.Gate]. It belongs to
// the loop's goroutine.
type door struct {
	// Fixed after newDoor.
	shard  *shard
	common *admission
	plain  bool // the port is

	// Loop only.
	rules   *rules // in effect
	waiting line
	places  slab.Table[netip.Prefix] // the network that a connection counts for, by slot
	timed   bool                     // a look at waiting is due
	turning Reason                   // why the connection that is being announced is refused
	turned  int                      // connections that are open only to be told so
}

const (
	// doorStep is how often waiting connections are let in, and doorBatch how many
	// then at most: 16,000 a second on each loop. A handshake takes some 50 µs, so
	// established sessions wait 1 ms for a batch.
	doorStep  = time.Millisecond
	doorBatch = 16
	// maxTurned bounds the answers that are under way to connections that are turned
	// away. Each holds a descriptor until its peer has read it, or for as long as
	// linger: a flood must not have the more of them the faster it comes.
	maxTurned = 256
)

func newDoor(s *shard) *door {
	return &door{
		shard:   s,
		common:  &s.gateway.admission,
		plain:   s.gateway.config.TLS == nil,
		waiting: newLine(),
	}
}

// follow has the door go by rules from now on. Whoever waits stays in line.
func (d *door) follow(rules *rules) {
	d.rules = rules
	d.waiting.setRoom(rules.queue)
}

var _ poller.Gate = (*door)(nil)

// Accepted implements [poller.Gate].
func (d *door) Accepted(c *poller.Conn) poller.Entry {
	open := d.common.open.Add(1)
	if most := d.rules.connections; most > 0 && open > int64(most) {
		return d.repel(c, ReasonConnectionsFull)
	}
	addr := c.RemoteAddr().Addr()
	if d.rules.proxies.Contains(addr) {
		return poller.AwaitPreface
	}
	return d.admit(c, addr)
}

// Preface implements [poller.Gate].
func (d *door) Preface(c *poller.Conn, p []byte) (n int, e poller.Entry) {
	client, n, err := parseProxyHeader(p)
	switch {
	case err != nil:
		return 0, d.repel(c, ReasonProxyHeader)
	case n == 0:
		return 0, poller.AwaitPreface
	case !client.IsValid():
		return n, poller.Enter // the proxy speaks for itself
	}
	c.SetRemoteAddr(client)
	return n, d.admit(c, client.Addr())
}

// admit decides on a connection of a client at addr.
func (d *door) admit(c *poller.Conn, addr netip.Addr) poller.Entry {
	rules, now := d.rules, d.shard.loop.Began()
	network := rules.mask.Masked(addr)
	if !rules.forwarders.Contains(addr) {
		if !rules.access.Admits(addr) {
			return d.repel(c, ReasonDenied)
		}
		if !d.takePlace(c, network) {
			return d.repel(c, ReasonAddressCrowded)
		}
		if !d.common.addresses.Take(network, rules.addressRate, now, 1) {
			return d.turnAway(c, ReasonAddressRate)
		}
	}
	// Once the rate is lifted there is no line to join, however long the old one is.
	if (d.waiting.Len() == 0 || rules.rate.PerSecond == 0) && d.common.accepts.Take(rules.rate, now, 1) {
		return poller.Enter
	}
	if !d.waiting.join(network, c.Handle()) {
		return d.turnAway(c, ReasonAcceptQueueFull)
	}
	d.lookLater()
	return poller.Hold
}

// takePlace has c count for its network and reports whether that has room for it.
func (d *door) takePlace(c *poller.Conn, network netip.Prefix) bool {
	if d.rules.perAddress == 0 {
		return true
	}
	if !d.common.places.Take(network, d.rules.perAddress) {
		return false
	}
	*d.places.Claim(c.Slot()) = network
	return true
}

// givePlace gives back what takePlace has taken, under rules of before perhaps.
func (d *door) givePlace(c *poller.Conn) {
	if place := d.places.At(c.Slot()); place != nil && place.IsValid() {
		d.common.places.Put(*place)
		d.places.Release(c.Slot())
	}
}

func (d *door) lookLater() {
	if !d.timed {
		d.timed = true
		d.shard.loop.After(doorStep, d)
	}
}

// Run lets in connections that wait, as many as have become due.
func (d *door) Run(l *poller.Loop) {
	d.timed = false
	for range doorBatch {
		if d.waiting.Len() == 0 {
			return
		}
		if !d.common.accepts.Take(d.rules.rate, l.Began(), 1) {
			break
		}
		d.enterNext(l)
	}
	d.lookLater()
}

// enterNext lets in the first connection in line that is still there.
func (d *door) enterNext(l *poller.Loop) {
	for {
		h, ok := d.waiting.next()
		if !ok || l.Enter(h) {
			return
		}
	}
}

// repel has the connection reset at once.
func (d *door) repel(c *poller.Conn, r Reason) poller.Entry {
	d.refused(c, r)
	return poller.Repel
}

// turnAway refuses with an answer, where one can be given before TLS.
func (d *door) turnAway(c *poller.Conn, r Reason) poller.Entry {
	if !d.plain || d.turned >= maxTurned {
		return d.repel(c, r)
	}
	d.turned++
	d.turning = r
	return poller.Enter
}

// Abandoned implements [poller.Gate].
func (d *door) Abandoned(c *poller.Conn, cause error) {
	switch {
	case errors.Is(cause, poller.ErrRepelled):
	case errors.Is(cause, poller.ErrPrefaceTimeout):
		d.refused(c, ReasonProxyTimeout)
	default:
		d.refused(c, reasonOf(opening, cause))
	}
}

// Gone implements [poller.Gate].
func (d *door) Gone(c *poller.Conn) {
	d.common.open.Add(-1)
	d.givePlace(c)
}

// refused counts and records a connection that has not come in.
func (d *door) refused(c *poller.Conn, r Reason) {
	d.shard.counts.reasons[r]++
	d.shard.gateway.journal.refused(r, c.RemoteAddr())
}

// announced returns why the connection that is announced now is refused, if it is.
func (d *door) announced() Reason {
	r := d.turning
	d.turning = ReasonNone
	return r
}

// ended notes the end of a connection that had come in.
func (d *door) ended(r Reason) {
	if r == ReasonAddressRate || r == ReasonAcceptQueueFull {
		d.turned--
	}
}
