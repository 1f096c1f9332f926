package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"time"
)

// bearer returns a token with these claims, good for an hour and signed with key
// (RFC 7519, HS256).
func bearer(key string, claims map[string]any) string {
	claims = maps.Clone(claims)
	claims["exp"] = time.Now().Add(time.Hour).Unix()
	text, _ := json.Marshal(claims) // of strings and a number: it cannot fail
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(text)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}
