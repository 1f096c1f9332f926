package bench

import (
	"cmp"
	"crypto/tls"
	"slices"
)

// Negotiated is what TLS handshakes have agreed on.
type Negotiated struct {
	// Version is "TLS 1.3" or "TLS 1.2", and CipherSuite its IANA name.
	Version     string `json:"version"`
	CipherSuite string `json:"cipherSuite"`
	// Handshakes is how many have agreed on it.
	Handshakes int `json:"handshakes"`
}

// ciphers counts handshakes by what they have agreed on.
type ciphers map[agreement]int

type agreement struct{ version, suite uint16 }

func (c ciphers) add(s tls.ConnectionState) { c[agreement{s.Version, s.CipherSuite}]++ }

func (c ciphers) merge(other ciphers) {
	for a, n := range other {
		c[a] += n
	}
}

// report lists them, the most frequent first.
func (c ciphers) report() (all []Negotiated) {
	for a, n := range c {
		all = append(all, Negotiated{tls.VersionName(a.version), tls.CipherSuiteName(a.suite), n})
	}
	slices.SortFunc(all, func(a, b Negotiated) int {
		return cmp.Or(cmp.Compare(b.Handshakes, a.Handshakes), cmp.Compare(a.Version, b.Version), cmp.Compare(a.CipherSuite, b.CipherSuite))
	})
	return all
}
