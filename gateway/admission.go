package gateway

import (
	"fmt"
	"net/netip"
	"sync/atomic"

	"github.com/sluicegate/sluice/gateway/internal/limit"
)

// Admission says which connections come in, and how fast. It is decided before
// TLS and before anything is read. Rates, bursts and the queue are 16,777,216 at most.
type Admission struct {
	// Allow and Deny are networks whose clients are let in, or not. The smallest
	// network that holds an address decides, on whichever list it stands; one that
	// stands on both denies. Default: all are let in; with any of Allow, only
	// those.
	Allow, Deny []netip.Prefix

	// AcceptRate is how many connections may come in a second, and AcceptBurst how
	// many at once after a pause, on the whole node. Those beyond wait in a queue
	// in which networks take turns, so that none waits for another one's storm.
	// Defaults: 0, no limit; a second's worth.
	AcceptRate, AcceptBurst int
	// AcceptQueue is how many connections may wait for AcceptRate: with the
	// rate, it bounds the time too. One site, an IPv4 address or an IPv6 network of 48
	// bits, may have as many as there are places left, which is half of it at most.
	// Further ones get 503, or over TLS a reset. Default 5 × AcceptRate; negative:
	// none.
	AcceptQueue int
	// AddressRate and AddressBurst are the same for the connections of one address;
	// those beyond get 429, or over TLS a reset. Defaults: 0, no limit; a second's
	// worth.
	AddressRate, AddressBurst int
	// IPv4Bits and IPv6Bits are how many leading bits of an address tell clients
	// apart, in AddressRate, in the turns of the queue and in
	// [Limits].SessionsPerAddress. Defaults: 32, and 64, of which any home has
	// 2^64 addresses.
	IPv4Bits, IPv6Bits int

	// ProxyProtocol are the networks of proxies that begin each connection with a
	// PROXY header, version 1 or 2, in front of TLS. Its address counts as the
	// client's everywhere. A connection from there without one is reset, and a
	// header from elsewhere is taken for a broken request.
	ProxyProtocol []netip.Prefix
	// Forwarders are the networks of proxies that note in ForwardedHeader whom a
	// request is from. The rightmost address there that is of no forwarder counts
	// as the client's, for this request and the session that it opens. Forwarders
	// are let in whatever Allow, Deny and AddressRate say; Allow and Deny hold for
	// their clients' requests. A header that cannot be read is refused with 400.
	Forwarders []netip.Prefix
	// ForwardedHeader is "X-Forwarded-For" or "Forwarded" (RFC 7239): the one that
	// the forwarders write. They pass the other one on as a client has made it up.
	// Default "X-Forwarded-For".
	ForwardedHeader string
}

func (a Admission) withDefaults() Admission {
	if a.AcceptQueue == 0 {
		a.AcceptQueue = min(5*a.AcceptRate, maxAccept)
	}
	if a.IPv4Bits == 0 {
		a.IPv4Bits = 32
	}
	if a.IPv6Bits == 0 {
		a.IPv6Bits = 64
	}
	if a.ForwardedHeader == "" {
		a.ForwardedHeader = xForwardedFor
	}
	return a
}

const maxAccept = 1 << 24

func (k *checker) admission(a Admission) {
	for field, networks := range map[string][]netip.Prefix{
		"Allow": a.Allow, "Deny": a.Deny, "ProxyProtocol": a.ProxyProtocol, "Forwarders": a.Forwarders,
	} {
		for i, p := range networks {
			k.fault(!p.IsValid(), fmt.Sprintf("Admission.%s[%d]", field, i), p, "is no network")
		}
	}
	k.between("Admission.AcceptRate", a.AcceptRate, 0, maxAccept, " a second")
	k.between("Admission.AcceptBurst", a.AcceptBurst, 0, maxAccept, "")
	k.between("Admission.AcceptQueue", a.AcceptQueue, -1<<30, maxAccept, "")
	k.between("Admission.AddressRate", a.AddressRate, 0, maxAccept, " a second")
	k.between("Admission.AddressBurst", a.AddressBurst, 0, maxAccept, "")
	k.between("Admission.IPv4Bits", a.IPv4Bits, 1, 32, "")
	k.between("Admission.IPv6Bits", a.IPv6Bits, 1, 128, "")
	k.fault(a.ForwardedHeader != xForwardedFor && a.ForwardedHeader != forwarded, "Admission.ForwardedHeader", a.ForwardedHeader,
		fmt.Sprintf("must be %q or %q", xForwardedFor, forwarded))
}

// admission is what the doors of all loops share. Any goroutine may use it.
type admission struct {
	open      atomic.Int64 // connections
	accepts   limit.SharedBucket
	addresses limit.Buckets[netip.Prefix]
	places    limit.Keyed[netip.Prefix] // connections of each network, if they are limited
}

// rules are what doors go by, as a configuration has them. They never change; see
// [shard.follow].
type rules struct {
	access      limit.Access
	proxies     limit.Prefixes
	forwarders  limit.Prefixes
	header      string // of forwarders
	mask        limit.Mask
	rate        limit.Rate // of the node
	addressRate limit.Rate
	queue       int // on each loop
	connections int
	perAddress  int // connections
}

// mask tells clients apart.
func (a *Admission) mask() limit.Mask { return limit.Mask{IPv4: a.IPv4Bits, IPv6: a.IPv6Bits} }

func newRules(config *Config) *rules {
	a := &config.Admission
	return &rules{
		access:      limit.Access{Allow: limit.NewPrefixes(a.Allow), Deny: limit.NewPrefixes(a.Deny)},
		proxies:     limit.NewPrefixes(a.ProxyProtocol),
		forwarders:  limit.NewPrefixes(a.Forwarders),
		header:      a.ForwardedHeader,
		mask:        a.mask(),
		rate:        limit.Rate{PerSecond: a.AcceptRate, Burst: a.AcceptBurst},
		addressRate: limit.Rate{PerSecond: a.AddressRate, Burst: a.AddressBurst},
		queue:       (max(0, a.AcceptQueue) + config.Loops - 1) / config.Loops,
		connections: config.Limits.Connections,
		perAddress:  config.Limits.ConnectionsPerAddress,
	}
}
