package secure

import (
	"crypto/cipher"
	"encoding/binary"
)

// traffic protects the records of one direction (RFC 8446 §5.2, §7.3).
type traffic struct {
	secret [maxSecret]byte // the first bytes, as many as the suite's hash has
	key    [maxKey]byte    // the first bytes, as many as the suite's key has
	iv     [nonceSize]byte
	seq    uint64
	aead   cipher.AEAD // nil while the connection is idle
}

// use sets the secret that everything else follows from.
func (t *traffic) use(s *suite, secret []byte) {
	*t = traffic{}
	copy(t.secret[:], secret)
	copy(t.key[:], s.expandLabel(secret, "key", s.keyLength))
	copy(t.iv[:], s.expandLabel(secret, "iv", nonceSize))
}

// update goes on to the next generation of keys (RFC 8446 §7.2).
func (t *traffic) update(s *suite) {
	size := s.hash().Size()
	t.use(s, s.expandLabel(t.secret[:size], "traffic upd", size))
}

// cipher returns the record cipher, which is made anew after idle times: it is
// some three times the size of all the rest.
func (t *traffic) cipher(s *suite) cipher.AEAD {
	if t.aead == nil {
		aead, err := s.aead(t.key[:s.keyLength])
		if err != nil {
			panic("secure: " + err.Error()) // the key has the length that it must have
		}
		t.aead = aead
	}
	return t.aead
}

// nonce sets n to that of the next record, and counts it (RFC 8446 §5.3).
func (t *traffic) nonce(n *[nonceSize]byte) []byte {
	*n = t.iv
	var seq [8]byte
	binary.BigEndian.PutUint64(seq[:], t.seq)
	for i, b := range seq {
		n[nonceSize-8+i] ^= b
	}
	t.seq++
	return n[:]
}
