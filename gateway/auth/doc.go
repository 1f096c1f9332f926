// Package auth checks JSON Web Tokens (RFC 7519) before an upgrade is answered.
//
// A [Verifier] is made of a [Config]; its Authorize is what a hub is given:
//
//	keys, err := auth.ReadJWKS("keys.json")
//	verifier, err := auth.New(auth.Config{Keys: keys, Issuer: "https://id.example.com/", Audiences: []string{"chat"}})
//	hub := gateway.HubConfig{Name: "chat", Authorize: verifier.Authorize}
//
// A refused request gets 401, [gateway.ReasonUnauthorized] and one line that says
// why. The token is looked at here only: a session outlives it, unless EndExpired has
// it end with the token.
//
// # What is checked
//
// The signature, by a key whose kind says which algorithm it is for: HS256, RS256,
// ES256 or EdDSA with Ed25519. Then exp, which must be there, nbf if it is there,
// and iss and aud if the configuration has an opinion on them. Whoever shares keys
// between hubs, or with other programs, should set Audiences: nothing else tells
// their tokens apart. iat and jti are not looked at, and encrypted tokens are not
// read.
//
// # Keys
//
// They come from memory, PEM files or JWKS files; none is fetched. To rotate,
// [Verifier.Replace] first adds the new key and, when the tokens of the old one
// have expired, takes that away. A token that names its key (kid) is checked with
// that key; otherwise with the keys of its algorithm that have no ID, or the only
// one there is.
//
// # Threads and cost
//
// Everything may be called from any goroutine, and takes no lock. A check runs on
// the event loop and keeps its other sessions waiting for so long (BenchmarkVerify,
// one core of an AMD EPYC that others were using too, best of six):
//
//	HS256    9 µs   69 allocations    the claims are most of it
//	RS256   41 µs   74 allocations    2048 bits
//	EdDSA   63 µs   63 allocations
//	ES256   86 µs   86 allocations
//
// Nothing of a token but its header, up to 1 KiB, is parsed before the signature
// is found to be right. A forged one of HS256 costs 2 to 3 µs, one of 8 KiB 16 µs
// (BenchmarkForged); one of the others about what a good one does, times the keys
// without an ID.
package auth
