package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// members are clients that receive what is published to their groups. They answer
// pings. They belong to one goroutine.
type members struct {
	// Fixed.
	address  string
	protocol protocol

	conns     []net.Conn
	receiving sync.WaitGroup

	// Atomic.
	latency spectrum

	// broken is closed with the first fault.
	broken  chan struct{}
	failing sync.Once
	fault   error
}

// audience is a group and how far a message to it has come.
type audience struct {
	// Fixed while it is published to.
	group   string
	members int

	// Atomic.
	text    atomic.Pointer[string] // of the last message
	sent    atomic.Int64           // when it was, in Unix nanoseconds
	missing atomic.Int64           // members that do not have it yet
	all     chan struct{}
}

func newAudience(group string) *audience {
	g := &audience{group: group, all: make(chan struct{}, 1)}
	g.text.Store(new(string))
	return g
}

// join opens a member of a group.
func (m *members) join(ctx context.Context, g *audience) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.address)
	if err != nil {
		return err
	}
	m.conns = append(m.conns, conn)
	in := bufio.NewReaderSize(conn, maxFrame)
	user := fmt.Sprintf("user-%d", len(m.conns))
	if err := m.protocol.join(conn, in, user, g.group); err != nil {
		return fmt.Errorf("member: %w", err)
	}
	g.members++
	m.receiving.Go(func() {
		if err := m.receive(conn, in, g); !errors.Is(err, net.ErrClosed) {
			m.fail(fmt.Errorf("member: %w", err))
		}
	})
	return nil
}

// receive takes the messages of a member, until its connection ends. Each must be
// the last that was published, and be there once.
func (m *members) receive(conn net.Conn, in *bufio.Reader, g *audience) error {
	var had *string
	for {
		f, err := readFrame(in)
		if err != nil {
			return err
		}
		switch f.opcode {
		case ws.OpPing:
			err = writeFrame(conn, ws.OpPong, f.payload)
		case ws.OpText:
			delivered, answer := m.protocol.receive(f.payload)
			if delivered != nil {
				text := g.text.Load()
				if string(delivered) != *text || text == had {
					return fmt.Errorf("was delivered %q after %q was published", delivered, *text)
				}
				had = text
				m.latency.add(time.Duration(time.Now().UnixNano() - g.sent.Load()))
				if g.missing.Add(-1) == 0 {
					g.all <- struct{}{}
				}
			}
			if answer != nil {
				err = writeFrame(conn, ws.OpText, answer)
			}
		}
		if err != nil {
			return err
		}
	}
}

// fail keeps the first fault.
func (m *members) fail(err error) {
	m.failing.Do(func() {
		m.fault = err
		close(m.broken)
	})
}

// failed returns the first fault, or nil.
func (m *members) failed() error {
	select {
	case <-m.broken:
		return m.fault
	default:
		return nil
	}
}

// close ends every connection.
func (m *members) close() {
	for _, conn := range m.conns {
		conn.Close()
	}
	m.receiving.Wait()
}
