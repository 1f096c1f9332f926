package main

import (
	"net"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/sluicegate/sluice/bench/peers/internal/crowd"
)

// broadcast compiles each message to a frame once and writes that to every
// connection, from the goroutine that has read it. A net.Conn may be written to
// by several goroutines.
func broadcast(address string) error {
	all := crowd.New[net.Conn]()
	return serve(address, func(conn net.Conn) {
		all.Join(conn)
		defer all.Leave(conn)
		for relay(conn, all) == nil {
		}
	})
}

// relay sends one message to the others. Control frames are answered by wsutil.
func relay(from net.Conn, all *crowd.Crowd[net.Conn]) error {
	message, op, err := wsutil.ReadClientData(from)
	if err != nil {
		return err
	}
	frame, err := ws.CompileFrame(ws.NewFrame(op, true, message))
	if err != nil {
		return err
	}
	all.Others(from, func(to net.Conn) {
		_, _ = to.Write(frame) // its reader learns of the failure
	})
	return nil
}
