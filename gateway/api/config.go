package api

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/token"
)

// Config is what a [Handler] is made of. Hubs and Tokens must be given.
type Config struct {
	Hubs Hubs
	// Tokens checks requests and mints tokens for clients. The endpoint that it finds
	// a request's token to be for is where the next pages of lists are said to be.
	Tokens *token.Authority
	// Body is the largest body accepted, in bytes; larger ones get 413. Default
	// 1 MiB; at most 1 GiB.
	Body int
	// BodyTime is how long a body may take to arrive, before 408. Default 10 s.
	BodyTime time.Duration
	// Requests is how many one caller may make in a second, and Burst how many at
	// once after a pause; further ones get 429. Defaults 0: any number, and one
	// second's worth.
	Requests, Burst int
	// Caller returns who has sent a request: IPv6 addresses count by networks of
	// 64 bits. Default: its RemoteAddr.
	Caller func(*http.Request) netip.Addr
	// Now is the clock; any goroutine may call it. Default [time.Now].
	Now func() time.Time
}

const (
	standardBody = 1 << 20
	maxBody      = 1 << 30
)

// Validate returns every fault of c, joined, each a [*gateway.Fault]; nil if there
// is none.
func (c Config) Validate() error {
	var faults []error
	check := func(field string, good bool, value any, problem string) {
		if !good {
			faults = append(faults, &gateway.Fault{Field: field, Value: value, Problem: problem})
		}
	}
	check("Hubs", c.Hubs != nil, c.Hubs, "must be given")
	check("Tokens", c.Tokens != nil, c.Tokens, "must be given")
	check("Body", c.Body >= 0 && c.Body <= maxBody, c.Body, "must be 1 to 1 GiB, or 0 for 1 MiB")
	check("BodyTime", c.BodyTime >= 0, c.BodyTime, "must not be negative")
	check("Requests", c.Requests >= 0, c.Requests, "must not be negative")
	check("Burst", c.Burst >= 0, c.Burst, "must not be negative")
	return errors.Join(faults...)
}

// withDefaults returns c with defaults in place of zero values.
func (c Config) withDefaults() Config {
	if c.Body == 0 {
		c.Body = standardBody
	}
	if c.BodyTime == 0 {
		c.BodyTime = 10 * time.Second
	}
	if c.Caller == nil {
		c.Caller = remoteAddr
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// remoteAddr returns the address of the connection that a request came on.
func remoteAddr(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr) // of what is none, all are one caller
	return peer.Addr()
}
