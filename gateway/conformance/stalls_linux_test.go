package conformance_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// stalls are peers that do not read, and keep their side of TCP open. An end of
// the stream would wait for them for ever, so they must be reset: within a second
// of the close handshake or failure, or of their limit.
func stalls() []row {
	const allowed = second + slack*second/2
	backlog := slices.Repeat([][]byte{final(ws.OpBinary, backlogPayload)}, 24) // the kernel takes 4 MiB
	backlog = slices.Clip(backlog)
	node := func(at *site) *gatewaytest.Node { return at.node }
	hasty := func(at *site) *gatewaytest.Node { return at.hasty }
	stray := last("stray")
	return []row{
		titled("after a protocol error", unread("S.1", node, "/", allowed, stray)),
		titled("after its close frame", unread("S.2", node, "/", allowed, bye(1000, ""))),
		titled("echoes unread, then a protocol error", unread("S.3", node, "/", allowed, append(backlog, stray)...)),
		titled("echoes unread, then its close frame", unread("S.4", node, "/", allowed, append(backlog, bye(1000, ""))...)),
		titled("the server's close frame unread", unread("S.5", hasty, "/close", hastyClose+allowed, text("close, please"))),
		titled("echoes unread, within the limit", unread("S.6", hasty, "/", hastyStall+allowed, final(ws.OpBinary, printable(8*mib)))),
		titled("echoes unread, beyond the limit", unread("S.7", hasty, "/", hastyClose+allowed, backlog...)),
		titled("echoes read late", readLate("S.8", backlog)),
	}
}

// backlogPayload is that of the messages whose echoes are not read.
var backlogPayload = printable(256 * kib)

// unread is a row whose client sends frames, then neither reads nor closes, and
// must be reset in time.
func unread(number string, node func(*site) *gatewaytest.Node, path string, limit time.Duration, frames ...[]byte) row {
	r := row{number: number, choppings: []chopping{whole, frameWise}, waits: true}
	r.play = func(at *site, c chopping) outcome {
		conn, err := connectNarrow(node(at).Addr())
		if err != nil {
			return failure(err)
		}
		defer conn.Close()
		conn.Write(gatewaytest.UpgradeRequest(path))
		conn.SetWriteDeadline(time.Now().Add(2 * limit))
		for wire := range c.writes(frames) {
			conn.Write(wire) // fails once the connection is reset
		}
		sent := time.Now()
		return awaitReset(conn, sent, limit)
	}
	return r
}

// awaitReset watches a connection's state without reading from it.
func awaitReset(conn *net.TCPConn, since time.Time, limit time.Duration) outcome {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		state, err := stateOf(conn)
		lag := time.Since(since)
		switch {
		case err != nil:
			return failure(err)
		case state == tcpClose:
			return outcome{lag: lag}
		case lag > limit:
			return outcome{closing: notDropped, note: fmt.Sprintf("no reset %v later, TCP state %d", lag, state), lag: lag}
		}
	}
	return outcome{}
}

// tcpClose is TCP_CLOSE of linux/tcp_states.h: the state after a reset.
const tcpClose = 7

func stateOf(conn *net.TCPConn) (state uint8, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var info *unix.TCPInfo
	if failed := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}); failed != nil || err != nil {
		return 0, errors.Join(failed, err)
	}
	return info.State, nil
}

// connectNarrow connects with a receive buffer of the least size.
func connectNarrow(addr string) (*net.TCPConn, error) {
	dialer := net.Dialer{Timeout: gatewaytest.Patience, Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		failed := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 1) })
		return errors.Join(failed, err)
	}}
	conn, err := dialer.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// readLate is a row whose client stops reading and then goes on: nothing may be
// missing.
func readLate(number string, frames [][]byte) row {
	r := row{number: number, choppings: []chopping{whole, frameWise}, waits: true}
	echoes := make([]event, len(frames))
	for i := range echoes {
		echoes[i] = echoOf(ws.OpBinary, backlogPayload)
	}
	want := expectation{events: echoes, handshake: true, codes: []ws.StatusCode{1000}}
	r.play = func(at *site, c chopping) outcome {
		conn, err := connect(at.node.Addr())
		if err != nil {
			return failure(err)
		}
		x := &client{conn: conn, arrivals: make(chan arrival, 16)}
		conn.Write(gatewaytest.UpgradeRequest("/"))
		conn.SetWriteDeadline(time.Now().Add(gatewaytest.Patience))
		x.send(c, frames)
		x.until(second/2, x.over) // nothing arrives: nobody reads
		in := bufio.NewReader(conn)
		if err := x.upgraded(in); err != nil {
			conn.Close()
			return failure(err)
		}
		go x.receive(in)
		return x.follow([]step{awaitEvents(len(echoes), gatewaytest.Patience), sendClosing(bye(1000, ""))}, c, want)
	}
	return r
}
