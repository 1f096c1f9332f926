package poller

import (
	"crypto/tls"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys/fake"
	"github.com/sluicegate/sluice/poller/secure"
)

// hello is a record in which a handshake may begin. Whether it is a good one matters
// to nobody before the handshake runs.
var hello = []byte{22, 3, 1, 0, 1, 1}

// newHandshakeRig returns a rig of which one handshake may be under way, and does
// nothing until the test ends it.
func newHandshakeRig(t *testing.T, network func(netip.Addr) netip.Prefix) *rig {
	config := rigConfig()
	config.TLS = &TLS{Config: func() *tls.Config { return new(tls.Config) }, Timeout: time.Hour, Handshakes: 1, Network: network}
	r := newRigOf(t, config)
	r.security = newSecurity(&net.TCPAddr{}, func(func()) {})
	return r
}

// greets connects a peer and has it begin a handshake.
func (r *rig) greets(from string) *fake.Peer {
	p := r.kernel.DialFrom(netip.AddrPortFrom(netip.MustParseAddr(from), 1), r.acceptor.listeners[0])
	p.Write(hello)
	r.settle()
	return p
}

// failHandshake ends the handshake that is under way, and returns whose it was.
func (r *rig) failHandshake() (addr string) {
	r.t.Helper()
	var of *Conn
	r.each(func(c *Conn) {
		if r.security.table.At(c.slot).running {
			of = c
		}
	})
	if of == nil {
		r.t.Fatal("no handshake is under way")
	}
	addr = of.RemoteAddr().Addr().String()
	(&handshakeEnd{of.Handle(), r.config.TLS.networkOf(of.RemoteAddr().Addr()), secure.Result{Err: io.EOF}}).Run(r.Loop)
	r.settle()
	return addr
}

// underWay returns how many handshakes of each address are.
func (r *rig) underWay() map[string]int {
	of := make(map[string]int)
	r.each(func(c *Conn) {
		if r.security.table.At(c.slot).running {
			of[c.RemoteAddr().Addr().String()]++
		}
	})
	return of
}

// TestANetworkHasHalfOfTheHandshakes: one that begins them and says nothing more leaves
// room for the others.
func TestANetworkHasHalfOfTheHandshakes(t *testing.T) {
	r := newHandshakeRig(t, nil)
	r.config.TLS.Handshakes = 4
	expect := func(when string, want map[string]int) {
		t.Helper()
		if got := r.underWay(); !maps.Equal(got, want) {
			t.Errorf("%s %v handshakes are under way, want %v", when, got, want)
		}
	}
	for range 5 {
		r.greets("10.0.0.1")
	}
	expect("in a flood", map[string]int{"10.0.0.1": 2})
	r.greets("10.0.0.2")
	r.greets("10.0.0.3")
	r.greets("10.0.0.3")
	expect("for others", map[string]int{"10.0.0.1": 2, "10.0.0.2": 1, "10.0.0.3": 1})
	for range 6 {
		r.failHandshake()
	}
	expect("in the end", map[string]int{"10.0.0.1": 2})
	r.failHandshake()
	r.failHandshake()
	if h := &r.security.handshakes; h.running != 0 || h.of.Len() != 0 || h.waiting.Len() != 0 {
		t.Errorf("%d are counted, of %d networks, and %d wait; want none", h.running, h.of.Len(), h.waiting.Len())
	}
}

// TestNetworksTakeTurnsForHandshakes: one that finishes none delays each other one by
// one place.
func TestNetworksTakeTurnsForHandshakes(t *testing.T) {
	wide := func(addr netip.Addr) netip.Prefix {
		network, _ := addr.Prefix(16)
		return network
	}
	for _, tc := range []struct {
		name    string
		network func(netip.Addr) netip.Prefix
		want    []string
	}{
		{"addresses", nil, []string{"10.0.0.1", "10.0.0.1", "10.0.0.2", "10.1.0.1", "10.0.0.1"}},
		{"networks", wide, []string{"10.0.0.1", "10.0.0.1", "10.1.0.1", "10.0.0.1", "10.0.0.2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newHandshakeRig(t, tc.network)
			for _, from := range []string{"10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.1.0.1"} {
				r.greets(from)
			}
			var got []string
			for range tc.want {
				got = append(got, r.failHandshake())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("handshakes began in the order %v, want %v", got, tc.want)
			}
		})
	}
}

