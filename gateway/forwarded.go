package gateway

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// The headers in which a forwarder notes whom a request is from.
const (
	xForwardedFor = "X-Forwarded-For"
	forwarded     = "Forwarded" // RFC 7239
)

// trace returns whom a request is from, and why it is refused, if it is. The
// connection stays its peer's: a forwarder keeps it for requests of all its clients.
func (s *shard) trace(c *poller.Conn, r *codec.Request) (netip.AddrPort, *refusal) {
	peer, rules := c.RemoteAddr(), s.door.rules
	if !rules.forwards(peer) {
		return peer, nil
	}
	return rules.trace(peer, r.Values(rules.header))
}

// forwards reports whether peer is a forwarder.
func (r *rules) forwards(peer netip.AddrPort) bool {
	return r.forwarders.Len() > 0 && r.forwarders.Contains(peer.Addr())
}

// trace returns the client whom the forwarder peer speaks for, which is peer if it
// names nobody, and why the client's request is refused, if it is. values are those
// of the header of forwarders.
func (r *rules) trace(peer netip.AddrPort, values iter.Seq[string]) (netip.AddrPort, *refusal) {
	addr, err := r.client(values)
	switch {
	case err != nil:
		return peer, &refusal{reason: ReasonForwarded, text: r.header + ": " + err.Error()}
	case !addr.IsValid():
		return peer, nil
	}
	client := netip.AddrPortFrom(addr, 0)
	if !r.access.Admits(addr) {
		return client, &refusal{reason: ReasonDenied}
	}
	return client, nil
}

// client returns the rightmost address in the header of forwarders that is none
// of theirs: what stands left of it, the client may have made up. It is invalid
// if the header names no address but theirs.
func (r *rules) client(values iter.Seq[string]) (netip.Addr, error) {
	var hops []string
	for value := range values {
		for hop := range strings.SplitSeq(value, ",") {
			hops = append(hops, strings.Trim(hop, " \t"))
		}
	}
	for _, hop := range slices.Backward(hops) {
		if hop == "" {
			continue // RFC 9110 §5.6.1
		}
		if r.header == forwarded {
			node, found := forParameter(hop)
			if !found {
				return netip.Addr{}, fmt.Errorf("%s names no for=", printable(hop))
			}
			hop = node
		}
		if hidden(hop) {
			return netip.Addr{}, nil // a proxy that does not say whom it got it from
		}
		addr, ok := hopAddr(hop)
		if !ok {
			return netip.Addr{}, fmt.Errorf("%s is no address", printable(hop))
		}
		if !r.forwarders.Contains(addr) {
			return addr, nil
		}
	}
	return netip.Addr{}, nil
}

// forParameter returns the node in "proto=https;for=192.0.2.1" (RFC 7239 §4).
func forParameter(element string) (node string, found bool) {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
		if strings.EqualFold(name, "for") {
			return strings.Trim(value, `"`), value != ""
		}
	}
	return "", false
}

// hidden reports whether a node is one that names no address (RFC 7239 §6.2 and
// §6.3).
func hidden(node string) bool {
	return strings.EqualFold(node, "unknown") || strings.HasPrefix(node, "_")
}

// hopAddr reads an address, with a port or not: 192.0.2.1, 192.0.2.1:80,
// 2001:db8::1, [2001:db8::1], [2001:db8::1]:80.
func hopAddr(hop string) (netip.Addr, bool) {
	if addrPort, err := netip.ParseAddrPort(hop); err == nil {
		return addrPort.Addr().Unmap(), true
	}
	if inner, bracketed := strings.CutPrefix(hop, "["); bracketed {
		hop = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(hop)
	return addr.Unmap().WithZone(""), err == nil
}
