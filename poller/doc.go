// Package poller holds TCP connections on event loops, as byte streams, with
// no goroutine for each. It knows nothing of WebSocket: a [Handler] makes sense
// of the bytes.
//
// # The one fd rule
//
// Only the goroutine of the owning loop touches a descriptor, a [Conn] or what
// hangs on it. Everyone else holds a [Handle], a value, and posts to the loop's
// mailbox. There are no locks on a connection and no races on reused
// descriptors: a handle carries the generation of its slot, and a letter for a
// connection that has ended is counted and dropped, never delivered to the next
// one. The exceptions are listed here: the eventfd that wakes a loop is written
// from anywhere; the [Server] keeps a duplicate of each listener, for a process
// that comes after it; and a descriptor that leaves its loop with [Conn.HandOff]
// belongs to whoever receives it.
//
// # A turn of a loop
//
// A loop waits for readiness, then: reads once from each ready connection,
// drains its mailbox, sweeps a part of its connections for timeouts, and writes
// what all of that has produced, one write for each connection. One read a turn,
// of at most 64 KiB, is the fair share of a connection: what it has beyond that
// is read in the next turn. However many connections are ready, they
// have some milliseconds of a turn together, and those left over come in the next.
//
// # Coming in
//
// A connection that was accepted passes a [Gate], if there is one, which may turn it
// away, have it wait, or read who it is from a preface. Then it is secured, if
// [Config].TLS says so, and only then does the handler hear of it.
//
// # Bytes
//
// Input is read into a segment of the loop; [Handler.Data] borrows it, or keeps
// it with [Loop.Retain]. Output is queued by reference and written at the end
// of the turn; only what the kernel does not take is kept, in a chain that an
// idle connection does not have.
package poller
