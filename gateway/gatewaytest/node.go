package gatewaytest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

// Patience is how long the package waits for anything before it fails the
// test. Machines that run tests are slow at times; nothing waits so long when
// all is well.
const Patience = 5 * time.Second

// pollEvery is how often a condition is looked at.
const pollEvery = time.Millisecond

// Node is a gateway that serves during a test.
type Node struct {
	// Gateway is the gateway under test.
	Gateway *gateway.Gateway

	t      testing.TB
	served chan error // what Serve returned

	// Guarded by mu.
	mu    sync.Mutex
	conns []net.Conn
}

// Start serves a gateway of that configuration until the test ends; then it
// closes every client, shuts the gateway down and fails the test for what
// was not given back. Listen is always port 0 of the loopback. A Logger that is
// not set discards, or writes to the standard error under -v.
//
// Handlers that a test blocks must be released before it ends.
func Start(t testing.TB, config gateway.Config) *Node {
	t.Helper()
	return StartBound(t, config, func(*gateway.Gateway) {})
}

// StartBound is Start for what must be given the gateway before it serves.
func StartBound(t testing.TB, config gateway.Config, bind func(*gateway.Gateway)) *Node {
	t.Helper()
	CheckLeaks(t)
	config.Listen = "127.0.0.1:0"
	if config.Logger == nil {
		config.Logger = logger()
	}
	g, err := gateway.New(config)
	if err != nil {
		t.Fatalf("gatewaytest: start: %v", err)
	}
	bind(g)
	n := &Node{Gateway: g, t: t, served: make(chan error, 1)}
	go func() { n.served <- g.Serve(context.Background()) }()
	n.Eventually(t, func() bool { return n.serving() }, "the gateway to serve")
	t.Cleanup(n.stop)
	return n
}

func logger() *slog.Logger {
	var sink io.Writer = io.Discard
	if testing.Verbose() {
		sink = os.Stderr
	}
	return slog.New(slog.NewTextHandler(sink, nil))
}

// serving reports whether every loop answers.
func (n *Node) serving() bool {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	_, err := n.Gateway.Stats(ctx)
	return err == nil
}

