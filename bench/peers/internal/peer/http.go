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
func ServeHTTP(at Endpoint, upgrade http.HandlerFunc) error {
	listener, err := net.Listen("tcp", at.Address)
	if err != nil {
		return err
	}
	Announce(listener.Addr())
	server := &http.Server{Handler: upgrade, ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true) // what a WebSocket is upgraded from (RFC 6455 §4.1)
	if at.Secured() {
		return server.ServeTLS(listener, at.Certificate, at.Key)
	}
	return server.Serve(listener)
}

// MaxMessage bounds what a connection can make a peer hold: 16 MiB.
const MaxMessage = 16 << 20
