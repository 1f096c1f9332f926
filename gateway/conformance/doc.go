// Package conformance holds the gateway to RFC 6455 over real sockets. It is
// tests only.
//
// There is a row for each case of the Autobahn|Testsuite groups 1 to 7, 9 and
// 10, under the suite's numbers and with its verdicts, and further rows for what
// that suite does not exercise: the opening handshake, illegal headers, close
// codes, peers that do not answer or do not read, several connections at once.
// What is sent is built octet by octet, so that it can be illegal, and each row
// is played whole, frame by frame and octet by octet, for each engine and
// dispatch. An outcome must depend on none of these.
//
// `make conformance` prints the table. CONFORMANCE_FULL=1 plays the long rows
// for every engine and dispatch too.
package conformance
