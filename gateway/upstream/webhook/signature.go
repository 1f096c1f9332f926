package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// signature returns ce-signature: the HMAC of the connection id by each key, so
// that a handler finds the one of the key it knows. Empty without keys.
func signature(keys []string, connectionID string) string {
	signed := make([]string, len(keys))
	for i, key := range keys {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(connectionID))
		signed[i] = "sha256=" + hex.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signed, ",")
}
