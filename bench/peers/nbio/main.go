// Command nbio echoes WebSocket messages with the HTTP engine of
// github.com/lesismal/nbio.
//
// Its settings are those of the library's example for a million connections:
// non-blocking mode, where pollers serve all connections, and payload buffers
// that are released when the message handler returns. TLS is that of its own fork
// of crypto/tls, which is made for such connections.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/lesismal/llib/std/crypto/tls"
	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/lesismal/nbio/nbhttp/websocket"

	"github.com/sluicegate/sluice/bench/peers/internal/peer"
)

func main() { peer.Main(echo, broadcast) }

func echo(at peer.Endpoint) error {
	u := newUpgrader()
	u.OnMessage(func(conn *websocket.Conn, kind websocket.MessageType, message []byte) {
		_ = conn.WriteMessage(kind, message)
	})
	return serve(at, u)
}

func serve(at peer.Endpoint, upgrader *websocket.Upgrader) error {
	logging.SetLevel(logging.LevelError) // its notices go to standard output
	config := nbhttp.Config{
		Network:                 "tcp",
		Listen:                  listen,
		MaxLoad:                 1_000_000,
		ReleaseWebsocketPayload: true,
		IOMod:                   nbhttp.IOModNonBlocking,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = upgrader.Upgrade(w, r, nil) // it has answered
		}),
	}
	if err := listenAt(at, &config); err != nil {
		return err
	}
	engine := nbhttp.NewEngine(config)
	if err := engine.Start(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	<-ctx.Done()
	engine.Stop()
	return nil
}

// listenAt sets where the engine listens, and what it speaks there.
func listenAt(at peer.Endpoint, config *nbhttp.Config) error {
	if !at.Secured() {
		config.Addrs = []string{at.Address}
		return nil
	}
	pair, err := tls.LoadX509KeyPair(at.Certificate, at.Key)
	if err != nil {
		return fmt.Errorf("--tls-certificate, --tls-key: %w", err)
	}
	config.AddrsTLS = []string{at.Address}
	config.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	return nil
}

func newUpgrader() *websocket.Upgrader {
	u := websocket.NewUpgrader()
	u.MessageLengthLimit = peer.MaxMessage
	u.KeepaliveTime = time.Hour // a timer for each connection; 0 means two minutes
	return u
}

func listen(network, address string) (net.Listener, error) {
	listener, err := net.Listen(network, address)
	if err == nil {
		peer.Announce(listener.Addr())
	}
	return listener, err
}
