package main

import (
	"bufio"
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

// publishing is groups with members, and what is published to them by REST. It
// belongs to one goroutine.
type publishing struct {
	// Fixed after openPublishing.
	address  string
	inFlight int
	groups   []*audience
	posts    []net.Conn // one for each that is in flight
	members  []net.Conn

	receiving sync.WaitGroup

	// Atomic.
	published atomic.Uint64
	fault     atomic.Pointer[error] // the first
	latency   spectrum
}

// audience is a group and its members.
type audience struct {
	// Fixed after openPublishing.
	request []byte // that publishes to it
	members int

	// Atomic.
	sent    atomic.Int64 // when the last message was, in Unix nanoseconds
	missing atomic.Int64 // members that do not have it yet
	all     chan struct{}
}

// deliveryPatience is how long the members may take to have a message.
const deliveryPatience = 5 * time.Second

// openPublishing connects the members and the publishers of a row. The caller must
// close it.
func openPublishing(ctx context.Context, address, key string, row restRow) (*publishing, error) {
	p := &publishing{address: address, inFlight: row.inFlight}
	for i := range row.groups {
		name := fmt.Sprintf("g%d", i)
		g := &audience{members: row.members, all: make(chan struct{}, 1), request: publishRequest(address, key, name)}
		p.groups = append(p.groups, g)
		for range row.members {
			if err := p.join(ctx, key, name, g); err != nil {
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
		p.posts = append(p.posts, conn)
	}
	return p, nil
}

// publishRequest returns the request that publishes 128 bytes to a group.
func publishRequest(address, key, group string) []byte {
	path := "/api/hubs/chat/groups/" + group + "/:send"
	body := strings.Repeat("x", 128)
	return fmt.Appendf(nil, "POST %s?api-version=2024-12-01 HTTP/1.1\r\nHost: %s\r\nUser-Agent: compare\r\nAuthorization: Bearer %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
		path, address, bearer(key, "http://"+address+path, ""), len(body), body)
}

// join opens a member of a group.
func (p *publishing) join(ctx context.Context, key, group string, g *audience) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.address)
	if err != nil {
		return err
	}
	p.members = append(p.members, conn)
	path := "/client/hubs/chat"
	fmt.Fprintf(conn, "GET %s?access_token=%s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: json.webpubsub.azure.v1\r\n\r\n",
		path, bearer(key, "http://"+p.address+path, group), p.address)
	in := bufio.NewReaderSize(conn, 1024)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return fmt.Errorf("member: %w", err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("member: answered %s", answer.Status)
	}
	if err := skipFrame(in); err != nil { // that it is connected
		return fmt.Errorf("member: %w", err)
	}
	p.receiving.Go(func() { p.receive(in, g) })
	return nil
}

// receive counts the messages of a member, until its connection ends.
func (p *publishing) receive(in *bufio.Reader, g *audience) {
	for skipFrame(in) == nil {
		p.latency.add(time.Duration(time.Now().UnixNano() - g.sent.Load()))
		if g.missing.Add(-1) == 0 {
			g.all <- struct{}{}
		}
	}
}

// skipFrame passes over a frame of the server's (RFC 6455 §5.2).
func skipFrame(in *bufio.Reader) error {
	head, err := in.Peek(2)
	if err != nil {
		return err
	}
	length, size := int(head[1]&0x7f), 2
	if length == 126 {
		if head, err = in.Peek(4); err != nil {
			return err
		}
		length, size = int(head[2])<<8|int(head[3]), 4
	}
	_, err = in.Discard(size + length)
	return err
}

// run publishes for a while, to each publisher's share of the groups in turn.
func (p *publishing) run(ctx context.Context, takes time.Duration) {
	end := time.Now().Add(takes)
	var publishers sync.WaitGroup
	for i, conn := range p.posts {
		publishers.Go(func() {
			in := bufio.NewReader(conn)
			for n := i; time.Now().Before(end) && ctx.Err() == nil && p.fault.Load() == nil; n += p.inFlight {
				if err := p.publish(conn, in, p.groups[n%len(p.groups)]); err != nil {
					p.fault.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	publishers.Wait()
}

// publish sends one message, and waits for the answer and the members.
func (p *publishing) publish(conn net.Conn, in *bufio.Reader, g *audience) error {
	if g.members > 0 {
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
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if answer.StatusCode != http.StatusAccepted {
		return fmt.Errorf("publish: answered %s", answer.Status)
	}
	if g.members > 0 {
		patience := time.NewTimer(deliveryPatience)
		defer patience.Stop()
		select {
		case <-g.all:
		case <-patience.C:
			return fmt.Errorf("%d of %d members do not have a message within %v", g.missing.Load(), g.members, deliveryPatience)
		}
	}
	p.published.Add(1)
	return nil
}

// forget has the figures begin anew.
func (p *publishing) forget() {
	p.published.Store(0)
	p.latency.reset()
}

// close ends every connection.
func (p *publishing) close() {
	for _, conn := range append(p.posts, p.members...) {
		conn.Close()
	}
	p.receiving.Wait()
}
