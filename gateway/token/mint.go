package token

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Client is what a client token says.
type Client struct {
	// Hub is the hub that the client may connect to.
	Hub string
	// User is the user id; empty: the client is anonymous.
	User string
	// Groups are those that the session is in from its beginning.
	Groups []string
	// Roles say what the client may do.
	Roles []string
	// Life is how long the token is good, from now: 1 s to 1 year. Default 1 h.
	Life time.Duration
}

const (
	standardLife = time.Hour
	maxLife      = 365 * 24 * time.Hour
)

// MintClient returns a token for a client of the first endpoint.
func (a *Authority) MintClient(c Client) (string, error) {
	if c.Hub == "" {
		return "", errors.New("token: hub: is missing")
	}
	claims := jwt.MapClaims{}
	if c.User != "" {
		claims["sub"] = c.User
	}
	if len(c.Groups) > 0 {
		claims[groupsClaim] = c.Groups
	}
	if len(c.Roles) > 0 {
		claims[rolesClaim] = c.Roles
	}
	return a.mint(claims, clientPath(c.Hub), c.Life)
}

// MintREST returns a token for a request to the first endpoint. Target is its path
// and query, "/api/…". Life is as in [Client].
func (a *Authority) MintREST(target string, life time.Duration) (string, error) {
	if !strings.HasPrefix(target, restPrefix) {
		return "", fmt.Errorf("token: target %q: must begin with %s", target, restPrefix)
	}
	return a.mint(jwt.MapClaims{}, target, life)
}

// mint signs claims for a target.
func (a *Authority) mint(claims jwt.MapClaims, target string, life time.Duration) (string, error) {
	if life == 0 {
		life = standardLife
	}
	if life < time.Second || life > maxLife {
		return "", fmt.Errorf("token: life: %v: must be 1s to %v", life, maxLife)
	}
	r := a.rules.Load()
	now := r.config.Now()
	claims["aud"] = r.config.Endpoints[0].String() + target
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(life).Unix()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(r.config.Keys[0]))
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return signed, nil
}
