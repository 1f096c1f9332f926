package bench

import (
	"fmt"
	"net/netip"
)

// perSource is how many connections share one automatic source address. The
// kernel has about 28,000 ephemeral ports for each (net.ipv4.ip_local_port_range)
// and finds a free one at once only while half of them are free.
const perSource = 12_000

// sources are the addresses that connections come from. Connection i comes from
// the i-th, round and round. None: the kernel chooses.
type sources []netip.Addr

// chooseSources returns given, or, for a loopback target without any, as many
// loopback addresses from 127.0.0.2 on as connections need.
func chooseSources(given []netip.Addr, to netip.Addr, connections int) (sources, error) {
	for _, a := range given {
		if a.Is4() != to.Is4() {
			return nil, fmt.Errorf("source %v cannot reach %v: one is IPv4 and the other IPv6", a, to)
		}
	}
	if len(given) > 0 || !to.Is4() || !to.IsLoopback() {
		return given, nil
	}
	automatic := make(sources, (connections+perSource-1)/perSource)
	a := netip.AddrFrom4([4]byte{127, 0, 0, 2})
	for i := range automatic {
		automatic[i] = a
		a = a.Next()
	}
	return automatic, nil
}

// of returns the source address of a connection; the zero address leaves the
// choice to the kernel.
func (s sources) of(connection uint32) netip.Addr {
	if len(s) == 0 {
		return netip.Addr{}
	}
	return s[connection%uint32(len(s))]
}
