// Package fake is an in-memory kernel for one event loop under test.
//
// A [Kernel] gives the loop its engine ([Kernel.Engine]) and its sockets
// ([Kernel.Sockets]); the test holds the other ends ([Peer]), and scripts what
// a real kernel does once a year ([Kernel.Fail], [Kernel.Short],
// [Kernel.Spurious]).
//
// It keeps the rules of Linux that a loop can come to depend on:
//
//   - Readiness is edge-triggered, as epoll(7) has it. A change queues the
//     descriptor; further changes merge; the report shows the state at the
//     time of the Wait, and a queued descriptor with nothing to report is
//     left out.
//   - A descriptor number is the lowest one free, so a closed descriptor's
//     number returns at once, as it does when fd-reuse races strike.
//   - After a short write or EAGAIN, Writable comes when a third of the send
//     buffer is free, not at the first free byte.
//   - Closing with unread input resets the connection. Writing to a peer that
//     has closed succeeds once, and is answered by a reset.
//   - A failed accept with EMFILE leaves the connection in the backlog, and no
//     new edge comes for it.
//
// Wrong use is a violation: a call on a closed descriptor, closing twice,
// closing without Remove, waking a closed engine. [Kernel.Check] fails the test
// for each, and for descriptors left open.
//
// Every method may be called from any goroutine. A run is deterministic as long
// as one goroutine makes the calls.
package fake
