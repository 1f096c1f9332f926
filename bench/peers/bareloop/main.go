// Command bareloop echoes WebSocket messages as cheaply as a Go program can, or
// with --broadcast sends each to all others, in one write from the loop for each. It
// is the yardstick of the other servers, not an example: a request is a WebSocket
// handshake if it has a key, any path will do, frames longer than 64 KiB allocate,
// nothing is limited but the length of heads and frames, and when descriptors run
// out its listener spins.
//
// Each loop is one goroutine with an epoll instance, a listener of its own
// (SO_REUSEPORT) and raw system calls; a read is answered in place, in one write.
//
// What was tried, as CPU time per message of 64 B against one look at epoll and
// then a blocking wait through the runtime: medians of 14 to 25 interleaved rounds
// on a busy shared machine, with quartiles some 10 % to either side. Two figures
// are two runs; differences below 5 % mean nothing.
//
//	                                         1,000 conns   1,000 conns   10-20 conns
//	                                         1 in flight   8 in flight   1 in flight
//	look, let others run, look, wait (this)  0.94, 0.95    0.98, 0.98    0.81-0.95
//	look, let others run, wait               0.93          0.95          0.91
//	wait at once                             1.03          1.04          0.98, 1.06
//	goroutine locked to its thread           0.99          1.03          0.97, 1.02
//	level-triggered                          0.97          1.02          0.98
//	wait by raw system call                  0.93, 0.99    0.96, 0.98    0.81-0.89
//
// The raw blocking wait is good where the loop often sleeps, but the runtime takes
// it for a goroutine that does not yield and wakes it with preemption signals: at
// rest that costs 0.6 % of a CPU, where a wait through the runtime costs nothing.
// Without the garbage collector nothing was different beyond
// the noise: the echo path does not allocate.
package main

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
)

func main() {
	address := flag.String("listen", "127.0.0.1:0", "address to listen on, as `host:port`; port 0 lets the kernel choose")
	broadcast := flag.Bool("broadcast", false, "send each message to all other connections instead of back; for one loop")
	loops := flag.Int("loops", 1, "number of event loops, each with a listener of its own")
	flag.Parse()
	if err := serve(*address, *loops, *broadcast); err != nil {
		fmt.Fprintln(os.Stderr, "bareloop:", err)
		os.Exit(1)
	}
}

func serve(address string, loops int, broadcast bool) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("--listen %q: want host:port with a numeric address", address)
	}
	if loops < 1 {
		return fmt.Errorf("--loops %d: want at least 1", loops)
	}
	if broadcast && loops > 1 {
		return fmt.Errorf("--loops %d: --broadcast is for one loop: connections of others would be missed", loops)
	}
	failed := make(chan error, loops)
	for range loops {
		fd, err := listen(addr)
		if err != nil {
			return err
		}
		if addr.Port() == 0 {
			chosen, err := port(fd)
			if err != nil {
				return err
			}
			addr = netip.AddrPortFrom(addr.Addr(), chosen)
		}
		l, err := newLoop(fd)
		if err != nil {
			return err
		}
		if broadcast {
			l.respond = l.relay
		}
		go func() { failed <- l.run() }()
	}
	fmt.Println("listening on", addr)
	return <-failed
}
