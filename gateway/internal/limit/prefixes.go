package limit

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Prefixes is a set of IP networks. It does not change after [NewPrefixes]. The
// zero value is empty.
//
// IPv4 and IPv6 are apart: ::/0 holds no IPv4 address. One that is written as
// IPv4-mapped IPv6 (::ffff:192.0.2.1) is IPv4 everywhere.
type Prefixes struct{ networks []network }

// network is an entry of a sorted list. A network's own come right behind it.
type network struct {
	prefix netip.Prefix
	parent int32 // index of the smallest network around it, or -1
}

// NewPrefixes returns the set of networks. Bits beyond a network's length are
// ignored, and invalid networks hold nothing. It borrows networks.
func NewPrefixes(networks []netip.Prefix) Prefixes {
	sorted := make([]netip.Prefix, 0, len(networks))
	for _, p := range networks {
		if p.IsValid() {
			sorted = append(sorted, unmapped(p).Masked())
		}
	}
	slices.SortFunc(sorted, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	sorted = slices.Compact(sorted)

	nested := make([]network, len(sorted))
	parent := int32(-1)
	for i, p := range sorted {
		for parent >= 0 && !nested[parent].prefix.Contains(p.Addr()) {
			parent = nested[parent].parent
		}
		nested[i] = network{prefix: p, parent: parent}
		parent = int32(i)
	}
	return Prefixes{networks: nested}
}

// Len returns the number of different networks.
func (p Prefixes) Len() int { return len(p.networks) }

// Contains reports whether a network of the set holds addr.
func (p Prefixes) Contains(addr netip.Addr) bool {
	_, ok := p.Longest(addr)
	return ok
}

// Longest returns the smallest network of the set that holds addr; ok is false if
// none does. It costs a binary search, and at most a step for each network around
// the one where the search ends.
func (p Prefixes) Longest(addr netip.Addr) (longest netip.Prefix, ok bool) {
	addr = addr.Unmap().WithZone("")
	after, _ := slices.BinarySearchFunc(p.networks, addr, func(n network, addr netip.Addr) int {
		if n.prefix.Addr().Compare(addr) <= 0 {
			return -1
		}
		return 1
	})
	// Networks are nested or apart: the one that begins last before addr holds it,
	// or lies within each one that does.
	for at := int32(after - 1); at >= 0; at = p.networks[at].parent {
		if p.networks[at].prefix.Contains(addr) {
			return p.networks[at].prefix, true
		}
	}
	return netip.Prefix{}, false
}

// ParsePrefix reads a network such as "192.0.2.0/24" or "2001:db8::/32"; a single
// address stands for itself. An IPv4-mapped one comes back as IPv4. The error
// says what is wrong with the text and what would be right; it leaves naming the
// text and where it stands to the caller.
func ParsePrefix(text string) (netip.Prefix, error) {
	switch {
	case text == "":
		return netip.Prefix{}, errors.New(`is empty; ` + wanted)
	case strings.TrimSpace(text) != text:
		return netip.Prefix{}, errors.New("has spaces around it")
	case strings.Contains(text, "%"):
		return netip.Prefix{}, errors.New("has a zone, which networks do not have; leave out the % and what follows it")
	}
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("is no address; %s: %w", wanted, err)
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("is no network; %s: %w", wanted, err)
	}
	prefix = unmapped(prefix)
	if whole := prefix.Masked(); whole != prefix {
		return netip.Prefix{}, fmt.Errorf("has bits set beyond its first %d; write %v for the network, or %v for the one address",
			prefix.Bits(), whole, prefix.Addr())
	}
	return prefix, nil
}

const wanted = `write an address or a network, for example "192.0.2.0/24" or "2001:db8::/32"`

// unmapped returns an IPv4-mapped network as the IPv4 network that it is. One
// that reaches beyond the mapped addresses is IPv6.
func unmapped(p netip.Prefix) netip.Prefix {
	const mapped = 96 // RFC 4291 §2.5.5.2
	if p.Addr().Is4In6() && p.Bits() >= mapped {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p
}
