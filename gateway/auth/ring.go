package auth

import "github.com/golang-jwt/jwt/v5"

// keyName is what a token says of its key.
type keyName struct{ algorithm, id string }

// ring is the keys by what tokens say of them. It does not change.
type ring struct {
	named map[keyName]any
	// unnamed are, by algorithm, those without an ID. Each algorithm with any key
	// at all has an entry.
	unnamed map[string]jwt.VerificationKeySet
	// sole is, by algorithm, the key with an ID that has no other beside it.
	sole map[string]any
}

func newRing(keys []Key) *ring {
	r := &ring{named: make(map[keyName]any), unnamed: make(map[string]jwt.VerificationKeySet), sole: make(map[string]any)}
	count := make(map[string]int)
	for _, key := range keys {
		set := r.unnamed[key.algorithm]
		if key.ID == "" {
			set.Keys = append(set.Keys, key.material)
		} else {
			r.named[keyName{key.algorithm, key.ID}] = key.material
			r.sole[key.algorithm] = key.material
		}
		r.unnamed[key.algorithm] = set
		count[key.algorithm]++
	}
	for algorithm, n := range count {
		if n > 1 {
			delete(r.sole, algorithm)
		}
	}
	return r
}

// find returns what a token is to be checked with: a key, or a set of them.
func (r *ring) find(t *jwt.Token) (any, error) {
	algorithm := t.Method.Alg()
	unnamed, accepted := r.unnamed[algorithm]
	if !accepted {
		return nil, ErrAlgorithm
	}
	if _, critical := t.Header["crit"]; critical {
		return nil, ErrCritical // RFC 7515 §4.1.11; the library passes over it
	}
	id, isText := t.Header["kid"].(string)
	if _, given := t.Header["kid"]; given && !isText {
		return nil, ErrMalformed
	}
	if key, found := r.named[keyName{algorithm, id}]; found {
		return key, nil
	}
	if len(unnamed.Keys) > 0 {
		return unnamed, nil
	}
	if key, found := r.sole[algorithm]; found && id == "" {
		return key, nil
	}
	return nil, ErrUnknownKey
}