// TestTheLineForHandshakesStaysShort, however many connections come to it and leave,
// and nobody who waits loses his place.
func TestTheLineForHandshakesStaysShort(t *testing.T) {
	r := newHandshakeRig(t, nil)
	r.greets("10.0.0.1")
	r.greets("10.0.0.2")
	for range 3 * maxGone {
		r.greets("10.0.0.3").Close()
		r.settle()
		present := r.slots.Used() + 1 // when the last one came
		if n, most := r.security.handshakes.waiting.Len(), 2*present+maxGone+1; n > most {
			t.Fatalf("%d are in line, want %d at most", n, most)
		}
	}
	for _, want := range []string{"10.0.0.1", "10.0.0.2"} {
		if got := r.failHandshake(); got != want {
			t.Errorf("the handshake of %s began, want that of %s", got, want)
		}
	}
}

// TestTheLineForHandshakesIsTidiedSeldom: to look through one of thousands takes as long
// as to accept hundreds, so it must not be done for each thousand that come and leave.
func TestTheLineForHandshakesIsTidiedSeldom(t *testing.T) {
	r := newHandshakeRig(t, nil)
	const waiting, passing = 4 * maxGone, 8 * maxGone
	for range waiting {
		r.greets("10.0.0.1")
	}
	looked := 0
	for range passing {
		before, length := r.security.handshakes.waiting, r.security.handshakes.waiting.Len()
		r.greets("10.0.0.2").Close()
		r.settle()
		if r.security.handshakes.waiting != before {
			looked += length
		}
	}
	if most := waiting + passing; looked > most {
		t.Errorf("%d places in line were looked at for %d connections, want %d at most", looked, waiting+passing, most)
	}
}

// TestWhoWaitsForAHandshakeIsNotRead: thousands may, and what they send is kept. In its
// turn a handshake has all of it.
func TestWhoWaitsForAHandshakeIsNotRead(t *testing.T) {
	const sent, most = 60 << 10, 24 << 10
	for name, first := range map[string][]byte{
		"behind a hello":          append(slices.Clone(hello), make([]byte, sent)...),
		"behind the longest":      append([]byte{22, 3, 1, 0x40, 0}, make([]byte, sent)...),
		"that is no hello":        make([]byte, sent),
		"that is longer than any": append([]byte{22, 3, 1, 0xff, 0xff}, make([]byte, sent)...),
	} {
		t.Run(name, func(t *testing.T) {
			r := newHandshakeRig(t, nil)
			r.greets("10.0.0.1")
			before := r.Stats().BytesIn
			p := r.kernel.DialFrom(netip.MustParseAddrPort("10.0.0.2:1"), r.acceptor.listeners[0])
			if n, err := p.Write(first); n != len(first) || err != nil {
				t.Fatalf("wrote %d bytes: %v", n, err)
			}
			r.settle()
			if got := r.Stats().BytesIn - before; got > most {
				t.Errorf("%d bytes of %d are kept, want %d at most", got, len(first), most)
			}
			r.failHandshake()
			if got := r.Stats().BytesIn - before; got != uint64(len(first)) {
				t.Errorf("in its turn the handshake has %d bytes of %d", got, len(first))
			}
		})
	}
}

// TestWhoLeavesLosesItsPlaceForAHandshake, whenever it does.
func TestWhoLeavesLosesItsPlaceForAHandshake(t *testing.T) {
	for name, leave := range map[string]func(*rig, *fake.Peer){
		"at once":  func(_ *rig, p *fake.Peer) { p.CloseWrite() },
		"later":    func(r *rig, p *fake.Peer) { r.settle(); p.CloseWrite() },
		"by reset": func(r *rig, p *fake.Peer) { r.settle(); p.Reset() },
	} {
		t.Run(name, func(t *testing.T) {
			r := newHandshakeRig(t, nil)
			r.greets("10.0.0.1")
			p := r.kernel.DialFrom(netip.MustParseAddrPort("10.0.0.2:1"), r.acceptor.listeners[0])
			p.Write(hello)
			leave(r, p)
			r.settle()
			if got := r.Stats().Connections; got != 1 {
				t.Errorf("%d connections, want 1", got)
			}
		})
	}
}
