//go:build !race

package token_test

import (
	"testing"

	"github.com/sluicegate/sluice/gateway/token"
)

func TestAKnownTokenAllocatesNothing(t *testing.T) {
	const target = "/api/hubs/chat/:send?api-version=2024-12-01"
	a := authority(t, token.Config{})
	signed, err := a.MintREST(target, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := a.CheckREST(signed, target); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
