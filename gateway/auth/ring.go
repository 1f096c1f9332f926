package auth

import (
	"encoding/json"

	"github.com/golang-jwt/jwt/v5"
)

// header is what matters of a token's JOSE header (RFC 7515 §4.1).
type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	// Critical lists extensions that must be understood (§4.1.11). None is.
	Critical json.RawMessage `json:"crit"`
}

// ring is the keys by what tokens say of them: first their algorithm. It does not
// change.
type ring map[string]*methodKeys

// methodKeys are the keys of one algorithm.
type methodKeys struct {
	method jwt.SigningMethod
	// named has one key for each ID.
	named map[string][]any
	// unnamed have no ID.
	unnamed []any
	// untold are for tokens that name no key: the unnamed, or, where there are
	// none, a named one that has no other beside it.
	untold []any
}

func newRing(keys []Key) ring {
	r := make(ring)
	for _, key := range keys {
		of := r[key.Algorithm()]
		if of == nil {
			of = &methodKeys{method: key.method, named: make(map[string][]any)}
			r[key.Algorithm()] = of
		}
		if key.ID == "" {
			of.unnamed = append(of.unnamed, key.material)
		} else {
			of.named[key.ID] = []any{key.material}
		}
	}
	for _, of := range r {
		of.untold = of.unnamed
		if len(of.unnamed) > 0 || len(of.named) > 1 {
			continue
		}
		for _, sole := range of.named {
			of.untold = sole
		}
	}
	return r
}

// find returns the keys of which one must have signed a token with that header.
func (r ring) find(h *header) (jwt.SigningMethod, []any, error) {
	of, accepted := r[h.Algorithm]
	if !accepted {
		return nil, nil, ErrAlgorithm
	}
	if h.Critical != nil {
		return nil, nil, ErrCritical
	}
	keys := of.untold
	if h.KeyID != "" {
		keys = of.unnamed
		if named, found := of.named[h.KeyID]; found {
			keys = named
		}
	}
	if len(keys) == 0 {
		return nil, nil, ErrUnknownKey
	}
	return of.method, keys, nil
}
