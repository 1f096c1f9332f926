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
// of the close handshake or failure, or when their limit is over.
func stalls() []row {
	backlog := slices.Repeat([][]byte{final(ws.OpBinary, backlogPayload)}, 24) // the kernel takes 4 MiB
	backlog = slices.Clip(backlog)
	stray := last("stray")
	return []row{
		titled("after a protocol error", unread("S.1", lingering, stray)),
		titled("after its close frame", unread("S.2", lingering, bye(1000, ""))),
		titled("echoes unread, then a protocol error", unread("S.3", lingering, append(backlog, stray)...)),
		titled("echoes unread, then its close frame", unread("S.4", lingering, append(backlog, bye(1000, ""))...)),
		titled("the server's close frame unread", unread("S.5", limited("/watched/close", hastyClose), text("close, please"))),
		titled("echoes unread, within the limit", unread("S.6", limited("/watched", hastyStall), final(ws.OpBinary, printable(8*mib)))),
		titled("echoes unread, beyond the limit", unread("S.7", limited("/watched", hastyClose), backlog...)),
		titled("echoes read late", readLate("S.8", backlog)),
	}
}

// stall is how a peer that does not read is got rid of.
type stall struct {
	node func(*site) *gatewaytest.Node
	path string
	// least is how long the session is waited for, from before it was at fault.
	least time.Duration
	// most is how long the reset may take once the session has ended: what is
	// promised, and a second for a busy machine.
	most time.Duration
}

// lingering sessions end at once, and then have a second to read what is left.
var lingering = stall{node: func(s *site) *gatewaytest.Node { return s.node }, path: "/watched", most: 2 * second}

// limited sessions end by the reset, when their limit is over.
func limited(path string, limit time.Duration) stall {
	return stall{node: func(s *site) *gatewaytest.Node { return s.hasty }, path: path, least: limit, most: second}
}

// backlogPayload is that of the messages whose echoes are not read.
var backlogPayload = printable(256 * kib)

// unread is a row whose client sends frames, then neither reads nor closes, and
// must be reset in time.
func unread(number string, how stall, frames ...[]byte) row {
	r := row{number: number, choppings: []chopping{whole, frameWise}, waits: true}
	r.play = func(at *site, c chopping) outcome {
		conn, err := connectNarrow(how.node(at).Addr())
		if err != nil {
			return failure(err)
		}
		defer conn.Close()
		ended := at.watch.end(conn)
		began := time.Now()
		conn.SetWriteDeadline(began.Add(stallPatience))
		conn.Write(gatewaytest.UpgradeRequest(how.path))
		for wire := range c.writes(frames) {
			conn.Write(wire) // fails once the connection is reset
		}
		return how.judge(began, ended, awaitReset(conn))
	}
	return r
}

// stallPatience is for the work before a stall: megabytes go either way, for
// several rows at once.
const stallPatience = 3 * patience

// reset is when a connection was found to be reset, and when it was last found not
// to be; err says why it was not at all.
type reset struct {
	at, before time.Time
	err        error
}

// awaitReset watches a connection's state without reading from it.
func awaitReset(conn *net.TCPConn) reset {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var before time.Time
	for began := time.Now(); ; <-tick.C {
		now := time.Now()
		state, err := stateOf(conn)
		switch {
		case err != nil:
			return reset{err: err}
		case state == tcpClose:
			return reset{at: now, before: before}
		case now.Sub(began) > stallPatience:
			return reset{err: fmt.Errorf("no reset within %v, TCP state %d", stallPatience, state)}
		}
		before = now
	}
}

// judge compares the reset with the end of the session, which the loop tells the
// handler of before it, and a worker perhaps after.
func (how stall) judge(began time.Time, ended <-chan time.Time, got reset) outcome {
	if got.err != nil {
		return outcome{closing: notDropped, note: got.err.Error()}
	}
	select {
	case at := <-ended:
		o := outcome{lag: max(0, got.at.Sub(at))}
		switch {
		case got.before.Sub(at) > how.most:
			o.closing, o.note = notDropped, fmt.Sprintf("not reset yet %v after the end of the session", got.before.Sub(at))
		case got.at.Sub(began) < how.least:
			o.closing, o.note = failed, fmt.Sprintf("reset after %v, before the limit of %v", got.at.Sub(began), how.least)
		}
		return o
	case <-time.After(patience):
		return outcome{closing: failed, note: "reset, but the handler was not told of the session's end"}
	}
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
		x := newClient(conn)
		conn.Write(gatewaytest.UpgradeRequest("/"))
		conn.SetWriteDeadline(time.Now().Add(stallPatience))
		x.send(c, frames)
		x.until(second/2, x.over) // nothing arrives: nobody reads
		in := bufio.NewReader(conn)
		if err := x.upgraded(in, ""); err != nil {
			conn.Close()
			return failure(err)
		}
		go x.receive(in)
		return x.follow([]step{awaitEvents(len(echoes), stallPatience), sendClosing(bye(1000, ""))}, c, want)
	}
	return r
}
