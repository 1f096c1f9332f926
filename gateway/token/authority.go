package token

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/auth"
)

// Config is what an [Authority] goes by.
type Config struct {
	// Keys are the access keys: the first mints, all are accepted. 1 to 4, of at
	// least 32 bytes each (RFC 7518 §3.2), without semicolons.
	Keys []string
	// Endpoints are the public ones that audiences may name; the first is the one
	// that is minted for. At least one.
	Endpoints []Endpoint
	// PathOnly accepts audiences of any endpoint: only their path must be the
	// request's, which a proxy must then not change.
	PathOnly bool
	// Leeway is how far the clocks of those who mint may be off: a token is good so
	// long after its exp and before its nbf. Default 5 min; negative: none; at most
	// 10 min.
	Leeway time.Duration
	// Now is the clock; any goroutine may call it. Default [time.Now].
	Now func() time.Time
}

const standardLeeway = 5 * time.Minute

// Names of claims, beside those of RFC 7519.
const (
	groupsClaim = "webpubsub.group"
	rolesClaim  = "role"
)

// Authority mints and checks tokens. Any goroutine may call its methods.
type Authority struct {
	// Atomic.
	rules atomic.Pointer[rules]
}

// rules is what an authority goes by until it is given others. Tokens that were
// found good are remembered with the keys that they were good for.
type rules struct {
	// Fixed after newRules.
	config   Config
	verifier *auth.Verifier

	// Safe for concurrent use.
	known *known
}

// New returns an authority of that configuration. The error joins all its faults.
func New(config Config) (*Authority, error) {
	a := new(Authority)
	if err := a.Replace(config); err != nil {
		return nil, err
	}
	return a, nil
}

