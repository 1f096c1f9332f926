package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
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

var errDate = fmt.Errorf("%w: exp or nbf is too large", ErrClaim)

// hasDate reports whether a claim can be a time, if it is a number. The library makes
// a time long ago of one too large, from which any token is valid.
func hasDate(claims jwt.MapClaims, name string) bool {
	const most = 1 << 62 // seconds; 1<<63 and the leeway must not be reached
	number, ok := claims[name].(json.Number)
	if !ok {
		return true
	}
	seconds, err := number.Float64()
	return err == nil && math.Abs(seconds) < most
}
