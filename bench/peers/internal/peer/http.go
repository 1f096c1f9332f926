package peer

import (
	"net"
	"net/http"
	"time"
)

// ServeHTTP listens and hands requests of any path to upgrade, for libraries
// that take their connections from net/http. upgrade must hijack the connection
// and return at once: the request, its buffers and the goroutine's grown stack
// are then free.
func ServeHTTP(address string, upgrade http.HandlerFunc) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	Announce(listener.Addr())
	server := &http.Server{Handler: upgrade, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}

// MaxMessage bounds what a connection can make a peer hold: 16 MiB.
const MaxMessage = 16 << 20
