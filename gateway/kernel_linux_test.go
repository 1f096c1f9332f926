package gateway_test

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// TestKernelTakesLittleForAPeerThatDoesNotRead fills a session's queue and
// compares what the kernel took with what has reached the peer's own kernel.
func TestKernelTakesLittleForAPeerThatDoesNotRead(t *testing.T) {
	for _, test := range []struct {
		name        string
		limit       int
		least, most int
	}{
		{"by default", 0, 1, 64 << 10},
		{"with 16 KiB", 16 << 10, 1, 40 << 10},
		{"with the kernel's choice of buffer", -1, 1, 64 << 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, sessions := introduced()
			config := serving(gateway.Config{}, h, gateway.Inline)
			config.Limits.KernelSend = test.limit
			config.Limits.Outbound = 8 << 20
			n := gatewaytest.Start(t, config)
			c := n.Frozen(t, "/")
			s := <-sessions
			before := n.Totals(t).BytesOut
			const total = 6 << 20
			for range total >> 10 {
				if err := s.Send(gateway.Binary, make([]byte, 1<<10)); err != nil {
					t.Fatal(err)
				}
			}
			n.Eventually(t, func() bool { return n.Totals(t).MessagesOut == total>>10 }, "the messages to be queued")
			var held int
			n.Eventually(t, func() bool {
				held = int(n.Totals(t).BytesOut-before) - received(t, c.Conn().(*net.TCPConn))
				return held <= test.most
			}, "the peer's kernel to have what it has room for")
			if waiting := n.Totals(t).OutboundBytes; held < test.least || waiting == 0 {
				t.Errorf("the kernel holds %d bytes and %d wait; want %d to %d, and some", held, waiting, test.least, test.most)
			}
		})
	}
}

// received returns how many bytes conn's kernel has for its reader.
func received(t *testing.T, conn *net.TCPConn) int {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if failed := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.SIOCINQ) }); failed != nil || err != nil {
		t.Fatalf("SIOCINQ: %v, %v", failed, err)
	}
	return n
}
