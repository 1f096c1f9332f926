// Package peer is the command line that the peers share.
package peer

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
)

// Endpoint is where a server listens.
type Endpoint struct {
	// Address is "host:port".
	Address string
	// Certificate and Key are PEM files for TLS. Both are empty for a plain port.
	Certificate, Key string
}

// Secured reports whether the server is to speak TLS.
func (e Endpoint) Secured() bool { return e.Certificate != "" }

// Server listens at an endpoint and serves. It must call [Announce] once it
// listens, and return only with the error that ended it.
type Server func(Endpoint) error

var errPlain = errors.New("--tls-certificate: this server speaks no TLS")

// Plain is a server that speaks no TLS, and says so.
func Plain(serve func(address string) error) Server {
	return func(at Endpoint) error {
		if at.Secured() {
			return errPlain
		}
		return serve(at.Address)
	}
}

// Main parses the command line and runs one of the two servers: echo, or with
// --broadcast the one that sends each message to all other connections.
func Main(echo, broadcast Server) {
	var at Endpoint
	flag.StringVar(&at.Address, "listen", "127.0.0.1:0", "address to listen on, as `host:port`; port 0 lets the kernel choose")
	flag.StringVar(&at.Certificate, "tls-certificate", "", "PEM `file` with the certificate, to speak TLS")
	flag.StringVar(&at.Key, "tls-key", "", "PEM `file` with its private key")
	others := flag.Bool("broadcast", false, "send each message to all other connections instead of back")
	flag.Parse()
	serve := echo
	if *others {
		serve = broadcast
	}
	if err := serve(at); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Announce prints the line that tells where the server listens.
func Announce(address net.Addr) { fmt.Println("listening on", address) }
