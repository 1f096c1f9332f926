package main

import (
	"net"

	"github.com/lxzan/gws"

	"github.com/sluicegate/sluice/bench/peers/internal/crowd"
	"github.com/sluicegate/sluice/bench/peers/internal/peer"
)

// broadcast uses the library's Broadcaster as its README does: the message is
// encoded once, and written by a goroutine of each connection's queue.
func broadcast(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := gws.NewServer(&relay{all: crowd.New[*gws.Conn]()}, &gws.ServerOption{ReadBufferSize: 1 << 10})
	peer.Announce(listener.Addr())
	return server.RunListener(listener)
}

// relay sends messages to all others. Connections call it from their goroutines.
type relay struct {
	handler
	all *crowd.Crowd[*gws.Conn]
}

func (r *relay) OnOpen(socket *gws.Conn) { r.all.Join(socket) }

func (r *relay) OnClose(socket *gws.Conn, _ error) { r.all.Leave(socket) }

func (r *relay) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer message.Close()
	// It is written after this returns, so it must not be the pooled message.
	b := gws.NewBroadcaster(message.Opcode, append([]byte(nil), message.Bytes()...))
	defer b.Close()
	r.all.Others(socket, func(to *gws.Conn) { _ = b.Broadcast(to) })
}
