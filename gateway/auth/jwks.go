package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// jwk is a JSON Web Key (RFC 7517 §4), with the parameters of RFC 7518 §6 and
// RFC 8037 §2 that its kind has.
type jwk struct {
	Kind       string   `json:"kty"`
	ID         string   `json:"kid"`
	Algorithm  string   `json:"alg"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Curve      string   `json:"crv"`
	N          octets   `json:"n"`
	E          octets   `json:"e"`
	X          octets   `json:"x"`
	Y          octets   `json:"y"`
	K          octets   `json:"k"`
	// D is there in private keys only.
	D octets `json:"d"`
}

// octets are bytes in base64url without padding.
type octets []byte

func (o *octets) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return errors.New("a parameter of a key is no string")
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return errors.New("a parameter of a key is not base64url")
	}
	*o = decoded
	return nil
}

// ReadJWKS reads the keys in a JWKS file. See [ParseJWKS].
func ReadJWKS(name string) ([]Key, error) { return readKeys(name, ParseJWKS) }

// ParseJWKS returns the keys of a JSON Web Key Set (RFC 7517 §5) that can check
// tokens here, in order, each with its kid. Those of another use or algorithm are
// passed over, as §5 has it; that none is left is an error. It borrows data.
func ParseJWKS(data []byte) ([]Key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("auth: JWKS: %w", err)
	}
	var keys []Key
	for i, raw := range set.Keys {
		var one jwk
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, fmt.Errorf("auth: JWKS: keys[%d]: %w", i, err)
		}
		if !one.usable() {
			continue
		}
		key, err := one.key()
		if err != nil {
			return nil, fmt.Errorf("auth: JWKS: keys[%d], kid %q: %w", i, one.ID, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("auth: JWKS: none of its %d keys is for checking HS256, RS256, ES256 or EdDSA", len(set.Keys))
	}
	return keys, nil
}

// usable reports whether the key is for checking with an algorithm that is
// spoken here.
func (j *jwk) usable() bool {
	if j.Use != "" && j.Use != "sig" {
		return false
	}
	if len(j.Operations) > 0 && !slices.Contains(j.Operations, "verify") && j.D == nil {
		return false
	}
	switch j.Kind + " " + j.Curve {
	case "oct ":
		return j.Algorithm == "" || j.Algorithm == "HS256"
	case "RSA ":
		return j.Algorithm == "" || j.Algorithm == "RS256"
	case "EC P-256":
		return j.Algorithm == "" || j.Algorithm == "ES256"
	case "OKP Ed25519":
		// RFC 9864 gives EdDSA with this curve a name of its own.
		return j.Algorithm == "" || j.Algorithm == "EdDSA" || j.Algorithm == "Ed25519"
	}
	return false
}

func (j *jwk) key() (Key, error) {
	if j.Kind == "oct" {
		key := Secret(j.K)
		key.ID = j.ID
		if problem := key.problem(); problem != "" {
			return Key{}, errors.New(problem)
		}
		return key, nil
	}
	if j.D != nil {
		return Key{}, errors.New("give the public key; the private one belongs to who issues tokens")
	}
	public, err := j.public()
	if err != nil {
		return Key{}, err
	}
	key, err := Public(public)
	key.ID = j.ID
	return key, err
}

func (j *jwk) public() (crypto.PublicKey, error) {
	switch j.Kind {
	case "RSA":
		// crypto/rsa takes odd exponents of up to 31 bits.
		e := new(big.Int).SetBytes(j.E)
		if e.BitLen() < 2 || e.BitLen() > 31 || e.Bit(0) == 0 {
			return nil, errors.New("e must be an odd number of 2 to 31 bits")
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(j.N), E: int(e.Int64())}, nil
	case "EC":
		if len(j.X) != 32 || len(j.Y) != 32 {
			return nil, fmt.Errorf("x and y have %d and %d bytes; must have 32", len(j.X), len(j.Y))
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, j.X, j.Y))
	}
	if len(j.X) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("x has %d bytes; must have %d", len(j.X), ed25519.PublicKeySize)
	}
	return ed25519.PublicKey(j.X), nil
}
