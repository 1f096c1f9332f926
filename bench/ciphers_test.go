package bench

import (
	"crypto/tls"
	"slices"
	"testing"
)

func TestCiphersAreListedByFrequency(t *testing.T) {
	one, other := ciphers{}, ciphers{}
	one.add(tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256})
	for range 2 {
		other.add(tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256})
	}
	one.merge(other)
	want := []Negotiated{
		{"TLS 1.3", "TLS_AES_128_GCM_SHA256", 2},
		{"TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 1},
	}
	if got := one.report(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
