// Package certificate makes what servers on loopback need to speak TLS.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Files are a certificate and its private key, in PEM.
type Files struct{ Certificate, Key string }

// New makes a certificate for loopback addresses that is good for a day, with its
// files in dir. It signs itself, with ECDSA P-256: what most public sites have.
func New(dir string) (Files, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Files{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	content, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return Files{}, err
	}
	keyContent, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Files{}, err
	}
	f := Files{filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")}
	if err := writePEM(f.Certificate, "CERTIFICATE", content); err != nil {
		return Files{}, err
	}
	return f, writePEM(f.Key, "PRIVATE KEY", keyContent)
}

func writePEM(file, kind string, content []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600)
}
