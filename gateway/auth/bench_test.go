package auth_test

import (
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sluicegate/sluice/gateway/auth"
)

// BenchmarkVerify is what an upgrade adds to its loop's work.
func BenchmarkVerify(b *testing.B) {
	issuers := map[string]issuer{"HS256": shared}
	keys := []auth.Key{auth.Secret(secret)}
	for algorithm, i := range asymmetric(b) {
		issuers[algorithm] = i.issuer
		keys = append(keys, public(b, i.public))
	}
	v := verifier(b, auth.Config{Keys: keys, Issuer: "https://issuer.test", Audiences: []string{"chat"}})
	c := claims(jwt.MapClaims{"iat": now.Unix(), "groups": []string{"north", "south"}, "roles": []string{"admin"}})
	for algorithm, i := range issuers {
		b.Run(algorithm, func(b *testing.B) {
			token := i.sign(b, c, nil)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkForged is what anybody can make a check cost.
func BenchmarkForged(b *testing.B) {
	v := verifier(b, auth.Config{Keys: []auth.Key{auth.Secret(secret)}})
	for name, c := range map[string]jwt.MapClaims{
		"small":       claims(nil),
		"8KiB/text":   {"a": strings.Repeat("x", 6000)},
		"8KiB/nested": {"a": strings.Split(strings.Repeat("x", 1500), "")},
	} {
		b.Run(name, func(b *testing.B) {
			token := issuer{jwt.SigningMethodHS256, otherSecret}.sign(b, c, nil)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(token); err != auth.ErrSignature {
					b.Fatal(err)
				}
			}
		})
	}
}