// stop ends the node and checks what it leaves behind.
func (n *Node) stop() {
	n.mu.Lock()
	for _, conn := range n.conns {
		conn.Close()
	}
	n.mu.Unlock()
	if n.Gateway.Ready() {
		n.awaitIdle()
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if err := n.Gateway.Shutdown(ctx); err != nil {
		n.t.Errorf("gatewaytest: shut down: %v", err)
	}
	select {
	case err := <-n.served:
		if err != nil {
			n.t.Errorf("gatewaytest: Serve returned %v after a shutdown; want nil", err)
		}
	case <-ctx.Done():
		n.t.Error("gatewaytest: Serve does not return after a shutdown")
	}
}

// awaitIdle waits until the gateway holds nothing for its former clients.
func (n *Node) awaitIdle() {
	var held gateway.Stats
	if await(func() bool { held = n.Stats(n.t); return idle(held) }) != nil {
		n.t.Errorf("gatewaytest: with all clients gone the gateway still holds: %+v", withoutCounters(held))
	}
}

func idle(s gateway.Stats) bool {
	for _, l := range s.Loops {
		if l.Connections != 0 || l.Sessions != 0 || l.Inboxes != 0 || l.Slots != 0 || l.OutboundBytes != 0 {
			return false
		}
		if l.SlowSessions != 0 || l.QueuedMessages != 0 || l.QueuedBytes != 0 || l.Fanout.Messages != 0 || l.Fanout.Bytes != 0 {
			return false
		}
	}
	for _, h := range s.Hubs {
		if h.Sessions != 0 || h.Users != 0 || h.Groups != 0 {
			return false
		}
	}
	// Each loop keeps the segment it reads into.
	return s.HTTPConnections == 0 && s.Segments <= len(s.Loops) && s.Workers.Busy == 0 && s.Workers.Waiting == 0
}

// withoutCounters is s with what only ever grows left out.
func withoutCounters(s gateway.Stats) gateway.Stats {
	for i, l := range s.Loops {
		s.Loops[i] = gateway.LoopStats{
			Connections: l.Connections, Sessions: l.Sessions, Inboxes: l.Inboxes, Slots: l.Slots, OutboundBytes: l.OutboundBytes,
			SlowSessions: l.SlowSessions, QueuedMessages: l.QueuedMessages, QueuedBytes: l.QueuedBytes,
			Fanout: gateway.FanoutStats{Messages: l.Fanout.Messages, Bytes: l.Fanout.Bytes},
		}
	}
	return s
}

// Addr returns the address of the public port.
func (n *Node) Addr() string { return n.Gateway.Addr().String() }

// Stats returns the gateway's figures.
func (n *Node) Stats(t testing.TB) gateway.Stats {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	stats, err := n.Gateway.Stats(ctx)
	if err != nil {
		t.Fatalf("gatewaytest: stats: %v", err)
	}
	return stats
}

// Totals returns the figures of all loops added up. Of the longest turns it is
// the longest.
func (n *Node) Totals(t testing.TB) gateway.LoopStats {
	t.Helper()
	sum := gateway.LoopStats{Reasons: make(map[gateway.Reason]uint64)}
	for _, l := range n.Stats(t).Loops {
		sum.Connections += l.Connections
		sum.Waiting += l.Waiting
		sum.Sessions += l.Sessions
		sum.Undecided += l.Undecided
		sum.Inboxes += l.Inboxes
		sum.Slots += l.Slots
		sum.Accepted += l.Accepted
		sum.AcceptErrors += l.AcceptErrors
		sum.Upgraded += l.Upgraded
		sum.BytesIn += l.BytesIn
		sum.BytesOut += l.BytesOut
		sum.MessagesIn += l.MessagesIn
		sum.MessagesOut += l.MessagesOut
		sum.Undelivered += l.Undelivered
		sum.ReadPauses += l.ReadPauses
		sum.BusyPauses += l.BusyPauses
		sum.RateExcess += l.RateExcess
		sum.Joined += l.Joined
		sum.Left += l.Left
		sum.JoinsRefused += l.JoinsRefused
		sum.Turns += l.Turns
		sum.Wakes += l.Wakes
		sum.TurnTime.Merge(&l.TurnTime)
		sum.LongestTurn = max(sum.LongestTurn, l.LongestTurn)
		sum.Letters += l.Letters
		sum.MailboxLetters += l.MailboxLetters
		sum.MailboxBytes += l.MailboxBytes
		sum.OutboundBytes += l.OutboundBytes
		sum.SlowSessions += l.SlowSessions
		sum.QueuedMessages += l.QueuedMessages
		sum.QueuedBytes += l.QueuedBytes
		addFanout(&sum.Fanout, &l.Fanout)
		sum.WorkerWait.Merge(&l.WorkerWait)
		for reason, count := range l.Reasons {
			sum.Reasons[reason] += count
		}
	}
	return sum
}

func addFanout(sum, one *gateway.FanoutStats) {
	sum.Messages += one.Messages
	sum.Bytes += one.Bytes
	sum.Passes += one.Passes
	sum.Members += one.Members
	sum.Latency.Merge(&one.Latency)
}

// Reason returns how many connections ended with r, on all loops.
func (n *Node) Reason(t testing.TB, r gateway.Reason) uint64 {
	t.Helper()
	return n.Totals(t).Reasons[r]
}

// AwaitReason waits until count connections have ended with r, and fails the
// test if more have.
func (n *Node) AwaitReason(t testing.TB, r gateway.Reason, count uint64) {
	t.Helper()
	var totals gateway.LoopStats
	err := await(func() bool { totals = n.Totals(t); return totals.Reasons[r] >= count })
	if err != nil || totals.Reasons[r] != count {
		t.Fatalf("%d connections ended with %v, want %d; all reasons: %v", totals.Reasons[r], r, count, counted(totals.Reasons))
	}
}

// counted is reasons without those that have not occurred.
func counted(reasons map[gateway.Reason]uint64) map[string]uint64 {
	some := make(map[string]uint64)
	for reason, count := range reasons {
		if count > 0 {
			some[reason.String()] = count
		}
	}
	return some
}

// Eventually waits until cond holds, and fails the test if it does not in time.
// what completes "waited in vain for".
func (n *Node) Eventually(t testing.TB, cond func() bool, what string) {
	t.Helper()
	if err := await(cond); err != nil {
		t.Fatalf("waited in vain for %s", what)
	}
}

var errImpatient = errors.New("waited in vain")

// await polls cond.
func await(cond func() bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	deadline := time.Now().Add(Patience)
	for !cond() {
		if time.Now().After(deadline) {
			return errImpatient
		}
		<-tick.C
	}
	return nil
}

// closeWithTest closes conn when the test ends, before the gateway is looked at.
func (n *Node) closeWithTest(conn net.Conn) {
	n.mu.Lock()
	n.conns = append(n.conns, conn)
	n.mu.Unlock()
}
