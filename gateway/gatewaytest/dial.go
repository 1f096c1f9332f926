package gatewaytest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/codec"
)

// Option changes how a client connects.
type Option func(*dial)

type dial struct {
	fields        []string
	behind        []byte
	receiveBuffer int
}

// Header adds a header to the request.
func Header(name, value string) Option {
	return func(d *dial) { d.fields = append(d.fields, name+": "+value) }
}

// Origin makes the request one of a page of that origin.
func Origin(origin string) Option { return Header("Origin", origin) }

// Subprotocols offers subprotocols, the preferred one first.
func Subprotocols(names ...string) Option {
	return Header("Sec-WebSocket-Protocol", strings.Join(names, ", "))
}

// Behind sends frames in the same segment as the request.
func Behind(frames []byte) Option {
	return func(d *dial) { d.behind = append(d.behind, frames...) }
}

// ReceiveBuffer sets how much the client's kernel takes before the client
// reads it, in bytes. The kernel doubles it, and has a least size of about
// 2 KiB.
func ReceiveBuffer(bytes int) Option {
	return func(d *dial) { d.receiveBuffer = bytes }
}

// key is any Sec-WebSocket-Key: what it protects from, caches that do not know
// WebSocket, is not between a test and its gateway.
const key = "AAECAwQFBgcICQoLDA0ODw=="

// UpgradeRequest returns the head of a WebSocket upgrade for path, with further
// header lines, for tests that write it to the connection themselves.
func UpgradeRequest(path string, fields ...string) []byte {
	lines := append([]string{
		"GET " + path + " HTTP/1.1",
		"Host: gateway.test",
		"Connection: Upgrade",
		"Upgrade: websocket",
		"Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: " + key,
	}, fields...)
	return []byte(strings.Join(lines, "\r\n") + "\r\n\r\n")
}

// Dial connects a client to path and completes the handshake.
func (n *Node) Dial(t testing.TB, path string, options ...Option) *Client {
	t.Helper()
	var d dial
	for _, option := range options {
		option(&d)
	}
	conn := n.connect(t, d.receiveBuffer)
	if _, err := conn.Write(append(UpgradeRequest(path, d.fields...), d.behind...)); err != nil {
		t.Fatalf("gatewaytest: dial %s: %v", path, err)
	}
	return finishHandshake(t, conn, path)
}

// Upgraded returns the client of a connection on which the test has sent the
// request itself. It reads the answer.
func Upgraded(t testing.TB, conn net.Conn) *Client {
	t.Helper()
	return finishHandshake(t, conn, "the path asked for")
}

func finishHandshake(t testing.TB, conn net.Conn, path string) *Client {
	t.Helper()
	c := &Client{t: t, conn: conn, in: bufio.NewReader(conn)}
	conn.SetReadDeadline(time.Now().Add(Patience))
	answer, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatalf("gatewaytest: dial %s: read the answer: %v", path, err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		var body [256]byte
		size, _ := answer.Body.Read(body[:])
		t.Fatalf("gatewaytest: dial %s: %s: %s", path, answer.Status, body[:size])
	}
	if got, want := answer.Header.Get("Sec-WebSocket-Accept"), string(codec.AppendAccept(nil, key)); got != want {
		t.Fatalf("gatewaytest: dial %s: Sec-WebSocket-Accept %q, want %q", path, got, want)
	}
	c.Subprotocol = answer.Header.Get("Sec-WebSocket-Protocol")
	c.Extensions = answer.Header.Get("Sec-WebSocket-Extensions")
	return c
}

// Frozen connects a client that does not read: its kernel takes a few KiB, the
// gateway's what fits its own buffers, and then output queues. Its Receive
// thaws it.
func (n *Node) Frozen(t testing.TB, path string) *Client {
	t.Helper()
	return n.Dial(t, path, ReceiveBuffer(1))
}

// Raw opens a connection and sends nothing.
func (n *Node) Raw(t testing.TB) *net.TCPConn {
	t.Helper()
	return n.connect(t, 0)
}

func (n *Node) connect(t testing.TB, receiveBuffer int) *net.TCPConn {
	t.Helper()
	dialer := net.Dialer{Timeout: Patience}
	if receiveBuffer > 0 {
		// Before the connection is made: the window it begins with counts.
		dialer.Control = func(_, _ string, raw syscall.RawConn) error {
			var failed error
			err := raw.Control(func(fd uintptr) {
				failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBuffer)
			})
			if err == nil && failed != nil {
				err = fmt.Errorf("set the receive buffer: %w", failed)
			}
			return err
		}
	}
	conn, err := dialer.DialContext(context.Background(), "tcp", n.Addr())
	if err != nil {
		t.Fatalf("gatewaytest: %v", err)
	}
	n.closeWithTest(conn)
	return conn.(*net.TCPConn)
}
