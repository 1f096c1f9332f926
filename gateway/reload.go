package gateway

import (
	"fmt"
	"slices"
	"time"
)

// Reconfigure has a gateway act by next from now on, as far as that can change
// while it serves: [Config].Limits but for KernelSend, KernelReceive, Decisions,
// TLSHandshakes and HTTPConnections; Admission but for IPv4Bits and IPv6Bits;
// Timeouts; Rates; Drain; Log; and of hubs and routes Origins, Sessions, SessionsPerUser
// and every Delivery. Sessions stay open, also those that a new limit would not
// admit, and whoever waits to be admitted stays in line. Handlers, Authorize, HTTP, Logger and
// the content of TLS (see [Gateway.SetTLS]) are not looked at.
//
// It returns the fields, for example "Loops" or "Hubs[1].Dispatch", in which
// next differs from what is in effect even so: they need a restart. On an error,
// which joins every [*Fault] of next, nothing has changed. It may be called from
// any goroutine, and does not wait for the loops.
func (g *Gateway) Reconfigure(next Config) (needRestart []string, err error) {
	if err := next.Validate(); err != nil {
		return nil, fmt.Errorf("gateway: configuration: %w", err)
	}
	next = next.WithDefaults()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.phase == over {
		return nil, errNotServing
	}
	live := g.adopt(next)
	g.live.Store(&live)
	for i := range live.Hubs {
		g.reconfigureHub(&live.Hubs[i])
	}
	for _, r := range live.Routes {
		g.routes[r.Path].allowOrigins(r.Origins)
	}
	if g.journal != nil {
		g.journal.sampler.most.Store(int64(live.Log.Sample))
	}
	rules := newRules(&live)
	g.http.rules.Store(rules)
	g.eachShard(func(s *shard) {
		s.follow(&live, rules)
		s.loop.SetPace(live.Timeouts.pace())
	})
	return differences(live.inOrderOf(next), next), nil
}

func (g *Gateway) reconfigureHub(config *HubConfig) {
	h := g.Hub(config.Name)
	h.limitTo(*config)
	h.class.deliverBy(config.Delivery)
	for i, class := range h.groupClasses {
		class.deliverBy(config.Groups[i].Delivery)
	}
	g.routes[HubPath(config.Name)].allowOrigins(config.Origins)
}

// adopt returns the configuration in effect with what can change taken from
// next.
func (g *Gateway) adopt(next Config) Config {
	live := *g.live.Load()
	live.Limits = live.Limits.adopt(next.Limits)
	live.Timeouts = g.adoptTimeouts(live.Timeouts, next.Timeouts)
	live.Admission = live.Admission.adopt(next.Admission)
	live.Rates, live.Drain, live.Log = next.Rates, next.Drain, next.Log
	live.Hubs = adoptEach(live.Hubs, next.Hubs, HubConfig.name, HubConfig.adopt)
	live.Routes = adoptEach(live.Routes, next.Routes, Route.name, Route.adopt)
	return live
}

func (l Limits) adopt(next Limits) Limits {
	adopted := next
	adopted.KernelSend, adopted.KernelReceive = l.KernelSend, l.KernelReceive // set on listeners
	adopted.TLSHandshakes, adopted.HTTPConnections = l.TLSHandshakes, l.HTTPConnections
	adopted.Decisions = l.Decisions
	if l.SessionsPerAddress == 0 || next.SessionsPerAddress == 0 {
		// The addresses of open sessions are counted, or they are not.
		adopted.SessionsPerAddress = l.SessionsPerAddress
	}
	return adopted
}

// adopt keeps what open sessions are counted by.
func (a Admission) adopt(next Admission) Admission {
	next.IPv4Bits, next.IPv6Bits = a.IPv4Bits, a.IPv6Bits
	return next
}

// adoptTimeouts keeps what is bounded from outside the loops: TLS handshakes have
// their own deadline, and the kernel drops a peer without a word after a time
// that was set on the listeners, which the loops must not wait for.
func (g *Gateway) adoptTimeouts(live, next Timeouts) Timeouts {
	adopted := next
	if g.config.TLS != nil {
		adopted.Handshake = live.Handshake
	}
	kernel := g.config.Timeouts.userTimeout()
	for _, t := range []struct{ adopted, live *time.Duration }{
		{&adopted.Pong, &live.Pong}, {&adopted.Close, &live.Close}, {&adopted.WriteStall, &live.WriteStall},
	} {
		if *t.adopted+*t.adopted/4 > kernel { // a sweep may find it so much later
			*t.adopted = *t.live
		}
	}
	return adopted
}

func (h HubConfig) adopt(next HubConfig) HubConfig {
	h.Origins, h.Delivery = next.Origins, next.Delivery
	h.Sessions, h.SessionsPerUser = next.Sessions, next.SessionsPerUser
	h.Groups = adoptEach(h.Groups, next.Groups, GroupClass.name, GroupClass.adopt)
	return h
}

func (c GroupClass) adopt(next GroupClass) GroupClass {
	c.Delivery = next.Delivery
	return c
}

func (r Route) adopt(next Route) Route {
	r.Origins = next.Origins
	return r
}

// adoptEach returns live with what can change of each element taken from the
// one of next with the same name.
func adoptEach[T any](live, next []T, name func(T) string, adopt func(live, next T) T) []T {
	adopted := slices.Clone(live)
	for i := range adopted {
		found := slices.IndexFunc(next, func(n T) bool { return name(n) == name(adopted[i]) })
		if found >= 0 {
			adopted[i] = adopt(adopted[i], next[found])
		}
	}
	return adopted
}

// What is changed goes by name, whatever the order.
func (h HubConfig) name() string  { return h.Name }
func (c GroupClass) name() string { return c.Name }
func (r Route) name() string      { return r.Path }

// inOrderOf returns c with hubs, classes and routes in the order of next.
func (c Config) inOrderOf(next Config) Config {
	c.Routes = inOrderOf(c.Routes, next.Routes, Route.name)
	c.Hubs = inOrderOf(c.Hubs, next.Hubs, HubConfig.name)
	for i := range min(len(c.Hubs), len(next.Hubs)) {
		c.Hubs[i].Groups = inOrderOf(c.Hubs[i].Groups, next.Hubs[i].Groups, GroupClass.name)
	}
	return c
}

// inOrderOf returns a copy of live whose elements stand where next has one of the
// same name.
func inOrderOf[T any](live, next []T, name func(T) string) []T {
	ordered := slices.Clone(live)
	for i := range min(len(ordered), len(next)) {
		at := slices.IndexFunc(ordered, func(l T) bool { return name(l) == name(next[i]) })
		if at >= 0 {
			ordered[i], ordered[at] = ordered[at], ordered[i]
		}
	}
	return ordered
}
