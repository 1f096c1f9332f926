package main

import (
	"github.com/panjf2000/gnet/v2"

	"github.com/sluicegate/sluice/bench/peers/internal/crowd"
	"github.com/sluicegate/sluice/bench/peers/internal/reply"
)

// broadcast frames each message once and hands that to every connection with
// AsyncWrite, which is how its documentation has other goroutines and loops write
// to a connection.
func broadcast(address string) error { return serve(address, relay{crowd.New[gnet.Conn]()}) }

// relay is the protocol that sends messages to the others.
type relay struct{ all *crowd.Crowd[gnet.Conn] }

func (r relay) begin(from gnet.Conn) { r.all.Join(from) }

func (r relay) answer(from gnet.Conn, out, in []byte) (replies []byte, used int, err error) {
	out, messages, used, err := reply.Relay(out, nil, in) // memory of their own: they are written later
	if len(messages) > 0 {
		r.all.Others(from, func(to gnet.Conn) {
			_ = to.AsyncWrite(messages, nil) // its loop learns of the failure
		})
	}
	return out, used, err
}

func (r relay) end(from gnet.Conn) { r.all.Leave(from) }
