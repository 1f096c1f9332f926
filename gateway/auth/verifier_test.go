package auth_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sluicegate/sluice/gateway/auth"
)

func TestClaimsAreChecked(t *testing.T) {
	v := verifier(t, auth.Config{Keys: []auth.Key{auth.Secret(secret)}, Issuer: "https://issuer.test", Audiences: []string{"news", "chat"}})
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for _, tc := range []struct {
		name   string
		change jwt.MapClaims
		want   error
	}{
		{"good", nil, nil},
		{"expires within the leeway", jwt.MapClaims{"exp": at(-29 * time.Second)}, nil},
		{"expired", jwt.MapClaims{"exp": at(-30 * time.Second)}, auth.ErrExpired},
		{"expired in 1970", jwt.MapClaims{"exp": 0}, auth.ErrExpired},
		{"no expiry", jwt.MapClaims{"exp": nil}, auth.ErrClaim},
		{"expiry is text", jwt.MapClaims{"exp": "tomorrow"}, auth.ErrClaim},
		{"valid within the leeway", jwt.MapClaims{"nbf": at(30 * time.Second)}, nil},
		{"not yet", jwt.MapClaims{"nbf": at(31 * time.Second)}, auth.ErrNotYet},
		{"not-before is text", jwt.MapClaims{"nbf": "tomorrow"}, auth.ErrClaim},
		{"not before a time that no clock has", jwt.MapClaims{"nbf": json.Number("1e19")}, auth.ErrClaim},
		{"not before a time that no number has", jwt.MapClaims{"nbf": json.Number("1e400")}, auth.ErrClaim},
		{"expires at a time that no clock has", jwt.MapClaims{"exp": json.Number("1e19")}, auth.ErrClaim},
		{"expires in the middle of a second", jwt.MapClaims{"exp": json.Number(fmt.Sprint(at(time.Second), ".5"))}, nil},
		{"wrong issuer", jwt.MapClaims{"iss": "https://issuer.test/"}, auth.ErrIssuer},
		{"no issuer", jwt.MapClaims{"iss": nil}, auth.ErrClaim},
		{"one of several audiences", jwt.MapClaims{"aud": []string{"mail", "news"}}, nil},
		{"wrong audience", jwt.MapClaims{"aud": "chats"}, auth.ErrAudience},
		{"no audience", jwt.MapClaims{"aud": nil}, auth.ErrClaim},
		{"audience is a number", jwt.MapClaims{"aud": 1}, auth.ErrClaim},
		{"no subject", jwt.MapClaims{"sub": nil}, nil},
		{"subject is a number", jwt.MapClaims{"sub": 1}, auth.ErrClaim},
		{"groups are an object", jwt.MapClaims{"groups": map[string]any{"a": 1}}, auth.ErrClaim},
		{"a role is a number", jwt.MapClaims{"roles": []any{"a", 1}}, auth.ErrClaim},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuses(t, v, shared.sign(t, claims(tc.change), nil), tc.want)
		})
	}
}

// refuses checks a token and that the error shows nothing of it.
func refuses(t *testing.T, v *auth.Verifier, token string, want error) {
	t.Helper()
	got, err := v.Verify(token)
	if !errors.Is(err, want) || (err == nil) == (got == nil) {
		t.Fatalf("Verify: %v, %v; want the error %v", got, err, want)
	}
	for part := range strings.SplitSeq(token, ".") {
		if err != nil && len(part) > 4 && strings.Contains(err.Error(), part) {
			t.Errorf("%q shows a part of the token", err)
		}
	}
}

func TestNegativeLeewayIsNone(t *testing.T) {
	v := verifier(t, auth.Config{Keys: []auth.Key{auth.Secret(secret)}, Leeway: -1})
	refuses(t, v, shared.sign(t, claims(jwt.MapClaims{"exp": now.Unix()}), nil), auth.ErrExpired)
	refuses(t, v, shared.sign(t, claims(jwt.MapClaims{"exp": now.Unix() + 1}), nil), nil)
}

