package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

func TestItsHolderIsTrustedOnLoopback(t *testing.T) {
	files, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(pair.Leaf)
	for _, address := range []string{"127.0.0.1", "::1"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: address}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
