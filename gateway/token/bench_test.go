package token_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/token"
)

func BenchmarkCheckREST(b *testing.B) {
	// More than are remembered: each is new again when its turn comes.
	for name, tokens := range map[string]int{"known": 1, "new": 10_000} {
		b.Run(name, func(b *testing.B) {
			const target = "/api/hubs/chat/:send?api-version=2024-12-01"
			a := authority(b, token.Config{})
			signed := make([]string, tokens)
			for i := range signed {
				var err error
				if signed[i], err = a.MintREST(target, time.Duration(1+i)*time.Second); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			turn := 0
			for b.Loop() {
				if _, err := a.CheckREST(signed[turn%tokens], target); err != nil {
					b.Fatal(err)
				}
				turn++
			}
		})
	}
}
