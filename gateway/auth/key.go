package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"io"

	"github.com/golang-jwt/jwt/v5"
)

// Key is a key that tokens are checked with. It is good for one algorithm, which
// follows from its kind and never from the token: a public key cannot be made to
// pass for a secret.
type Key struct {
	// ID is the kid by which tokens name the key; empty: it is tried for every
	// token of its algorithm that names none, or one that is not known.
	ID string

	// Fixed.
	method   jwt.SigningMethod
	material any // []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

const (
	// minSecret is the output of SHA-256 (RFC 7518 §3.2).
	minSecret = 32
	// minModulus is of RFC 7518 §3.3; maxModulus bounds what a check costs the
	// loop: it grows with the square.
	minModulus, maxModulus = 2048, 8192
)

// Secret returns a key of HS256, which both signs and checks. It copies secret,
// at least 32 bytes.
func Secret(secret []byte) Key {
	return Key{method: jwt.SigningMethodHS256, material: bytes.Clone(secret)}
}

// Public returns a key of RS256, ES256 or EdDSA, from an [*rsa.PublicKey] of 2048
// to 8192 bits, an [*ecdsa.PublicKey] on P-256, or an [ed25519.PublicKey]. It
// borrows the key for good.
func Public(key crypto.PublicKey) (Key, error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minModulus || bits > maxModulus {
			return Key{}, fmt.Errorf("an RSA key of %d bits; must have %d to %d", bits, minModulus, maxModulus)
		}
		return Key{method: jwt.SigningMethodRS256, material: key}, nil
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return Key{}, fmt.Errorf("an ECDSA key on %s; must be on P-256", key.Curve.Params().Name)
		}
		return Key{method: jwt.SigningMethodES256, material: key}, nil
	case ed25519.PublicKey:
		return Key{method: jwt.SigningMethodEdDSA, material: key}, nil
	}
	return Key{}, fmt.Errorf("a key of type %T; must be one of RSA, of ECDSA on P-256, or of Ed25519", key)
}

// Algorithm is "HS256", "RS256", "ES256" or "EdDSA"; empty for the zero Key.
func (k Key) Algorithm() string {
	if k.method == nil {
		return ""
	}
	return k.method.Alg()
}

// String names the key and shows nothing of a secret.
func (k Key) String() string { return fmt.Sprintf("%s key %q", k.Algorithm(), k.ID) }

// Format is String whatever the verb: not even %x shows a secret.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// problem says what is wrong with the key, if anything.
func (k Key) problem() string {
	secret, symmetric := k.material.([]byte)
	switch {
	case k.method == nil:
		return "must be made by Secret, Public, ReadPEM or ReadJWKS"
	case symmetric && len(secret) < minSecret:
		return fmt.Sprintf("has a secret of %d bytes; must have at least %d (RFC 7518 §3.2)", len(secret), minSecret)
	}
	return ""
}
