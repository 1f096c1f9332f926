package poller

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// TestAConnectionThatYieldsComesLast: whatever the order in which input came.
func TestAConnectionThatYieldsComesLast(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(6)
	for _, guest := range clients[:3] {
		r.conn(guest).Yield(true)
	}
	var order []Handle
	r.handler.onData = func(c *Conn, _ []byte) { order = append(order, c.Handle()) }
	for _, c := range clients {
		r.write(c, []byte("hello"))
	}
	r.turn()
	want := []Handle{clients[3].handle, clients[4].handle, clients[5].handle, clients[0].handle, clients[1].handle, clients[2].handle}
	if !slices.Equal(order, want) {
		t.Errorf("input was delivered in the order %v, want %v", order, want)
	}
}

// TestConnectionsThatYieldHaveAPartOfTheTurn: what is over waits, with its
// output, and no turn of the others is longer for it. Nothing is lost, nor
// delivered twice, and the order stays.
func TestConnectionsThatYieldHaveAPartOfTheTurn(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(11)
	guests, member := clients[:10], clients[10]
	for _, guest := range guests {
		r.conn(guest).Yield(true)
	}
	const cost = yieldBudget / 2
	var order []Handle
	r.handler.onData = func(c *Conn, p []byte) {
		if c.Handle() != member.handle {
			order = append(order, c.Handle())
			r.advance(cost)
		}
		c.Queue(slices.Clone(p))
	}
	for _, guest := range guests {
		r.write(guest, []byte("knock"))
	}
	for turn := range 5 {
		r.write(member, []byte("."))
		r.write(guests[turn], []byte(" again")) // an event, to one that was served, is served or waits
		r.turn()
		if got := len(r.handler.received[member.handle]); got != turn+1 {
			t.Errorf("after turn %d the member got %d answers, want %d", turn+1, got, turn+1)
		}
		if got := len(order); got != 2*(turn+1) {
			t.Errorf("after turn %d %d guests were served, want %d", turn+1, got, 2*(turn+1))
		}
	}
	r.settle()
	if first := order[:3]; !slices.Equal(first, []Handle{guests[0].handle, guests[1].handle, guests[2].handle}) {
		t.Errorf("the first guests served were %v", first)
	}
	for i, guest := range guests {
		want := "knock"
		if i < 5 {
			want += " again"
		}
		r.expectReceived(guest, want)
		if got := string(guest.Read()); got != want {
			t.Errorf("guest %d got %q back, want %q", i, got, want)
		}
	}
}

// TestOneThatYieldsIsServedInATurn: on a machine that is held up at every look at
// the clock, too.
func TestOneThatYieldsIsServedInATurn(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(3)
	for _, guest := range clients {
		r.conn(guest).Yield(true)
		r.write(guest, []byte("1"))
	}
	clock := r.Loop.clock
	r.Loop.clock = func() time.Duration {
		r.advance(2 * yieldBudget)
		return clock()
	}
	for range clients {
		r.turn()
	}
	for _, guest := range clients {
		r.expectReceived(guest, "1")
	}
}

// TestAConnectionThatYieldsNoMore is served in its place from then on, and one
// that ends while it waits is forgotten.
func TestAConnectionThatYieldsNoMore(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(3)
	for _, guest := range clients {
		r.conn(guest).Yield(true)
	}
	r.handler.onData = func(c *Conn, _ []byte) { r.advance(yieldBudget) }
	for _, c := range clients {
		r.write(c, []byte("1"))
	}
	r.turn() // serves the first
	r.conn(clients[1]).Abort(errTest)
	r.conn(clients[2]).Yield(false)
	r.write(clients[2], []byte("2"))
	r.settle()
	r.expectClosed(clients[1], errTest)
	r.expectReceived(clients[1], "")
	r.expectReceived(clients[2], "12")
}

// TestAcceptingHasAPartOfTheTurn: a storm of connections delays nobody's input.
func TestAcceptingHasAPartOfTheTurn(t *testing.T) {
	r := newRig(t)
	r.handler.onOpened = func(*Conn) { r.advance(yieldBudget / 4) }
	for range 10 {
		r.kernel.Dial(r.acceptor.listeners[0])
	}
	r.turn()
	if got := len(r.handler.opened); got != 4 {
		t.Errorf("a turn accepted %d connections, want 4", got)
	}
	r.settle()
	if got := len(r.handler.opened); got != 10 {
		t.Errorf("%d connections were accepted, want 10", got)
	}
	if r.clock() > 10*time.Millisecond {
		t.Errorf("it took %v", r.clock())
	}
}

// TestTheDeadComeLast: whoever is alive does not wait for those that were reset,
// however many they are; and they are all ended.
func TestTheDeadComeLast(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(11)
	dead, living := clients[:10], clients[10]
	ended := 0
	r.handler.onClosed = func(*Conn, error) {
		ended++
		r.advance(yieldBudget / 2)
	}
	for _, c := range dead {
		c.Reset()
	}
	r.write(living, []byte("hello"))
	r.turn()
	r.expectReceived(living, "hello")
	if ended != 2 {
		t.Errorf("%d were ended in a turn that has time for 2", ended)
	}
	r.settle()
	for _, c := range dead {
		r.expectClosed(c, syscall.ECONNRESET)
	}
	r.expectOpen(living)
}

// TestTheDeadEndThoughPausedMeanwhile: the kernel does not announce it twice.
func TestTheDeadEndThoughPausedMeanwhile(t *testing.T) {
	r := newRig(t)
	clients := r.dialMany(3)
	r.handler.onClosed = func(*Conn, error) {
		r.advance(yieldBudget)
		if c := r.Loop.Conn(clients[2].handle); c != nil {
			c.Pause()
		}
	}
	for _, c := range clients {
		c.Reset()
	}
	r.settle()
	for _, c := range clients {
		r.expectClosed(c, syscall.ECONNRESET)
	}
}
