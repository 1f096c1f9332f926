package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway/auth"
)

func block(t *testing.T, kind string, der []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func TestPEMFilesGiveKeys(t *testing.T) {
	issuers := asymmetric(t)
	var data []byte
	var algorithms []string
	for algorithm, i := range issuers {
		der, err := x509.MarshalPKIXPublicKey(i.public)
		data = append(data, block(t, "PUBLIC KEY", der, err)...)
		algorithms = append(algorithms, algorithm)
	}
	data = append(data, block(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(issuers["RS256"].public.(*rsa.PublicKey)), nil)...)
	signer := issuers["ES256"].key.(crypto.Signer)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	data = append(data, block(t, "CERTIFICATE", der, err)...)
	algorithms = append(algorithms, "RS256", "ES256")

	name := filepath.Join(t.TempDir(), "keys.pem")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := auth.ReadPEM(name)
	if err != nil || len(keys) != len(algorithms) {
		t.Fatalf("ReadPEM: %v, %v; want %v", keys, err, algorithms)
	}
	for i, key := range keys {
		if key.Algorithm() != algorithms[i] {
			t.Errorf("key %d is %v, want one of %s", i, key, algorithms[i])
		}
	}
	v := verifier(t, auth.Config{Keys: keys})
	for algorithm, i := range issuers {
		t.Run(algorithm, func(t *testing.T) { refuses(t, v, i.sign(t, claims(nil), nil), nil) })
	}
}

func TestBadPEM(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecPrivate, err := x509.MarshalPKCS8PrivateKey(p384)
	private := block(t, "PRIVATE KEY", ecPrivate, err)
	ecDER, err := x509.MarshalPKIXPublicKey(&p384.PublicKey)
	good := goodPEM(t)
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"empty":         {nil, "no PEM block"},
		"text":          {[]byte("secret"), "no PEM block"},
		"private":       {private, "give the public key"},
		"second block":  {append(good, private...), "block 2, PRIVATE KEY"},
		"other kind":    {block(t, "X509 CRL", nil, nil), "must be PUBLIC KEY"},
		"broken":        {block(t, "PUBLIC KEY", []byte{1, 2}, nil), "block 1, PUBLIC KEY"},
		"small RSA":     {block(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&small.PublicKey), nil), "1024 bits"},
		"other curve":   {block(t, "PUBLIC KEY", ecDER, err), "P-384"},
		"cut off block": {append(good, good[:40]...), "what follows PEM block 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if keys, err := auth.ParsePEM(tc.data); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("ParsePEM: %v, %v; want an error with %q", keys, err, tc.want)
			}
		})
	}
}

func goodPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	pem := block(t, "PUBLIC KEY", der, err)
	return pem[:len(pem):len(pem)]
}

func TestJWKSFilesGiveKeys(t *testing.T) {
	issuers := asymmetric(t)
	text := base64.RawURLEncoding.EncodeToString
	rsaKey := issuers["RS256"].public.(*rsa.PublicKey)
	point, err := issuers["ES256"].public.(*ecdsa.PublicKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(map[string]any{"keys": []map[string]any{
		{"kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256", "n": text(rsaKey.N.Bytes()), "e": "AQAB"},
		{"kty": "EC", "kid": "e", "crv": "P-256", "x": text(point[1:33]), "y": text(point[33:])},
		{"kty": "OKP", "kid": "d", "crv": "Ed25519", "key_ops": []string{"verify"}, "x": text(issuers["EdDSA"].public.(ed25519.PublicKey))},
		{"kty": "oct", "kid": "h", "k": text(secret)},
		{"kty": "RSA", "kid": "encrypts", "use": "enc", "n": "AA", "e": "AQAB"},
		{"kty": "RSA", "kid": "longer hash", "alg": "RS512", "n": "AA", "e": "AQAB"},
		{"kty": "EC", "kid": "other curve", "crv": "P-521", "x": "AA", "y": "AA"},
		{"kty": "new", "kid": "unheard of"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := auth.ReadJWKS(name)
	if err != nil || len(keys) != 4 {
		t.Fatalf("ReadJWKS: %v, %v; want 4 keys", keys, err)
	}
	v := verifier(t, auth.Config{Keys: keys})
	for kid, i := range map[string]issuer{"r": issuers["RS256"].issuer, "e": issuers["ES256"].issuer, "d": issuers["EdDSA"].issuer, "h": shared} {
		t.Run(kid, func(t *testing.T) {
			refuses(t, v, i.sign(t, claims(nil), map[string]any{"kid": kid}), nil)
			refuses(t, v, i.sign(t, claims(nil), map[string]any{"kid": "unheard of"}), auth.ErrUnknownKey)
		})
	}
}

func TestBadJWKS(t *testing.T) {
	for name, tc := range map[string]struct{ data, want string }{
		"no JSON":       {`keys`, "JWKS: invalid character"},
		"no keys":       {`{}`, "none of its 0 keys"},
		"none usable":   {`{"keys":[{"kty":"new"}]}`, "none of its 1 keys"},
		"key is text":   {`{"keys":["a"]}`, "keys[0]"},
		"not base64url": {`{"keys":[{"kty":"oct","k":"+/=="}]}`, "keys[0]: a parameter of a key is not base64url"},
		"short secret":  {`{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}`, `keys[0], kid "a": has a secret of 3 bytes`},
		"small RSA":     {`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, "RSA key of 17 bits"},
		"even exponent": {`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAA"}]}`, "e must be an odd number"},
		"short point":   {`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`, "must have 32"},
		"off the curve": {`{"keys":[{"kty":"EC","crv":"P-256","x":"` + segment(strings.Repeat("a", 32)) + `","y":"` + segment(strings.Repeat("a", 32)) + `"}]}`, "keys[0]"},
		"short Ed25519": {`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`, "x has 1 bytes"},
		"private":       {`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA","key_ops":["sign"]}]}`, "give the public key"},
	} {
		t.Run(name, func(t *testing.T) {
			if keys, err := auth.ParseJWKS([]byte(tc.data)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("ParseJWKS: %v, %v; want an error with %q", keys, err, tc.want)
			}
		})
	}
}

func TestMissingFilesAreNamed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "missing")
	for kind, read := range map[string]func(string) ([]auth.Key, error){"PEM": auth.ReadPEM, "JWKS": auth.ReadJWKS} {
		if _, err := read(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want an error that names %s", kind, err, name)
		}
	}
}
