package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sluicegate/sluice/gateway/auth"
)

// now is what every clock of these tests shows.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

var (
	secret      = []byte("a secret of the tests, 32 bytes+")
	otherSecret = []byte("another secret of the tests, 32+")
)

// issuer signs tokens as issuers do.
type issuer struct {
	method jwt.SigningMethod
	key    any // for signing
}

var shared = issuer{jwt.SigningMethodHS256, secret}

// asymmetric returns an issuer of each public-key algorithm, and its public key.
func asymmetric(t testing.TB) map[string]struct {
	issuer
	public crypto.PublicKey
} {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]struct {
		issuer
		public crypto.PublicKey
	}{
		"RS256": {issuer{jwt.SigningMethodRS256, rsaKey}, &rsaKey.PublicKey},
		"ES256": {issuer{jwt.SigningMethodES256, ecKey}, &ecKey.PublicKey},
		"EdDSA": {issuer{jwt.SigningMethodEdDSA, edKey}, edPublic},
	}
}

// claims are those of a good token, with changes; nil removes one.
func claims(changes jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "ada", "exp": now.Add(time.Hour).Unix(), "iss": "https://issuer.test", "aud": "chat"}
	for name, value := range changes {
		c[name] = value
		if value == nil {
			delete(c, name)
		}
	}
	return c
}

// sign returns a token of those claims whose header has further fields.
func (i issuer) sign(t testing.TB, c jwt.MapClaims, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(i.method, c)
	for name, value := range header {
		token.Header[name] = value
	}
	signed, err := token.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// named returns key with an ID.
func named(id string, key auth.Key) auth.Key {
	key.ID = id
	return key
}

func public(t testing.TB, key crypto.PublicKey) auth.Key {
	t.Helper()
	k, err := auth.Public(key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func verifier(t testing.TB, config auth.Config) *auth.Verifier {
	t.Helper()
	config.Now = clock
	v, err := auth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