func TestTokenSaysWho(t *testing.T) {
	v := verifier(t, auth.Config{Keys: []auth.Key{auth.Secret(secret)}, GroupsClaim: "webpubsub.group", RolesClaim: "role"})
	got, err := v.Verify(shared.sign(t, jwt.MapClaims{
		"sub": "ada", "exp": now.Unix() + 60, "webpubsub.group": []string{"north", "south"}, "role": "admin", "account": 9007199254740993,
	}, nil))
	want := &auth.Token{
		User: "ada", Groups: []string{"north", "south"}, Roles: []string{"admin"}, Expires: time.Unix(now.Unix()+60, 0),
		Claims: map[string]any{
			"sub": "ada", "exp": json.Number("1772366460"), "webpubsub.group": []any{"north", "south"},
			"role": "admin", "account": json.Number("9007199254740993"),
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Verify: %+v, %v; want %+v", got, err, want)
	}
}

// segment is a part of a token.
func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// raw returns a token with a right signature over any payload.
func raw(t *testing.T, payload string) string {
	t.Helper()
	signed := segment(`{"alg":"HS256"}`) + "." + segment(payload)
	signature, err := jwt.SigningMethodHS256.Sign(signed, secret)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + segment(string(signature))
}

// stray sets a bit of the token's last character that stands for nothing: 32
// bytes leave two of them.
func stray(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(token) - 1
	return token[:last] + string(alphabet[strings.IndexByte(alphabet, token[last])|1])
}

func TestForgedTokens(t *testing.T) {
	issuers := asymmetric(t)
	keys := []auth.Key{auth.Secret(secret)}
	for _, i := range issuers {
		keys = append(keys, public(t, i.public))
	}
	v := verifier(t, auth.Config{Keys: keys})
	onlyRSA := verifier(t, auth.Config{Keys: []auth.Key{public(t, issuers["RS256"].public)}})

	good := shared.sign(t, claims(nil), nil)
	refuses(t, v, good, nil)
	parts := strings.Split(good, ".")
	der, err := x509.MarshalPKIXPublicKey(issuers["RS256"].public)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	confused := issuer{jwt.SigningMethodHS256, publicPEM}.sign(t, claims(nil), nil)
	none := issuer{jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType}.sign(t, claims(nil), nil)
	sign384 := issuer{jwt.SigningMethodHS384, secret}.sign(t, claims(nil), nil)
	payload := segment(`{"sub":"root","exp":9999999999}`)

	for _, tc := range []struct {
		name  string
		v     *auth.Verifier
		token string
		want  error
	}{
		{"other secret", v, issuer{jwt.SigningMethodHS256, otherSecret}.sign(t, claims(nil), nil), auth.ErrSignature},
		{"tampered claims", v, parts[0] + "." + payload + "." + parts[2], auth.ErrSignature},
		{"tampered header", v, segment(`{"alg":"HS256"}`) + "." + parts[1] + "." + parts[2], auth.ErrSignature},
		{"no signature", v, parts[0] + "." + parts[1] + ".", auth.ErrSignature},
		{"HMAC with a public key", v, confused, auth.ErrSignature},
		{"HMAC where no secret is", onlyRSA, confused, auth.ErrAlgorithm},
		{"none", v, none, auth.ErrAlgorithm},
		{"None", v, segment(`{"alg":"None"}`) + "." + payload + ".", auth.ErrAlgorithm},
		{"no algorithm", v, segment(`{"typ":"JWT"}`) + "." + payload + ".", auth.ErrAlgorithm},
		{"algorithm of no key", v, sign384, auth.ErrAlgorithm},
		{"critical extension", v, shared.sign(t, claims(nil), map[string]any{"crit": []string{"b64"}}), auth.ErrCritical},
		{"critical is null", v, shared.sign(t, claims(nil), map[string]any{"crit": nil}), auth.ErrCritical},
		{"line break", v, good + "\n", auth.ErrMalformed},
		{"empty", v, "", auth.ErrMalformed},
		{"two parts", v, parts[0] + "." + parts[1], auth.ErrMalformed},
		{"four parts", v, good + ".x", auth.ErrMalformed},
		{"not base64", v, "?." + parts[1] + "." + parts[2], auth.ErrMalformed},
		{"header is no JSON", v, segment("nonsense") + "." + parts[1] + "." + parts[2], auth.ErrMalformed},
		{"no separator", v, "x", auth.ErrMalformed},
		{"long header", v, segment(`{"alg":"HS256","x":"`+strings.Repeat("x", 1000)+`"}`) + "." + parts[1] + "." + parts[2], auth.ErrTooLong},
		{"signature is not base64", v, parts[0] + "." + parts[1] + ".?", auth.ErrMalformed},
		{"signature with stray bits", v, stray(good), auth.ErrMalformed},
		{"claims are a list", v, raw(t, "[]"), auth.ErrMalformed},
		{"claims are null", v, raw(t, "null"), auth.ErrClaim},
		{"claims are no JSON", v, raw(t, "nonsense"), auth.ErrMalformed},
		{"claims nest without end", v, raw(t, strings.Repeat("[", 5000)), auth.ErrMalformed},
		{"kid is a number", v, shared.sign(t, claims(nil), map[string]any{"kid": 1}), auth.ErrMalformed},
		{"too long", v, strings.Repeat("x", 24<<10+1), auth.ErrTooLong},
	} {
		t.Run(tc.name, func(t *testing.T) { refuses(t, tc.v, tc.token, tc.want) })
	}
}

// A signature can be right under one algorithm only.
func TestEachAlgorithmKeepsToItsKeys(t *testing.T) {
	issuers := asymmetric(t)
	for holder, of := range issuers {
		v := verifier(t, auth.Config{Keys: []auth.Key{public(t, of.public)}})
		for signer, by := range issuers {
			want := auth.ErrAlgorithm
			if signer == holder {
				want = nil
			}
			t.Run(signer+" to "+holder, func(t *testing.T) { refuses(t, v, by.sign(t, claims(nil), nil), want) })
		}
	}
}

func TestKeysAreFoundByID(t *testing.T) {
	old, fresh := auth.Secret(otherSecret), auth.Secret(secret)
	kid := func(id string) map[string]any { return map[string]any{"kid": id} }
	for _, tc := range []struct {
		name   string
		keys   []auth.Key
		header map[string]any
		want   error
	}{
		{"named", []auth.Key{named("old", old), named("new", fresh)}, kid("new"), nil},
		{"another key's name", []auth.Key{named("old", old), named("new", fresh)}, kid("old"), auth.ErrSignature},
		{"unknown", []auth.Key{named("old", old), named("new", fresh)}, kid("newer"), auth.ErrUnknownKey},
		{"unknown to the only one", []auth.Key{named("new", fresh)}, kid("old"), auth.ErrUnknownKey},
		{"none given, one key", []auth.Key{named("new", fresh)}, nil, nil},
		{"none given, two keys", []auth.Key{named("old", old), named("new", fresh)}, nil, auth.ErrUnknownKey},
		{"none given, keys without ID", []auth.Key{old, fresh}, nil, nil},
		{"unknown, keys without ID", []auth.Key{old, fresh}, kid("new"), nil},
		{"none given, only the other without ID", []auth.Key{old, named("new", fresh)}, nil, auth.ErrSignature},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refuses(t, verifier(t, auth.Config{Keys: tc.keys}), shared.sign(t, claims(nil), tc.header), tc.want)
		})
	}
}

func TestReplaceRotatesKeys(t *testing.T) {
	v := verifier(t, auth.Config{Keys: []auth.Key{auth.Secret(otherSecret)}})
	token := shared.sign(t, claims(nil), nil)
	replace := func(keys ...auth.Key) error { return v.Replace(auth.Config{Keys: keys, Now: clock}) }

	refuses(t, v, token, auth.ErrSignature)
	if err := replace(auth.Secret(otherSecret), auth.Secret(secret)); err != nil {
		t.Fatal(err)
	}
	refuses(t, v, token, nil)
	if err := replace(auth.Secret([]byte("short"))); err == nil {
		t.Error("a short secret is accepted")
	}
	refuses(t, v, token, nil) // a bad configuration changes nothing
	if err := replace(auth.Secret(otherSecret)); err != nil {
		t.Fatal(err)
	}
	refuses(t, v, token, auth.ErrSignature)
}
