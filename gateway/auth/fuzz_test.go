package auth_test

import (
	"testing"

	"github.com/sluicegate/sluice/gateway/auth"
)

// FuzzVerify: no text but the issuer's own is accepted, and none does harm.
func FuzzVerify(f *testing.F) {
	v := verifier(f, auth.Config{Keys: []auth.Key{auth.Secret(secret)}})
	good := shared.sign(f, claims(nil), nil)
	for _, seed := range []string{good, good + "\n", stray(good), "..", segment(`{"alg":"none"}`) + ".e30.", segment(`{"alg":"HS256","crit":[]}`) + ".e30.AA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if got, err := v.Verify(token); (err == nil) != (token == good) || (got == nil) != (err != nil) {
			t.Errorf("Verify(%q): %+v, %v", token, got, err)
		}
	})
}
