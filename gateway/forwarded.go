package gateway

import (
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strconv"
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
	read := addresses
	if r.header == forwarded {
		read = forNodes
	}
	var hops []string
	for value := range values {
		var err error
		if hops, err = read(hops, value); err != nil {
			return netip.Addr{}, err
		}
	}
	for _, hop := range slices.Backward(hops) {
		if hop == "" {
			return netip.Addr{}, errors.New("an element names no for=")
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

// addresses appends the members of an X-Forwarded-For to hops.
func addresses(hops []string, value string) ([]string, error) {
	for hop := range strings.SplitSeq(value, ",") {
		if hop = strings.Trim(hop, " \t"); hop != "" { // RFC 9110 §5.6.1
			hops = append(hops, hop)
		}
	}
	return hops, nil
}

// forNodes appends the node of each element of a Forwarded to hops, "" for one
// without. All of the header is held to its syntax: were a quote that the client has
// left open closed by one of a forwarder's, or a comma that it has put into its Host
// taken for one between elements, then the client would speak for the forwarder.
func forNodes(hops []string, value string) ([]string, error) {
	for value != "" {
		var element string
		element, value = cutUnquoted(value, ',')
		if element = strings.Trim(element, " \t"); element == "" {
			continue // RFC 9110 §5.6.1
		}
		node, err := forNode(element)
		if err != nil {
			return nil, err
		}
		hops = append(hops, node)
	}
	return hops, nil
}

// forNode returns the node in an element such as "proto=https;for=192.0.2.1", ""
// if there is none (RFC 7239 §4).
func forNode(element string) (node string, err error) {
	for rest, found := element, false; rest != ""; {
		var pair string
		pair, rest = cutUnquoted(rest, ';')
		name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
		value, ok := unquoted(value)
		if !ok || strings.Contains(name, `"`) {
			return "", fmt.Errorf("%s has a quote out of place", printable(pair))
		}
		if !strings.EqualFold(name, "for") {
			continue
		}
		if found {
			return "", fmt.Errorf("%s names for= twice", printable(element))
		}
		node, found = value, true
	}
	return node, nil
}

// cutUnquoted cuts s at the first separator that stands in no quoted string.
func cutUnquoted(s string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// unquoted returns what a token or a quoted string stands for (RFC 9110 §5.6.4). A
// token may have more characters than it should, such as a colon, but no quote.
func unquoted(value string) (plain string, ok bool) {
	inner, quoted := strings.CutPrefix(value, `"`)
	if !quoted {
		return value, !strings.Contains(value, `"`)
	}
	unescaped := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); i++ {
		switch c := inner[i]; {
		case c == '"':
			return string(unescaped), i == len(inner)-1
		case c == '\\' && i+1 < len(inner):
			i++
		}
		unescaped = append(unescaped, inner[i])
	}
	return "", false
}

// hidden reports whether a node is one that names no address, with a port or not
// (RFC 7239 §6.2 and §6.3).
func hidden(node string) bool {
	name, _, _ := strings.Cut(node, ":")
	return strings.EqualFold(name, "unknown") || strings.HasPrefix(name, "_")
}

// hopAddr reads an address, with a port or not: 192.0.2.1, 192.0.2.1:80,
// 2001:db8::1, [2001:db8::1], [2001:db8::1]:80.
func hopAddr(hop string) (netip.Addr, bool) {
	port, hasPort := "", false
	if inner, bracketed := strings.CutPrefix(hop, "["); bracketed {
		if hop, port, hasPort = strings.Cut(inner, "]:"); !hasPort {
			hop, bracketed = strings.CutSuffix(inner, "]")
		}
		if !bracketed {
			return netip.Addr{}, false
		}
	} else if strings.Count(hop, ":") == 1 {
		hop, port, hasPort = strings.Cut(hop, ":")
	}
	addr, err := netip.ParseAddr(hop)
	return addr.Unmap().WithZone(""), err == nil && (!hasPort || isNodePort(port))
}

// isNodePort reports whether s is a port or the obfuscation of one (RFC 7239 §6).
func isNodePort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil || strings.HasPrefix(s, "_")
}
