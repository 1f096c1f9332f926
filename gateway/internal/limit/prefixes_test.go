package limit

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

// networks reads a list that is right.
func networks(t testing.TB, texts ...string) Prefixes {
	t.Helper()
	var list []netip.Prefix
	for _, text := range texts {
		p, err := ParsePrefix(text)
		if err != nil {
			t.Fatalf("%q %v", text, err)
		}
		list = append(list, p)
	}
	return NewPrefixes(list)
}

func TestParsePrefix(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"192.0.2.0/24", "192.0.2.0/24"},
		{"192.0.2.7", "192.0.2.7/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"2001:db8::7", "2001:db8::7/128"},
		{"::/0", "::/0"},
		{"::ffff:192.0.2.0/120", "192.0.2.0/24"},
		{"::ffff:192.0.2.7", "192.0.2.7/32"},
		{"::ffff:0.0.0.0/96", "0.0.0.0/0"},
	} {
		if got, err := ParsePrefix(test.text); err != nil || got.String() != test.want {
			t.Errorf("%q is %v, %v; want %s", test.text, got, err, test.want)
		}
	}
}

func TestParsePrefixSaysWhatWouldBeRight(t *testing.T) {
	for _, test := range []struct{ text, part string }{
		{"", "is empty; write an address or a network"},
		{" 192.0.2.0/24", "has spaces around it"},
		{"192.0.2.0/24\n", "has spaces around it"},
		{"fe80::1%eth0", "has a zone"},
		{"fe80::%eth0/64", "has a zone"},
		{"localhost", `is no address; write an address or a network, for example "192.0.2.0/24"`},
		{"192.0.2.300", "value >255"},
		{"192.0.2.0/33", "is no network"},
		{"192.0.2.0/", "is no network"},
		{"192.0.2/24", "is no network"},
		{"192.0.2.7/24", "has bits set beyond its first 24; write 192.0.2.0/24 for the network, or 192.0.2.7 for the one address"},
		{"::ffff:192.0.2.7/120", "write 192.0.2.0/24 for the network, or 192.0.2.7 "},
		{"2001:db8::1/32", "write 2001:db8::/32 for the network, or 2001:db8::1 "},
		{"::ffff:0.0.0.0/90", "has bits set beyond its first 90"},
	} {
		got, err := ParsePrefix(test.text)
		if err == nil || !strings.Contains(err.Error(), test.part) {
			t.Errorf("%q is %v, %v; want an error with %q", test.text, got, err, test.part)
		}
	}
}

func TestLongest(t *testing.T) {
	list := networks(t, "10.1.0.0/16", "10.0.0.0/8", "10.1.2.0/24", "10.1.2.0/24", "10.3.0.0/16", "192.0.2.7",
		"2001:db8::/32", "2001:db8:1::/48")
	if list.Len() != 7 {
		t.Errorf("%d different networks, want 7", list.Len())
	}
	for _, test := range []struct{ addr, want string }{
		{"10.0.0.0", "10.0.0.0/8"},
		{"10.1.0.0", "10.1.0.0/16"},
		{"10.1.2.255", "10.1.2.0/24"},
		{"10.1.3.0", "10.1.0.0/16"},
		{"10.2.0.0", "10.0.0.0/8"},
		{"10.255.255.255", "10.0.0.0/8"},
		{"9.255.255.255", ""},
		{"11.0.0.0", ""},
		{"192.0.2.7", "192.0.2.7/32"},
		{"192.0.2.8", ""},
		{"::ffff:10.1.2.3", "10.1.2.0/24"},
		{"2001:db8:1::1", "2001:db8:1::/48"},
		{"2001:db8:2::1", "2001:db8::/32"},
		{"2001:db8:2::1%eth0", "2001:db8::/32"},
		{"2001:db9::", ""},
		{"::", ""},
	} {
		got, ok := list.Longest(netip.MustParseAddr(test.addr))
		if ok != (test.want != "") || ok && got.String() != test.want {
			t.Errorf("%s is in %v, %v; want %q", test.addr, got, ok, test.want)
		}
	}
	if list.Contains(netip.Addr{}) || networks(t, "0.0.0.0/0", "::/0").Contains(netip.Addr{}) {
		t.Error("the invalid address is in a network")
	}
	if (Prefixes{}).Contains(netip.MustParseAddr("10.0.0.1")) {
		t.Error("the empty set holds an address")
	}
}

