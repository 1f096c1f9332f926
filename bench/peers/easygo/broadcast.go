package main

import (
	"net"

	"github.com/sluicegate/sluice/bench/peers/internal/crowd"
	"github.com/sluicegate/sluice/bench/peers/internal/reply"
)

// broadcast frames each message once and writes that to every connection, from
// the goroutine of the pool that has read it.
func broadcast(address string) error { return serve(address, relay{crowd.New[net.Conn]()}) }

// relay is the protocol that sends messages to the others.
type relay struct{ all *crowd.Crowd[net.Conn] }

func (r relay) begin(from net.Conn) { r.all.Join(from) }

func (r relay) answer(from net.Conn, out, in []byte) (replies []byte, used int, err error) {
	out, messages, used, err := reply.Relay(out, nil, in)
	if len(messages) > 0 {
		r.all.Others(from, func(to net.Conn) {
			_, _ = to.Write(messages) // its reader learns of the failure
		})
	}
	return out, used, err
}

func (r relay) end(from net.Conn) { r.all.Leave(from) }
