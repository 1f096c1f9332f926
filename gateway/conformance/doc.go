// Package conformance holds the gateway to RFC 6455 and RFC 7692 over real
// sockets. It is tests only.
//
// There is a row for each of the 517 cases of the Autobahn|Testsuite, under its
// numbers and with its verdicts, and further rows for what that suite does not
// exercise: the opening handshake, illegal headers, the negotiation of
// compression, illegal and broken compressed messages, close codes, peers that do
// not answer or do not read, several connections at once. What is sent is built
// octet by octet, so that it can be illegal, and cut whole, frame by frame and
// octet by octet, for each engine and dispatch. An outcome must depend on none of
// these. What comes back compressed is inflated by code that shares nothing with
// the gateway's, and held to the window that was agreed on.
//
// `go test` plays each row in one of these ways for each engine and dispatch, in
// turn. `make conformance` plays it in all, in little more than a minute, and prints
// the table. CONFORMANCE_FULL=1 plays the long rows for every engine and dispatch
// too, with as many messages as the suite sends: some 40 minutes.
//
// A limit in time is judged from a moment that the client sees, or a handler: the
// close frame, the end of the session. Everything else is waited for with a patience
// that only a server at fault exhausts, so a busy machine fails no row.
package conformance
