package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/auth"
)

func TestConfigurationsAreChecked(t *testing.T) {
	key := auth.Secret(secret)
	for _, tc := range []struct {
		name   string
		config auth.Config
		want   []string // of the error; none: it is good
	}{
		{"smallest", auth.Config{Keys: []auth.Key{key}}, nil},
		{"four without an ID", auth.Config{Keys: []auth.Key{key, key, key, key}}, nil},
		{"no keys", auth.Config{}, []string{"Keys: none", "at least one"}},
		{"zero key", auth.Config{Keys: []auth.Key{{ID: "a"}}}, []string{"Keys[0]", "made by"}},
		{"short secret", auth.Config{Keys: []auth.Key{key, auth.Secret(secret[:31])}}, []string{"Keys[1]", "31 bytes", "at least 32"}},
		{"one ID twice", auth.Config{Keys: []auth.Key{named("a", key), named("a", key)}}, []string{"Keys[1]", `"a"`, "already"}},
		{"five without an ID", auth.Config{Keys: []auth.Key{key, key, key, key, key}}, []string{"Keys[4]", "at most 4"}},
		{"long leeway", auth.Config{Keys: []auth.Key{key}, Leeway: time.Hour}, []string{"Leeway: 1h0m0s", "at most 10m"}},
		{"two faults", auth.Config{Audiences: []string{"a", ""}, Sources: []auth.Source{nil}}, []string{"Keys", "Audiences[1]", "Sources[0]"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := auth.New(tc.config)
			if (err == nil) != (tc.want == nil) {
				t.Fatalf("New: %v", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("New: %q lacks %q", err, want)
				}
			}
		})
	}
}

func TestKeysDoNotShowTheirSecret(t *testing.T) {
	config := auth.Config{Keys: []auth.Key{named("a", auth.Secret(secret))}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		shown := fmt.Sprintf(format, config)
		for _, secret := range []string{string(secret), fmt.Sprintf("%d", secret[:4])[1:12], fmt.Sprintf("%x", secret), fmt.Sprintf("%#v", secret)[7:20]} {
			if strings.Contains(shown, secret) {
				t.Errorf("%s shows the secret: %s", format, shown)
			}
		}
	}
}
