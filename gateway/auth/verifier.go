package auth

import (
	"fmt"
	"sync/atomic"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sluicegate/sluice/gateway"
)

// Verifier checks tokens. Any goroutine may call its methods.
type Verifier struct {
	// Atomic.
	rules atomic.Pointer[rules]
}

// rules is what a verifier goes by until it is given others.
type rules struct {
	// Fixed after newRules.
	config    Config
	ring      ring
	validator *jwt.Validator
}

var _ gateway.Authorize = (*Verifier)(nil).Authorize

// New returns a verifier of that configuration, or its faults. It borrows what
// the configuration holds for good.
func New(config Config) (*Verifier, error) {
	v := new(Verifier)
	if err := v.Replace(config); err != nil {
		return nil, err
	}
	return v, nil
}

// Replace has the checks that begin from now on made by config. Sessions that are
// open stay. On an error everything stays as it was.
func (v *Verifier) Replace(config Config) error {
	if err := config.Validate(); err != nil {
		return fmt.Errorf("auth: %w", err)
	}
	v.rules.Store(newRules(config.withDefaults()))
	return nil
}

func newRules(config Config) *rules {
	return &rules{
		config: config,
		ring:   newRing(config.Keys),
		validator: jwt.NewValidator(
			jwt.WithExpirationRequired(),
			jwt.WithLeeway(config.Leeway),
			jwt.WithTimeFunc(config.Now),
			jwt.WithIssuer(config.Issuer),
			jwt.WithAudience(config.Audiences...),
		),
	}
}

// Verify checks a token by itself. Its errors are those of this package.
func (v *Verifier) Verify(token string) (*Token, error) { return v.rules.Load().verify(token) }

// VerifyRequest checks the token of a request, which it borrows. Without one the
// error is [ErrNoToken], whatever [Config].Anonymous says.
func (v *Verifier) VerifyRequest(r *gateway.Request) (*Token, error) {
	return v.rules.Load().verifyRequest(r)
}

// Authorize is a [gateway.Authorize] for hubs. It sets the user, the groups and, with
// [Config].EndExpired, the end of
// r's Identity to those of the token, and leaves them as they are if there is none
// and [Config].Anonymous lets it pass. A route without a hub has neither users nor
// groups: its Authorize should call [Verifier.VerifyRequest].
func (v *Verifier) Authorize(r *gateway.Request) error {
	rules := v.rules.Load()
	token, err := rules.verifyRequest(r)
	if err == ErrNoToken && rules.config.Anonymous {
		return nil
	}
	if err != nil {
		return err
	}
	r.Identity.User, r.Identity.Groups = token.User, token.Groups
	if rules.config.EndExpired {
		r.Identity.Expires = token.Expires.Add(rules.config.Leeway)
	}
	return nil
}

func (r *rules) verifyRequest(request *gateway.Request) (*Token, error) {
	for _, source := range r.config.Sources {
		if token, found := source(request); found {
			return r.verify(token)
		}
	}
	return nil, ErrNoToken
}

func (r *rules) verify(token string) (*Token, error) {
	payload, err := r.ring.authentic(token)
	if err != nil {
		return nil, err
	}
	claims, err := readClaims(payload)
	if err != nil {
		return nil, err
	}
	if !hasDate(claims, "exp") || !hasDate(claims, "nbf") {
		return nil, errDate
	}
	if err := r.validator.Validate(claims); err != nil {
		return nil, cause(err)
	}
	return r.config.token(claims)
}
