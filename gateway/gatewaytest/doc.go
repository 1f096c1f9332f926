// Package gatewaytest runs a gateway inside a test and talks to it.
//
// [Start] serves a gateway on a port of the kernel's choice and ends it with the
// test. [Node.Dial] connects a [Client], a synchronous WebSocket client that
// fails the test where something other than the expected happens;
// [Node.Frozen] one that does not read. At the end of the test, everything that the
// gateway took must have been given back: connections and their slots, inboxes,
// input segments, goroutines and descriptors.
//
// Goroutines and descriptors are counted for the whole process, so a test with
// a [Node] must not run in parallel with others.
package gatewaytest
