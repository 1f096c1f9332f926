package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

// Config is what a [Verifier] accepts. Only Keys must be given.
type Config struct {
	// Keys are those that tokens may be signed with, of any algorithms. At least
	// one; two of one algorithm and ID are a fault, and so are more than four of
	// one algorithm without an ID: a token that names no key is checked with each.
	Keys []Key
	// Issuer is what the claim iss must be. Default: not checked.
	Issuer string
	// Audiences are those of which the claim aud must have one. Default: not
	// checked.
	Audiences []string
	// Leeway is how far the clock of the issuer may be off: a token is good so
	// long after its exp and before its nbf. Default 30 s; negative: none; at
	// most 10 min.
	Leeway time.Duration
	// Sources are where a request's token is looked for. The first that has one
	// decides. Default: [Bearer], [Query] of "access_token", [Subprotocol] of
	// "access_token.".
	Sources []Source
	// Anonymous lets requests without a token in. A token that is there must be
	// good all the same.
	Anonymous bool
	// UserClaim is the claim with the user id. Default "sub".
	UserClaim string
	// GroupsClaim is the claim with the groups that a session is in from its
	// beginning, a string or a list of strings. Default "groups".
	GroupsClaim string
	// RolesClaim is the claim with the roles, of the same form. Default "roles".
	RolesClaim string
	// EndExpired ends a session when its token expires, Leeway included; see
	// [gateway.ReasonExpired]. Otherwise a session outlives its token.
	EndExpired bool
	// Now is the clock; any goroutine may call it. Default [time.Now].
	Now func() time.Time
}

const (
	defaultLeeway = 30 * time.Second
	maxLeeway     = 10 * time.Minute
	// maxUnnamed bounds what one token can cost the loop.
	maxUnnamed = 4
)

// Validate returns every fault of c, joined, each a [*gateway.Fault]; nil if
// there is none. It does not change c.
func (c Config) Validate() error {
	faults := keyFaults(c.Keys)
	if c.Leeway > maxLeeway {
		faults = append(faults, &gateway.Fault{Field: "Leeway", Value: c.Leeway, Problem: fmt.Sprintf("must be at most %v", maxLeeway)})
	}
	for i, audience := range c.Audiences {
		if audience == "" {
			faults = append(faults, &gateway.Fault{Field: fmt.Sprintf("Audiences[%d]", i), Value: `""`, Problem: "must not be empty"})
		}
	}
	for i, source := range c.Sources {
		if source == nil {
			faults = append(faults, &gateway.Fault{Field: fmt.Sprintf("Sources[%d]", i), Value: source, Problem: "must not be nil"})
		}
	}
	return errors.Join(faults...)
}

func keyFaults(keys []Key) (faults []error) {
	if len(keys) == 0 {
		return []error{&gateway.Fault{Field: "Keys", Value: "none", Problem: "must have at least one key"}}
	}
	type name struct{ algorithm, id string }
	seen := make(map[name]int)
	for i, key := range keys {
		named := name{key.Algorithm(), key.ID}
		seen[named]++
		problem := key.problem()
		switch {
		case problem != "":
		case key.ID == "" && seen[named] == maxUnnamed+1:
			problem = fmt.Sprintf("at most %d keys of one algorithm may have no ID", maxUnnamed)
		case key.ID != "" && seen[named] == 2:
			problem = "a key of the same algorithm has this ID already"
		default:
			continue
		}
		faults = append(faults, &gateway.Fault{Field: fmt.Sprintf("Keys[%d]", i), Value: key, Problem: problem})
	}
	return faults
}

// withDefaults returns c with defaults in place of zero values.
func (c Config) withDefaults() Config {
	if c.Leeway == 0 {
		c.Leeway = defaultLeeway
	}
	c.Leeway = max(0, c.Leeway)
	if len(c.Sources) == 0 {
		c.Sources = []Source{Bearer(), Query("access_token"), Subprotocol("access_token.")}
	}
	for claim, fallback := range map[*string]string{&c.UserClaim: "sub", &c.GroupsClaim: "groups", &c.RolesClaim: "roles"} {
		if *claim == "" {
			*claim = fallback
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
