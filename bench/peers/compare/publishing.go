package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// publishing is groups with members, and what is published to them by HTTP. It
// belongs to one goroutine.
type publishing struct {
	members

	// Fixed after openPublishing.
	topics     []*topic
	publishers []net.Conn // one for each publish that is in flight

	// Atomic.
	published atomic.Uint64
}

// topic is a group that is published to.
type topic struct {
	*audience
	request []byte // that publishes a message to it
	at      int    // where in request the message stands
	number  uint64 // of the last message
}

// Messages are of messageSize bytes: numberDigits of their number, and filler.
const (
	messageSize  = 128
	numberDigits = 16
)

var filler = strings.Repeat("x", messageSize-numberDigits)

// message returns the text of the message with that number.
func message(number uint64) string { return fmt.Sprintf("%0*d", numberDigits, number) + filler }

// deliveryPatience is how long the members may take to have a message.
const deliveryPatience = 5 * time.Second

// openPublishing connects the members and the publishers of a row. The caller must
// close it.
func openPublishing(ctx context.Context, address string, speaks protocol, row restRow) (*publishing, error) {
	p := &publishing{members: members{address: address, protocol: speaks, broken: make(chan struct{})}}
	for i := range row.groups {
		g := p.newTopic(fmt.Sprintf("g%d", i))
		p.topics = append(p.topics, g)
		for range row.members {
			if err := p.join(ctx, g.audience); err != nil {
				p.close()
				return nil, err
			}
		}
	}
	for range row.inFlight {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			p.close()
			return nil, err
		}
		p.publishers = append(p.publishers, conn)
	}
	return p, nil
}

func (p *publishing) newTopic(group string) *topic {
	text := message(0)
	request := p.protocol.request(p.address, group, text)
	return &topic{audience: newAudience(group), request: request, at: bytes.Index(request, []byte(text))}
}

// run publishes for a while, to each publisher's share of the groups in turn.
func (p *publishing) run(ctx context.Context, takes time.Duration) {
	end := time.Now().Add(takes)
	var publishers sync.WaitGroup
	for i, conn := range p.publishers {
		publishers.Go(func() {
			in := bufio.NewReader(conn)
			for n := i; time.Now().Before(end) && ctx.Err() == nil && p.failed() == nil; n += len(p.publishers) {
				if err := p.publish(conn, in, p.topics[n%len(p.topics)]); err != nil {
					p.fail(err)
				}
			}
		})
	}
	publishers.Wait()
}

// publish sends one message, and waits for the answer and the members. A group
// with members has one publisher at a time.
func (p *publishing) publish(conn net.Conn, in *bufio.Reader, g *topic) error {
	if g.members > 0 {
		g.number++
		text := message(g.number)
		copy(g.request[g.at:], text)
		g.text.Store(&text)
		g.missing.Store(int64(g.members))
		g.sent.Store(time.Now().UnixNano())
	}
	if _, err := conn.Write(g.request); err != nil {
		return err
	}
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if !p.protocol.accepted(answer.StatusCode, body) {
		return fmt.Errorf("publish: answered %s: %s", answer.Status, body)
	}
	if g.members > 0 {
		patience := time.NewTimer(deliveryPatience)
		defer patience.Stop()
		select {
		case <-g.all:
		case <-p.broken:
			return p.fault
		case <-patience.C:
			return fmt.Errorf("%d of %d members do not have a message within %v", g.missing.Load(), g.members, deliveryPatience)
		}
	}
	p.published.Add(1)
	return nil
}

// publishOnce publishes over a connection of its own: servers end those on which
// nothing was asked for a while.
func (p *publishing) publishOnce(ctx context.Context, g *topic) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	return p.publish(conn, bufio.NewReader(conn), g)
}

// forget has the figures begin anew.
func (p *publishing) forget() {
	p.published.Store(0)
	p.latency.reset()
}

// close ends every connection.
func (p *publishing) close() {
	for _, conn := range p.publishers {
		conn.Close()
	}
	p.members.close()
}
