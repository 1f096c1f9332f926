package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// room is how many descriptors the child may open beyond those it begins to serve
// with.
const room = 40

// TestOutOfDescriptors serves in a child process with a low limit of
// descriptors, so that the clients, which need some too, are not short of them.
func TestOutOfDescriptors(t *testing.T) { outOfDescriptors(t, 1) }

// TestOutOfDescriptorsOnTwoLoops: the loops compete for the descriptors that
// either gives up to shed connections.
func TestOutOfDescriptorsOnTwoLoops(t *testing.T) { outOfDescriptors(t, 2) }

func outOfDescriptors(t *testing.T, loops int) {
	if isChild(t) {
		serveWithFewDescriptors(t, loops)
		return
	}
	node := startPoorNode(t)

	reporter := node.dial(t, "/stats")
	var sessions []*gatewaytest.Client
	for range 10 {
		sessions = append(sessions, node.dial(t, "/"))
	}
	shed := 0
	for len(sessions) < 2*room && shed < 6 {
		if c := node.tryDial(t, "/"); c != nil {
			sessions = append(sessions, c)
		} else {
			shed++
		}
	}
	if len(sessions) > room+5 {
		t.Fatalf("%d sessions with room for %d descriptors", len(sessions), room)
	}
	before := stats(t, reporter)
	if counted := before.reason(gateway.ReasonNoDescriptors); counted < uint64(shed)/2 {
		t.Errorf("%d connections counted as no_descriptors, %d were shed", counted, shed)
	}
	if before["logged"] == 0 {
		t.Error("no_descriptors is not logged")
	}

	// A loop that spins makes a hundred thousand turns in this time.
	pressure := time.NewTicker(10 * time.Millisecond)
	defer pressure.Stop()
	const dials = 10
	for range dials {
		<-pressure.C
		node.tryDial(t, "/")
		c := sessions[0]
		c.SendText("still here")
		c.ExpectText("still here")
	}
	if turns := stats(t, reporter).turns() - before.turns(); turns > 40*dials {
		t.Errorf("%d turns for %d messages and refused connections", turns, dials)
	}

	for _, c := range sessions[5:] {
		c.Close()
	}
	var fresh *gatewaytest.Client
	for deadline := time.Now().Add(gatewaytest.Patience); fresh == nil; {
		if time.Now().After(deadline) {
			t.Fatal("descriptors are free again, and connections are still refused")
		}
		fresh = node.tryDial(t, "/")
	}
	fresh.SendText("recovered")
	fresh.ExpectText("recovered")
}

// serveWithFewDescriptors is the child: it prints its address and serves until
// its standard input ends.
func serveWithFewDescriptors(t *testing.T, loops int) {
	var g atomic.Pointer[gateway.Gateway]
	log := new(reasonLog)
	reports := gateway.HandlerFunc(func(s gateway.Session, _ gateway.Message) {
		stats, err := g.Load().Stats(context.Background())
		if err != nil {
			s.Close(4000, err.Error())
			return
		}
		report, _ := json.Marshal(totals{stats, log.has(gateway.ReasonNoDescriptors)})
		s.Send(gateway.Text, report)
	})
	config := gateway.Config{Loops: loops, Logger: slog.New(log), Routes: []gateway.Route{
		{Path: "/", Handler: gateway.Echo(), Dispatch: gateway.Inline},
		{Path: "/stats", Handler: reports},
	}}
	node := gatewaytest.Start(t, config)
	g.Store(node.Gateway)
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	limit := uint64(len(open) + room)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("serving", node.Addr())
	io.Copy(io.Discard, os.Stdin)
	// The harness counts descriptors, which takes one.
	node.Eventually(t, func() bool { return node.Totals(t).Connections == 0 }, "the clients to leave")
}

// totals is what the child reports of its figures.
type totals struct {
	gateway.Stats
	logged bool // that descriptors are short
}

func (s totals) MarshalJSON() ([]byte, error) {
	report := map[string]uint64{}
	if s.logged {
		report["logged"] = 1
	}
	for _, l := range s.Loops {
		report["turns"] += l.Turns
		for reason, count := range l.Reasons {
			report[reason.String()] += count
		}
	}
	return json.Marshal(report)
}

// report is what the child has reported.
type report map[string]uint64

func (r report) turns() uint64                      { return r["turns"] }
func (r report) reason(which gateway.Reason) uint64 { return r[which.String()] }

func stats(t *testing.T, c *gatewaytest.Client) report {
	t.Helper()
	c.SendText("report, please")
	var r report
	if err := json.Unmarshal(c.Receive().Payload, &r); err != nil {
		t.Fatalf("the child's report: %v", err)
	}
	return r
}

// poorNode is a gateway in a child process.
type poorNode struct{ addr string }

func startPoorNode(t *testing.T) poorNode {
	t.Helper()
	command := child(t)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		rest, _ := io.ReadAll(output)
		if err := command.Wait(); err != nil {
			t.Errorf("the child: %v\n%s", err, rest)
		}
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if addr, found := strings.CutPrefix(lines.Text(), "serving "); found {
			return poorNode{addr}
		}
	}
	t.Fatal("the child does not serve")
	return poorNode{}
}

func (n poorNode) dial(t *testing.T, path string) *gatewaytest.Client {
	t.Helper()
	c := n.tryDial(t, path)
	if c == nil {
		t.Fatal("a connection was refused while there were descriptors")
	}
	return c
}

// tryDial returns nil if the connection is shed.
func (n poorNode) tryDial(t *testing.T, path string) *gatewaytest.Client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", n.addr, gatewaytest.Patience)
	if errors.Is(err, unix.ECONNRESET) {
		return nil
	}
	if err != nil {
		t.Fatal(err) // the kernel queues connections; it does not refuse them
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	if _, err := conn.Write(gatewaytest.UpgradeRequest(path)); err != nil {
		return nil
	}
	first := make([]byte, 1)
	if _, err := conn.Read(first); err != nil {
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			t.Fatal("a connection is neither served nor shed")
		}
		return nil
	}
	return gatewaytest.Upgraded(t, &unread{conn, first})
}

// unread is a connection with bytes put back.
type unread struct {
	net.Conn
	back []byte
}

func (u *unread) Read(p []byte) (int, error) {
	if len(u.back) == 0 {
		return u.Conn.Read(p)
	}
	n := copy(p, u.back)
	u.back = u.back[n:]
	return n, nil
}
