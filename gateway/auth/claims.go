package auth

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// claimsReader parses the claims of one token after the other: a decoder of its own
// would cost each token 850 bytes.
type claimsReader struct {
	payload bytes.Reader
	decoder *json.Decoder
}

var claimsReaders = sync.Pool{New: func() any {
	r := new(claimsReader)
	r.decoder = json.NewDecoder(&r.payload)
	r.decoder.UseNumber() // ids beyond 2^53 stay exact
	return r
}}

// readClaims parses the payload of a token, which it borrows. What follows the claims
// is passed over.
func readClaims(payload []byte) (claims jwt.MapClaims, err error) {
	r := claimsReaders.Get().(*claimsReader)
	r.payload.Reset(payload)
	begun := r.decoder.InputOffset()
	if err := r.decoder.Decode(&claims); err != nil {
		return nil, ErrMalformed
	}
	// A decoder that has failed, or has bytes left, is no good for the next token.
	if r.decoder.InputOffset()-begun == int64(len(payload)) {
		r.payload.Reset(nil)
		claimsReaders.Put(r)
	}
	return claims, nil
}
