package main

import (
	"fmt"
	"io"
	"net"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/settings"
)

// banner says what to open and connect to, hubs that only flags name included. Tools
// wait for its first line, which ends in "listening on HOST:PORT".
func banner(w io.Writer, s *settings.Settings, hubs []gateway.HubConfig, public, admin net.Addr) {
	fmt.Fprintf(w, "sluice %s listening on %s\n", version(), public)
	http, ws := "http://", "ws://"
	if len(s.TLS.Certificates) > 0 {
		http, ws = "https://", "wss://"
	}
	line := func(what, url string) { fmt.Fprintf(w, "  %-10s %s\n", what, url) }
	if s.TryPage {
		line("try page", http+reachable(public)+"/")
	}
	for _, p := range paths(s, hubs) {
		line(p.Name, ws+reachable(public)+p.Path)
	}
	if admin != nil {
		line("admin", "http://"+reachable(admin)+"/")
	}
}

// reachable returns addr as a client on this machine would write it: a listener
// on every address is reached at localhost.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
