package secure

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// suite is a cipher suite of TLS 1.3 (RFC 8446 §B.4).
type suite struct {
	id        uint16
	keyLength int
	hash      func() hash.Hash
	aead      func(key []byte) (cipher.AEAD, error)
	// records is how many records one key may protect (RFC 8446 §5.5). The key
	// is changed long before.
	records uint64
}

const (
	// maxSecret and maxKey are the longest of all suites, in bytes.
	maxSecret = sha512.Size384
	maxKey    = chacha20poly1305.KeySize
	nonceSize = 12
)

var suites = []*suite{
	{tls.TLS_AES_128_GCM_SHA256, 16, sha256.New, newGCM, 1 << 24},
	{tls.TLS_AES_256_GCM_SHA384, 32, sha512.New384, newGCM, 1 << 24},
	{tls.TLS_CHACHA20_POLY1305_SHA256, 32, sha256.New, chacha20poly1305.New, 1 << 60},
}

func suiteOf(id uint16) *suite {
	for _, s := range suites {
		if s.id == id {
			return s
		}
	}
	return nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// expandLabel is HKDF-Expand-Label of RFC 8446 §7.1, with an empty context.
func (s *suite) expandLabel(secret []byte, label string, length int) []byte {
	const prefix = "tls13 "
	info := make([]byte, 0, 4+len(prefix)+len(label))
	info = append(info, byte(length>>8), byte(length), byte(len(prefix)+len(label)))
	info = append(info, prefix...)
	info = append(info, label...)
	info = append(info, 0)
	out, err := hkdf.Expand(s.hash, secret, string(info), length)
	if err != nil {
		// Only lengths beyond 255 hashes are refused; ours are constants.
		panic("secure: " + err.Error())
	}
	return out
}
