package auth

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

// ReadPEM reads the public keys in a PEM file. See [ParsePEM].
func ReadPEM(name string) ([]Key, error) { return readKeys(name, ParsePEM) }

// readKeys reads the keys in a file and names it in an error.
func readKeys(name string, parse func([]byte) ([]Key, error)) ([]Key, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("auth: read keys: %w", err)
	}
	keys, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return keys, nil
}

// ParsePEM returns the public keys in data, in order: blocks PUBLIC KEY, RSA
// PUBLIC KEY and CERTIFICATE, of which only the key is looked at. The keys have
// no ID. It borrows data.
func ParsePEM(data []byte) ([]Key, error) {
	var keys []Key
	for number := 1; ; number++ {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		public, err := publicKey(block)
		if err != nil {
			return nil, fmt.Errorf("auth: PEM block %d, %s: %w", number, block.Type, err)
		}
		key, err := Public(public)
		if err != nil {
			return nil, fmt.Errorf("auth: PEM block %d, %s: %w", number, block.Type, err)
		}
		keys = append(keys, key)
	}
	switch {
	case len(keys) == 0:
		return nil, errors.New("auth: no PEM block with a public key")
	case len(bytes.TrimSpace(data)) > 0:
		return nil, fmt.Errorf("auth: what follows PEM block %d is no PEM block", len(keys))
	}
	return keys, nil
}

func publicKey(block *pem.Block) (crypto.PublicKey, error) {
	switch {
	case block.Type == "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case block.Type == "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case block.Type == "CERTIFICATE":
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return certificate.PublicKey, nil
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, errors.New("give the public key; the private one belongs to who issues tokens")
	}
	return nil, errors.New("must be PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE")
}
