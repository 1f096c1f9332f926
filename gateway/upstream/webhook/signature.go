package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync/atomic"
)

// signer signs events. Any goroutine may call its methods.
type signer struct {
	// Atomic.
	keys atomic.Pointer[[]string]
}

func newSigner(keys []string) *signer {
	s := new(signer)
	s.keys.Store(&keys)
	return s
}

// signature returns ce-signature: the HMAC of the connection id by each key, so
// that a handler finds the one of the key it knows. Empty without keys.
func (s *signer) signature(connectionID string) string {
	keys := *s.keys.Load()
	signed := make([]string, len(keys))
	for i, key := range keys {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(connectionID))
		signed[i] = "sha256=" + hex.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signed, ",")
}

// SignWith has requests that begin from now on signed with other keys, as
// [Config].Keys are. On an error, which joins a [*Fault] for each that cannot be,
// nothing has changed.
func (u *Upstream) SignWith(keys []string) error {
	var check checker
	check.keys(keys)
	if err := errors.Join(check.faults...); err != nil {
		return err
	}
	u.signer.keys.Store(&keys)
	return nil
}
