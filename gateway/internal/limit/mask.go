package limit

import "net/netip"

// Mask says which addresses are one peer's. Whoever has an IPv6 network of 64
// bits, as any home has, can connect from each of its 2^64 addresses: counted one
// by one they know no limit.
type Mask struct {
	// IPv4 and IPv6 are how many leading bits of an address tell peers apart.
	// Defaults: 32, each address on its own, and 64. More than an address has
	// count as all.
	IPv4, IPv6 int
}

// Masked returns the network that addr counts as a part of, to key a count with.
// An IPv4-mapped address counts as IPv4, and a zone does not count. An invalid
// addr gives the zero Prefix.
func (m Mask) Masked(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	bits := m.IPv6
	if addr.Is4() {
		bits = m.IPv4
	}
	switch {
	case bits > 0:
	case addr.Is4():
		bits = 32
	default:
		bits = 64
	}
	network, _ := addr.Prefix(min(bits, addr.BitLen())) // fails for no length in range
	return network
}
