package main

import (
	"errors"
	"sync"

	"github.com/cloudwego/netpoll"

	"github.com/sluicegate/sluice/bench/peers/internal/crowd"
	"github.com/sluicegate/sluice/bench/peers/internal/reply"
)

// broadcast frames each message once, and writes and flushes that to every
// connection from the goroutine that has read it. A Writer is for one goroutine
// at a time, so each has a lock.
func broadcast(address string) error {
	all := crowd.New[*member]()
	return serve(address, func(conn netpoll.Connection) step {
		m := &member{conn: conn}
		all.Join(m)
		_ = conn.AddCloseCallback(func(netpoll.Connection) error {
			all.Leave(m)
			return nil
		})
		return func(netpoll.Connection) error { return m.relay(all) }
	})
}

// member is a connection that several goroutines write to.
type member struct {
	conn   netpoll.Connection
	writes sync.Mutex
}

// relay sends messages to the others until none is partial.
func (m *member) relay(all *crowd.Crowd[*member]) error {
	return eachRead(m.conn, func(out, in []byte) ([]byte, int, error) {
		out, messages, used, frameErr := reply.Relay(out, nil, in)
		if len(messages) > 0 {
			all.Others(m, func(to *member) { _ = to.send(messages) }) // its reader learns of the failure
		}
		return out, used, errors.Join(frameErr, m.send(out))
	})
}

// send borrows p.
func (m *member) send(p []byte) error {
	m.writes.Lock()
	defer m.writes.Unlock()
	return send(m.conn.Writer(), p)
}
