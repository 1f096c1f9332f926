package gateway_test

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// long is a timeout that a test does not wait for.
const long = 20 * time.Second

// overdue is how much later than it should a half-open connection may be gone on
// a machine that is busy with other tests.
const overdue = 2 * time.Second

// TestHalfOpenPeersAreReaped cuts the wire between a gateway and its clients. No
// end of a stream and no reset ever comes: each peer must be found by a timeout,
// and by the right one.
func TestHalfOpenPeersAreReaped(t *testing.T) {
	const peers = 20
	const soon = 400 * time.Millisecond
	for _, tc := range []struct {
		name     string
		timeouts gateway.Timeouts
		queued   int // bytes sent to each session once the wire is cut
		closing  bool
		reason   gateway.Reason
		within   time.Duration // a sweep finds what is due within a quarter more
	}{
		{"nothing queued", gateway.Timeouts{Ping: soon, Pong: soon, WriteStall: long}, 0, false,
			gateway.ReasonPongTimeout, 2 * soon * 5 / 4},
		{"what the kernel has taken", gateway.Timeouts{Ping: soon, Pong: soon, WriteStall: soon}, 1 << 10, false,
			gateway.ReasonPongTimeout, 2 * soon * 5 / 4},
		{"what it has not", gateway.Timeouts{Ping: long, Pong: long, WriteStall: soon}, 900 << 10, false,
			gateway.ReasonWriteStalled, soon * 5 / 4},
		{"what it has not, found by the ping", gateway.Timeouts{Ping: soon, Pong: soon, WriteStall: long}, 900 << 10, false,
			gateway.ReasonPongTimeout, 2 * soon * 5 / 4},
		{"a close frame", gateway.Timeouts{Ping: long, Pong: long, WriteStall: long, Close: soon}, 0, true,
			gateway.ReasonClosedByHandler, soon * 5 / 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWire(t)
			h, sessions := introduced()
			config := serving(gateway.Config{Loops: 2, Listeners: []*os.File{w.listen()}, Timeouts: tc.timeouts}, h, gateway.Inline)
			n := gatewaytest.Start(t, config)
			var open []gateway.Session
			var conns []*net.TCPConn
			for range peers {
				conn := w.dial(n.Addr())
				gatewaytest.Upgraded(t, sent(conn))
				conns, open = append(conns, conn.(*net.TCPConn)), append(open, <-sessions)
			}
			w.cut()
			began := time.Now()
			arrived := make([]int, peers)
			for i, conn := range conns {
				arrived[i] = received(t, conn)
			}
			for _, s := range open {
				if tc.queued > 0 {
					must(t, s.Send(gateway.Binary, make([]byte, tc.queued)))
				}
				if tc.closing {
					must(t, s.Close(ws.StatusNormalClosure, ""))
				}
			}
			n.AwaitReason(t, tc.reason, peers)
			n.Eventually(t, func() bool { return n.Totals(t).Connections == 0 }, "the connections to be gone")
			if took := time.Since(began); took > tc.within+overdue {
				t.Errorf("they were gone after %v, want %v and at most %v more", took, tc.within, overdue)
			}
			for i, conn := range conns {
				if more := received(t, conn) - arrived[i]; more != 0 {
					t.Errorf("%d bytes have reached a peer that is cut off", more)
				}
			}
			if held := n.Totals(t); held.OutboundBytes != 0 || held.QueuedBytes != 0 {
				t.Errorf("%d and %d bytes still wait for them", held.OutboundBytes, held.QueuedBytes)
			}
		})
	}
}

// addressVariable tells a child process where the gateway is.
const addressVariable = "SLUICE_TEST_ADDRESS"

// TestAStoppedClientIsCaughtByThePongDeadline stops a client's process (SIGSTOP):
// its kernel goes on acknowledging, so that only the missing pong tells. Until
// then it is kept by its pongs.
func TestAStoppedClientIsCaughtByThePongDeadline(t *testing.T) {
	if isChild(t) {
		answerPings(t, os.Getenv(addressVariable))
		return
	}
	const soon = 300 * time.Millisecond
	config := gateway.Config{Loops: 1, Timeouts: gateway.Timeouts{Ping: soon, Pong: soon, WriteStall: long}}
	n := gatewaytest.Start(t, serving(config, hooks{}, gateway.Inline))
	client := child(t)
	client.Env = append(client.Env, addressVariable+"="+n.Addr())
	must(t, client.Start())
	t.Cleanup(func() {
		client.Process.Kill()
		client.Wait()
	})
	n.Eventually(t, func() bool { return n.Totals(t).Sessions == 1 }, "the client")
	const pong = 6 // bytes: a header with its mask
	before := n.Totals(t).BytesIn
	n.Eventually(t, func() bool { return n.Totals(t).BytesIn >= before+3*pong }, "three pongs")
	if got := n.Reason(t, gateway.ReasonPongTimeout); got != 0 {
		t.Errorf("%d sessions ended while the client answered", got)
	}
	must(t, client.Process.Signal(syscall.SIGSTOP))
	began := time.Now()
	n.AwaitReason(t, gateway.ReasonPongTimeout, 1)
	if took, within := time.Since(began), 2*soon*5/4; took > within+overdue {
		t.Errorf("caught after %v, want %v and at most %v more", took, within, overdue)
	}
}

// answerPings is a client that does nothing else, until the gateway ends it.
func answerPings(t *testing.T, address string) {
	conn, err := net.Dial("tcp", address)
	must(t, err)
	defer conn.Close()
	gatewaytest.Upgraded(t, sent(conn)).Receive()
}
