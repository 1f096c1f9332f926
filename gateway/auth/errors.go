package auth

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Errors of a request or its token. A refused client reads them; none shows
// anything of the token.
var (
	// ErrNoToken: no source has one.
	ErrNoToken = errors.New("auth: the request has no token")
	// ErrMalformed: it is not a JWT in compact form (RFC 7519 §3).
	ErrMalformed = errors.New("auth: the token is malformed")
	// ErrTooLong: it has more than 24 KiB, or its header, in base64url, more than
	// 1 KiB.
	ErrTooLong = errors.New("auth: the token is longer than 24 KiB, or its header than 1 KiB")
	// ErrAlgorithm: it is signed with an algorithm that no key is for, or not at
	// all.
	ErrAlgorithm = errors.New("auth: the token's algorithm is not accepted")
	// ErrCritical: its header has crit, and no extension is understood.
	ErrCritical = errors.New("auth: the token needs an extension (crit) that is not understood")
	// ErrUnknownKey: its kid is not known, or it has none and there are several.
	ErrUnknownKey = errors.New("auth: the token's key (kid) is not known")
	// ErrSignature: the signature is not that of the key.
	ErrSignature = errors.New("auth: the token's signature is wrong")
	// ErrExpired: exp has passed.
	ErrExpired = errors.New("auth: the token has expired")
	// ErrNotYet: nbf has not come.
	ErrNotYet = errors.New("auth: the token is not valid yet")
	// ErrIssuer: iss is another.
	ErrIssuer = errors.New("auth: the token is from another issuer")
	// ErrAudience: aud has none of the audiences.
	ErrAudience = errors.New("auth: the token is for another audience")
	// ErrClaim: a claim is missing or of the wrong type.
	ErrClaim = errors.New("auth: a claim of the token cannot be used")
)

// causes gives the library's errors ours, the more fundamental first.
var causes = []struct{ theirs, ours error }{
	{jwt.ErrInvalidType, fmt.Errorf("%w: exp, nbf or iss is of the wrong type", ErrClaim)},
	{jwt.ErrTokenExpired, ErrExpired},
	{jwt.ErrTokenNotValidYet, ErrNotYet},
	{jwt.ErrTokenInvalidIssuer, ErrIssuer},
	{jwt.ErrTokenInvalidAudience, ErrAudience},
	{jwt.ErrTokenRequiredClaimMissing, fmt.Errorf("%w: exp, or a required iss or aud, is missing", ErrClaim)},
}

// cause returns an error of this package for one that the library finds in
// claims. A token can have several faults.
func cause(err error) error {
	for _, c := range causes {
		if errors.Is(err, c.theirs) {
			return c.ours
		}
	}
	return ErrClaim
}
