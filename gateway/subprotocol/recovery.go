package subprotocol

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// Errors of a recovery. Each is answered by accepting the upgrade and closing with
// 1008: clients try again for half a minute after an HTTP error.
var (
	// ErrToken: it is no token of this key for this connection.
	ErrToken = errors.New("subprotocol: the reconnection token is not that of the connection")
	// ErrTokenExpired: it is, and is older than a week.
	ErrTokenExpired = errors.New("subprotocol: the reconnection token has expired")
)

const (
	tokenLife  = 7 * 24 * time.Hour
	minimumKey = 32 // bytes: as long as the MAC
	expiryLen  = 8
	tokenLen   = expiryLen + sha256.Size
)

// tokenText is strict, so that a token has one text only.
var tokenText = base64.RawURLEncoding.Strict()

// Recovery makes and checks the tokens with which a reliable client takes up its
// connection again. It may be used by any goroutine.
type Recovery struct {
	key []byte // fixed after NewRecovery
}

// NewRecovery returns a Recovery with a key of at least 32 bytes, which it copies.
// All nodes that are to accept each other's tokens have the same one.
func NewRecovery(key []byte) (*Recovery, error) {
	if len(key) < minimumKey {
		return nil, errors.New("subprotocol: the key for reconnection tokens must have at least 32 bytes")
	}
	return &Recovery{append([]byte(nil), key...)}, nil
}

// Mint returns a token that recovers this connection, and no other, for a week. It
// has 54 characters of base64url.
func (r *Recovery) Mint(connection string, now time.Time) string {
	token := make([]byte, 0, tokenLen)
	token = binary.BigEndian.AppendUint64(token, uint64(now.Add(tokenLife).Unix()))
	return tokenText.EncodeToString(r.appendMAC(token, connection))
}

// Verify reports whether a token recovers the connection: nil, [ErrToken] or
// [ErrTokenExpired]. How long it takes does not tell how much of a token is right.
func (r *Recovery) Verify(token, connection string, now time.Time) error {
	var given, want [tokenLen]byte
	if len(token) != tokenText.EncodedLen(tokenLen) {
		return ErrToken
	}
	if n, err := tokenText.Decode(given[:], []byte(token)); n != tokenLen || err != nil {
		return ErrToken
	}
	copy(want[:], given[:expiryLen])
	if !hmac.Equal(r.appendMAC(want[:expiryLen], connection), given[:]) {
		return ErrToken
	}
	if uint64(now.Unix()) >= binary.BigEndian.Uint64(given[:expiryLen]) {
		return ErrTokenExpired
	}
	return nil
}

// appendMAC appends the code over an expiry, which has a fixed length, and a
// connection id. The name in front keeps it apart from other uses of the key.
func (r *Recovery) appendMAC(expiry []byte, connection string) []byte {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte("reconnection\x00"))
	mac.Write(expiry)
	mac.Write([]byte(connection))
	return mac.Sum(expiry)
}
