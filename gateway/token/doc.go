// Package token mints and checks the tokens of the public API: JSON Web Tokens
// (RFC 7519), signed with HS256 and an access key that backend and gateway share.
//
// There are two kinds. A client token lets one client open a WebSocket to one hub;
// it may name a user, groups to be in from the beginning, and roles. A REST token
// lets a backend make one request. Both are signed with the same key, so nothing
// but the audience tells them apart: a client token is for the URL of a hub, and a
// REST token for the URL of a request, below /api/.
//
// # Audiences
//
// What a backend puts into a token is the URL it knows, that of a proxy perhaps,
// and not what arrives here. A [Config] therefore lists the public endpoints: an
// audience must be one of them, followed by the path that arrived. Letters' case
// does not count, nor a default port, nor the query where the audience has none;
// and an audience may be percent-encoded or not. [Config].PathOnly gives up the
// comparison of endpoints, for gateways that are reached by many names.
//
// # Keys
//
// The first of [Config].Keys mints, and each is accepted. To rotate: add the new
// one behind the old, give it to the backends, put it first, and take the old one
// away when its tokens have expired; see [Authority.Replace]. A key's characters
// are its bytes; nothing is decoded.
//
// # Threads and cost
//
// Everything may be called from any goroutine. A token that is seen for the first
// time costs what gateway/auth says of HS256; one that was good a moment ago costs
// a hash and a comparison, see BenchmarkCheckREST.
package token
