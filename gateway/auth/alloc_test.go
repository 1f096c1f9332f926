//go:build !race

package auth_test

import (
	"testing"

	"github.com/sluicegate/sluice/gateway/auth"
)

// What anybody can send must cost little; most of what a good token costs are its
// claims.
func TestAllocations(t *testing.T) {
	v := verifier(t, auth.Config{Keys: []auth.Key{auth.Secret(secret)}})
	for _, tc := range []struct {
		name  string
		token string
		most  float64
	}{
		{"good", shared.sign(t, claims(nil), nil), 41},
		{"forged", issuer{shared.method, otherSecret}.sign(t, claims(nil), nil), 15},
		{"malformed", "x.y.z", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, func() { v.Verify(tc.token) }); n > tc.most {
				t.Errorf("%v allocations, want at most %v", n, tc.most)
			}
		})
	}
}
