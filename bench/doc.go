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
//   - [Rate] sends as many messages a second as it is told, whatever the server
//     does. It is an open loop: it measures the latency at a load, counted from
//     the moment at which each message was due.
//   - [Broadcast] publishes to members of which each is to receive every
//     message, and [Rooms] to many groups of them in turn, in a closed loop or on
//     a schedule, over their connections or over HTTP. They measure what a delivery costs, how long it takes to each
//     member and to the last, and what is lost.
//   - [Connect] opens connections at a rate, and [Churn] has them come and go:
//     what a handshake costs, and how long it takes. [Soak] does so for hours and
//     watches the server's memory. [Storm] drops all connections but a few at
//     once, has them come back without jitter, and measures what the few notice.
//   - [Capacity] opens as many connections as a server is to hold, verifies each,
//     lets them rest, has a few of them speak, and publishes one message to all.
//   - [Attack] runs such a load before, during and after an attack, one of
//     [AttackModes]. It answers what the attack costs the server, what the
//     others notice of it, and whether the server counts what it did about it.
//
// # While it runs, and afterwards
//
// A run is sampled once a second: an [Observer] follows it, and the report has
// the [Series]. A [Recorder] is an observer that writes a file, which [ReadRun]
// reads, even if the run was killed. [Figures] are the numbers by which runs are
// compared, and [Requirements] what they must come to. Package
// bench/htmlreport makes a page of recorded runs.
//
// # Engine
//
// The load comes from a few event loops, each one thread with an epoll instance
// of its own, because the generator shares its machine with the server and must
// cost less than what it measures. A connection is a few dozen bytes in a slab,
// with no goroutine, no buffer and no timer: one process holds a million of
// them where the system lets it. With [Load].PrivateFDTables each loop has a
// descriptor table of its own, and towards a loopback address connections come
// from as many others as their ports need. What a run needs of descriptors, ports
// and memory is worked out before it begins. Only a connection's loop touches it.
// TLS is that of crypto/tls, on the same loop: the handshake is a coroutine of it,
// and afterwards records are read as they arrive. The engine needs Linux; on other
// systems the package compiles and Run returns an error.
//
// Attackers have a loop of their own, with another kind of connection: one that
// breaks the rules, is ended for it and connects anew. Their number, their pace
// and their time are bounded. An [Assault] is their part of an [Attack], which may
// have them in another process.
//
// # Failures
//
// A connection that fails is counted under the stage and cause of its failure
// and not opened again, unless it is an attacker's or its scenario is about coming
// back. Nothing else is retried, so the counts add up to the number of connections
// asked for. A run that fell short says so through [Report.OK],
// and one whose generator could not keep its schedule through [Report].GeneratorOverloaded.
package bench
