package gateway_test

import (
	"fmt"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

func TestControlFloodIsClosedWithPolicyViolation(t *testing.T) {
	for _, frame := range []ws.Frame{ws.NewPingFrame(nil), ws.NewPongFrame([]byte("unasked"))} {
		t.Run(fmt.Sprintf("opcode %#x", frame.Header.OpCode), func(t *testing.T) {
			config := echoing(gateway.Config{}, gateway.Inline)
			config.Limits.ControlFrames = 20
			n := gatewaytest.Start(t, config)
			bystander := n.Dial(t, "/")
			c := n.Dial(t, "/")
			var flood []byte
			for range 3 * config.Limits.ControlFrames { // over the limit, even across two seconds
				flood = append(flood, gatewaytest.Masked(frame)...)
			}
			c.Write(flood)
			pongs := 0
			f := c.ReceiveFrame()
			for ; f.Header.OpCode == ws.OpPong; f = c.ReceiveFrame() {
				pongs++
			}
			code, _ := ws.ParseCloseFrameData(f.Payload)
			if f.Header.OpCode != ws.OpClose || code != ws.StatusPolicyViolation {
				t.Errorf("received opcode %#x with code %d, want a close frame with 1008", f.Header.OpCode, code)
			}
			if pongs > 2*config.Limits.ControlFrames {
				t.Errorf("%d pongs, want at most %d in each of two seconds", pongs, config.Limits.ControlFrames)
			}
			n.AwaitReason(t, gateway.ReasonControlFlood, 1)
			bystander.SendText("still served")
			bystander.ExpectText("still served")
		})
	}
}

// TestPingsToAFullConnectionShareOneAnswer: RFC 6455 §5.5.3 lets the answer to
// the latest ping stand for the ones before it.
func TestPingsToAFullConnectionShareOneAnswer(t *testing.T) {
	const count = 1500
	n, c := behindAFullQueue(t, gateway.Config{}, count)
	in := n.Totals(t).BytesIn
	var pings []byte
	for i := range 50 {
		pings = append(pings, gatewaytest.Masked(ws.NewPingFrame([]byte{byte(i)}))...)
	}
	c.Write(pings)
	n.Eventually(t, func() bool { return n.Totals(t).BytesIn == in+uint64(len(pings)) }, "the pings to arrive")
	c.Conn().(interface{ SetReadBuffer(int) error }).SetReadBuffer(1 << 20)
	var pongs [][]byte
	for messages := 0; messages < count; {
		if f := c.ReceiveFrame(); f.Header.OpCode == ws.OpPong {
			pongs = append(pongs, f.Payload)
		} else {
			messages++
		}
	}
	if len(pongs) != 1 || len(pongs[0]) != 1 || pongs[0][0] != 49 {
		t.Errorf("pongs %v, want one that answers the latest ping", pongs)
	}
}
