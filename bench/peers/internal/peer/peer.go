// Package peer is the command line that the peers share.
package peer

import (
	"flag"
	"fmt"
	"net"
	"os"
)

// Main parses the command line and runs one of the two servers with the address
// to listen on, "host:port": echo, or with --broadcast the one that sends each
// message to all other connections. Either must call [Announce] once it listens,
// and return only with the error that ended it.
func Main(echo, broadcast func(address string) error) {
	address := flag.String("listen", "127.0.0.1:0", "address to listen on, as `host:port`; port 0 lets the kernel choose")
	others := flag.Bool("broadcast", false, "send each message to all other connections instead of back")
	flag.Parse()
	serve := echo
	if *others {
		serve = broadcast
	}
	if err := serve(*address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Announce prints the line that tells where the server listens.
func Announce(address net.Addr) { fmt.Println("listening on", address) }
