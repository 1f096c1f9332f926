package secure

import "testing"

func BenchmarkWarmUp(b *testing.B) {
	for _, s := range suites {
		b.Run("hkdf", func(b *testing.B) {
			b.ReportAllocs()
			var t traffic
			secret := make([]byte, s.hash().Size())
			for b.Loop() {
				t.use(s, secret)
			}
		})
		b.Run("aead", func(b *testing.B) {
			b.ReportAllocs()
			var t traffic
			t.use(s, make([]byte, s.hash().Size()))
			for b.Loop() {
				t.aead = nil
				t.cipher(s)
			}
		})
		b.Run("seal64", func(b *testing.B) {
			b.ReportAllocs()
			x := &session13{suite: s, warm: NewWarm(10)}
			x.out.use(s, make([]byte, s.hash().Size()))
			p := [][]byte{make([]byte, 64)}
			var dst []byte
			for b.Loop() {
				dst = x.Seal(dst[:0], p)
			}
		})
	}
}
