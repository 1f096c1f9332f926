package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"
)

// bearer returns a token for an audience, good for an hour and signed with key
// (RFC 7519, HS256). A client that has it is in group, unless that is empty.
func bearer(key, audience, group string) string {
	claims := map[string]any{"aud": audience, "exp": time.Now().Add(time.Hour).Unix()}
	if group != "" {
		claims["webpubsub.group"] = []string{group}
	}
	text, _ := json.Marshal(claims) // of strings and a number: it cannot fail
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(text)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}
