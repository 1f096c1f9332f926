// Package peer is the command line that the peers share.
package peer

import (
	"flag"
	"fmt"
	"net"
	"os"
)

// Main parses the command line and runs serve with the address to listen on,
// "host:port". serve must call [Announce] once it listens, and return only with
// the error that ended it.
func Main(serve func(address string) error) {
	address := flag.String("listen", "127.0.0.1:0", "address to listen on, as `host:port`; port 0 lets the kernel choose")
	flag.Parse()
	if err := serve(*address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Announce prints the line that tells where the server listens.
func Announce(address net.Addr) { fmt.Println("listening on", address) }