func TestNewPrefixesTakesWhatIsNotTidy(t *testing.T) {
	list := NewPrefixes([]netip.Prefix{
		{}, netip.MustParsePrefix("10.1.2.3/8"), netip.PrefixFrom(netip.MustParseAddr("::ffff:192.0.2.7"), 120),
	})
	for addr, want := range map[string]bool{"10.9.9.9": true, "192.0.2.200": true, "11.0.0.0": false} {
		if got := list.Contains(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
}

// TestPrefixesAgainstAModel compares with a look at each network, among addresses
// so few that networks nest and meet.
func TestPrefixesAgainstAModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	address := func() netip.Addr {
		if rng.IntN(2) == 0 {
			return netip.AddrFrom4([4]byte{10, byte(rng.IntN(4)), 0, byte(rng.IntN(256))})
		}
		return netip.AddrFrom16([16]byte{0: 0x20, 7: byte(rng.IntN(4)), 15: byte(rng.IntN(256))})
	}
	found, missed := 0, 0
	for range 300 {
		var list []netip.Prefix
		for range rng.IntN(40) {
			addr := address()
			list = append(list, netip.PrefixFrom(addr, addr.BitLen()-rng.IntN(1+rng.IntN(1+addr.BitLen()))).Masked())
		}
		set := NewPrefixes(list)
		for range 100 {
			addr := address()
			var want netip.Prefix
			for _, p := range list {
				if p.Contains(addr) && (!want.IsValid() || p.Bits() > want.Bits()) {
					want = p
				}
			}
			got, ok := set.Longest(addr)
			if got != want || ok != want.IsValid() {
				t.Fatalf("%v is in %v, want %v, of %v", addr, got, want, list)
			}
			if ok {
				found++
			} else {
				missed++
			}
		}
	}
	if found < 1000 || missed < 1000 {
		t.Errorf("%d found and %d missed show little", found, missed)
	}
}

func TestAdmits(t *testing.T) {
	all := []string{"0.0.0.0/0", "::/0"}
	for _, test := range []struct {
		name        string
		allow, deny []string
		in, out     []string
	}{
		{"no lists", nil, nil, []string{"192.0.2.1", "2001:db8::1"}, nil},
		{"deny only", nil, []string{"10.0.0.0/8"}, []string{"192.0.2.1", "2001:db8::1"}, []string{"10.1.2.3", "::ffff:10.1.2.3"}},
		{"allow only", []string{"10.0.0.0/8"}, nil, []string{"10.1.2.3", "::ffff:10.1.2.3"}, []string{"192.0.2.1", "2001:db8::1"}},
		{"allowed but for a part", []string{"10.0.0.0/8"}, []string{"10.1.0.0/16"}, []string{"10.2.0.0"}, []string{"10.1.0.0", "192.0.2.1"}},
		{"denied but for a part", append(all, "10.1.0.0/16"), []string{"10.0.0.0/8"}, []string{"10.1.0.0", "192.0.2.1", "2001:db8::1"}, []string{"10.2.0.0"}},
		{"on both", []string{"10.0.0.0/8"}, []string{"10.0.0.0/8"}, nil, []string{"10.1.2.3", "192.0.2.1"}},
		{"all of one kind", []string{"0.0.0.0/0"}, nil, []string{"192.0.2.1"}, []string{"2001:db8::1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			access := Access{Allow: networks(t, test.allow...), Deny: networks(t, test.deny...)}
			for _, addr := range test.in {
				if !access.Admits(netip.MustParseAddr(addr)) {
					t.Errorf("%s is not let in", addr)
				}
			}
			for _, addr := range test.out {
				if access.Admits(netip.MustParseAddr(addr)) {
					t.Errorf("%s is let in", addr)
				}
			}
		})
	}
}

func TestMasked(t *testing.T) {
	for _, test := range []struct {
		mask       Mask
		addr, want string
	}{
		{Mask{}, "192.0.2.7", "192.0.2.7/32"},
		{Mask{}, "::ffff:192.0.2.7", "192.0.2.7/32"},
		{Mask{}, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{Mask{}, "fe80::1%eth0", "fe80::/64"},
		{Mask{IPv4: 24, IPv6: 48}, "192.0.2.7", "192.0.2.0/24"},
		{Mask{IPv4: 24, IPv6: 48}, "2001:db8:1:2::7", "2001:db8:1::/48"},
		{Mask{IPv4: 24}, "2001:db8:1:2::7", "2001:db8:1:2::/64"},
		{Mask{IPv4: 999, IPv6: 999}, "192.0.2.7", "192.0.2.7/32"},
		{Mask{IPv4: -1, IPv6: 999}, "2001:db8::7", "2001:db8::7/128"},
	} {
		if got := test.mask.Masked(netip.MustParseAddr(test.addr)); got.String() != test.want {
			t.Errorf("%+v makes %s %v, want %s", test.mask, test.addr, got, test.want)
		}
	}
	if got := (Mask{}).Masked(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("the invalid address is %v", got)
	}
}

// TestANetworkCountsAsOne is what masks are for.
func TestANetworkCountsAsOne(t *testing.T) {
	var sessions Keyed[netip.Prefix]
	var mask Mask
	addr := netip.MustParseAddr("2001:db8:1:2::")
	for i := range 10 {
		addr = addr.Next()
		if got, want := sessions.Take(mask.Masked(addr), 3), i < 3; got != want {
			t.Errorf("address %d of a network that may have 3: %v", i+1, got)
		}
	}
	if !sessions.Take(mask.Masked(netip.MustParseAddr("2001:db8:1:3::1")), 3) {
		t.Error("the network beside it is refused")
	}
}

func BenchmarkAdmits(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("networks=%d", n), func(b *testing.B) {
			var list []netip.Prefix
			for range n {
				list = append(list, netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(rng.IntN(224)), byte(rng.IntN(256)), byte(rng.IntN(256))}), 24))
			}
			access := Access{Deny: NewPrefixes(list)}
			addr := netip.MustParseAddr("::ffff:100.20.3.4")
			b.ReportAllocs()
			for b.Loop() {
				access.Admits(addr)
			}
		})
	}
}
