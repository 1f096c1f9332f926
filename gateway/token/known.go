package token

import (
	"crypto/sha256"
	"sync"
	"time"
	"unsafe"

	"github.com/sluicegate/sluice/gateway/internal/recent"
)

// known remembers REST tokens that were found good, so that a backend that uses
// one for several requests pays once. It holds no token, only hashes: a dump of
// memory gives nobody access. Any goroutine may call its methods.
type known struct {
	// Guarded by mu.
	mu       sync.Mutex
	verdicts *recent.Map[tokenKey, verdict]
}

// knownTokens is how many are remembered, some 300 bytes each, or twice as many.
const knownTokens = 4096

// tokenKey stands for a token. Its hash is one that nobody can make meet another.
type tokenKey [sha256.Size]byte

// verdict is what matters of a good token.
type verdict struct {
	audiences []audience
	expires   time.Time // with the leeway
}

func newKnown() *known {
	return &known{verdicts: recent.New[tokenKey, verdict](knownTokens)}
}

// keyOf does without the copy that a conversion would be.
func keyOf(token string) tokenKey {
	return sha256.Sum256(unsafe.Slice(unsafe.StringData(token), len(token)))
}

// find returns what is known of a token that has not expired.
func (k *known) find(key tokenKey, now time.Time) (verdict, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, found := k.verdicts.Get(key)
	return v, found && now.Before(v.expires)
}

func (k *known) add(key tokenKey, v verdict) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.verdicts.Put(key, v)
}