// Replace has everything that begins from now on go by config. On an error
// everything stays as it was.
func (a *Authority) Replace(config Config) error {
	if config.Leeway == 0 {
		config.Leeway = standardLeeway
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	faults := append(keyFaults(config.Keys), endpointFaults(config.Endpoints)...)
	keys := make([]auth.Key, len(config.Keys))
	for i, key := range config.Keys {
		keys[i] = auth.Secret([]byte(key))
	}
	verifier, err := auth.New(auth.Config{
		Keys:        keys,
		Leeway:      config.Leeway,
		Sources:     []auth.Source{auth.Bearer(), auth.Query("access_token")},
		GroupsClaim: groupsClaim,
		RolesClaim:  rolesClaim,
		Now:         config.Now,
	})
	if err := errors.Join(append(faults, err)...); err != nil {
		return fmt.Errorf("token: %w", err)
	}
	a.rules.Store(newRules(config, verifier))
	return nil
}

func newRules(config Config, verifier *auth.Verifier) *rules {
	return &rules{config: config, verifier: verifier, known: newKnown()}
}

// keyFaults are those that a connection string could not carry.
func keyFaults(keys []string) (faults []error) {
	for i, key := range keys {
		if strings.ContainsAny(key, ";\r\n\x00") || strings.TrimSpace(key) != key {
			faults = append(faults, &gateway.Fault{Field: fmt.Sprintf("Keys[%d]", i), Value: "…", Problem: "must have no semicolon, no control character, and no space around it"})
		}
	}
	return faults
}

func endpointFaults(endpoints []Endpoint) (faults []error) {
	if len(endpoints) == 0 {
		faults = append(faults, &gateway.Fault{Field: "Endpoints", Value: "none", Problem: "must have at least one"})
	}
	for i, e := range endpoints {
		field := fmt.Sprintf("Endpoints[%d]", i)
		if e == (Endpoint{}) {
			faults = append(faults, &gateway.Fault{Field: field, Value: "none", Problem: "must be made by ParseEndpoint"})
			continue
		}
		for _, other := range endpoints {
			if other.swallows(e) {
				faults = append(faults, &gateway.Fault{Field: field, Value: e, Problem: fmt.Sprintf("lies within the API of %v; choose another path", other)})
			}
		}
	}
	return faults
}

// Endpoint returns the endpoint that is minted for.
func (a *Authority) Endpoint() Endpoint { return a.rules.Load().config.Endpoints[0] }

// CheckClient checks a client token for a hub. Its errors are those of package
// auth.
func (a *Authority) CheckClient(token, hub string) (*auth.Token, error) {
	r := a.rules.Load()
	checked, err := r.verifier.Verify(token)
	return r.clientOf(checked, err, hub)
}

// CheckUpgrade is CheckClient for the token of an upgrade, which it borrows: in
// the header Authorization or, as browsers need it, in the query's access_token.
func (a *Authority) CheckUpgrade(request *gateway.Request, hub string) (*auth.Token, error) {
	r := a.rules.Load()
	checked, err := r.verifier.VerifyRequest(request)
	return r.clientOf(checked, err, hub)
}

// clientOf passes on a token that is good for a client of the hub.
func (r *rules) clientOf(checked *auth.Token, err error, hub string) (*auth.Token, error) {
	if err != nil {
		return nil, err
	}
	path := clientPath(hub)
	for _, text := range audienceTexts(checked) {
		a := audienceOf(text)
		if _, accepted := r.accepts(&a, path); accepted {
			return checked, nil
		}
	}
	return nil, auth.ErrAudience
}

// Purpose is what a token is good for: one of the two.
type Purpose struct {
	// Hub is the one that a client may connect to.
	Hub string
	// Target is the path of the request that a REST token is for, with its query if
	// that counts.
	Target string
}

// Inspect checks a token of either kind, and tells what it is good for. Its errors
// are those of package auth; with [auth.ErrAudience] the token is returned too.
func (a *Authority) Inspect(token string) (*auth.Token, Purpose, error) {
	r := a.rules.Load()
	checked, err := r.verifier.Verify(token)
	if err != nil {
		return nil, Purpose{}, err
	}
	for _, audience := range audiencesOf(checked) {
		if p := r.purpose(&audience); p != (Purpose{}) {
			return checked, p, nil
		}
	}
	return checked, Purpose{}, auth.ErrAudience
}

// purpose returns what an audience stands for, if anything.
func (r *rules) purpose(a *audience) Purpose {
	endpoints := r.config.Endpoints
	if r.config.PathOnly {
		endpoints = []Endpoint{{origin: a.origin}}
	}
	for _, e := range endpoints {
		target, below := cutPrefixFold(a.rest, e.prefix)
		if a.origin != e.origin || !below {
			continue
		}
		if hub, is := cutPrefixFold(target, clientPrefix); is {
			return Purpose{Hub: decoded(hub)}
		}
		if _, is := cutPrefixFold(target, restPrefix); is {
			return Purpose{Target: target}
		}
	}
	return Purpose{}
}

// CheckREST checks the token of a request for target, the path and query as they
// were sent, and returns the endpoint that it names: that at which the backend
// reaches the gateway. Its errors are those of package auth. A target that is not
// below /api/ has no good token.
func (a *Authority) CheckREST(token, target string) (Endpoint, error) {
	if !strings.HasPrefix(target, restPrefix) {
		return Endpoint{}, auth.ErrAudience
	}
	r := a.rules.Load()
	key := keyOf(token)
	found, isKnown := r.known.find(key, r.config.Now())
	if !isKnown {
		checked, err := r.verifier.Verify(token)
		if err != nil {
			return Endpoint{}, err
		}
		found = verdict{audiencesOf(checked), checked.Expires.Add(max(0, r.config.Leeway))}
		r.known.add(key, found)
	}
	for i := range found.audiences {
		if at, accepted := r.accepts(&found.audiences[i], target); accepted {
			return at, nil
		}
	}
	return Endpoint{}, auth.ErrAudience
}

// accepts reports whether an audience stands for target, and at which endpoint.
func (r *rules) accepts(a *audience, target string) (at Endpoint, accepted bool) {
	if r.config.PathOnly {
		return Endpoint{origin: a.origin}, a.isPath(target)
	}
	for _, e := range r.config.Endpoints {
		if a.isFor(e, target) {
			return e, true
		}
	}
	return Endpoint{}, false
}

// audienceTexts returns the audiences of a token, none if they are no texts.
func audienceTexts(t *auth.Token) []string {
	texts, _ := jwt.MapClaims(t.Claims).GetAudience()
	return texts
}

// audiencesOf returns the audiences of a token, taken apart.
func audiencesOf(t *auth.Token) []audience {
	texts := audienceTexts(t)
	all := make([]audience, len(texts))
	for i, text := range texts {
		all[i] = audienceOf(text)
	}
	return all
}
