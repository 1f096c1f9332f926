// Package bench puts load on a WebSocket server and reports what came of it.
//
// A scenario is a value: fill in an [Idle] or an [Echo], call its Run, read the
// [Report]. The scenarios share [Load], which says where connections go and how
// they are opened.
//
//   - [Idle] opens connections and holds them. It answers what an idle session
//     costs and how fast sessions can be opened.
//   - [Echo] keeps a fixed number of messages outstanding on each connection
//     and verifies every byte that comes back. It is a closed loop: it measures
//     throughput and the server's CPU time per message. Its latencies are those
//     of a server at its limit, because a slow answer delays the next message.
//
// # Engine
//
// The load comes from a few event loops, each one thread with an epoll instance
// of its own, because the generator shares its machine with the server and must
// cost less than what it measures. A connection is a few dozen bytes in a slab,
// with no goroutine, no buffer and no timer: one process holds a million of
// them where the system lets it. Only a connection's loop touches it. The
// engine needs Linux; on other systems the package compiles and Run returns an
// error.
//
// # Failures
//
// A connection that fails is counted under the stage and cause of its failure
// and not opened again. Nothing is retried, so the counts add up to the number
// of connections asked for. A run that fell short says so through [Report.OK].
package bench
