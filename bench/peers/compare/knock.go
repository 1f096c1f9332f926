package main

import (
	"net"
	"strings"
	"time"
)

// portMark stands, in the command line of a server that cannot say where it
// listens, for the port to listen on at 127.0.0.1.
const portMark = "{port}"

// knockEvery is how often a server that was given a port is looked for there.
const knockEvery = 10 * time.Millisecond

// told returns the server with a free port in its command line, and the address;
// an empty address if it has no place for one.
func (s serverSpec) told() (serverSpec, string, error) {
	if !strings.Contains(strings.Join(s.Command, " "), portMark) {
		return s, "", nil
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return s, "", err
	}
	address := free.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	return s.filled(strings.NewReplacer(portMark, port)), address, free.Close()
}

// knock hands on the address as soon as a connection to it is accepted, unless the
// server's output has ended before.
func (s *server) knock(address string, found chan<- string) {
	again := time.NewTicker(knockEvery)
	defer again.Stop()
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			found <- address
			return
		}
		select {
		case <-again.C:
		case <-s.drained:
			return
		}
	}
}
