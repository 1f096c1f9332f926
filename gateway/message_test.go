package gateway_test

import (
	"fmt"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

const messageLimit = 100_000

func echoing(config gateway.Config, d gateway.Dispatch) gateway.Config {
	config.Limits.Message = messageLimit
	return serving(config, gateway.Echo(), d)
}

func TestMessageSizes(t *testing.T) {
	sizes := []int{0, 1, 125, 126, 65535, 65536, messageLimit}
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		n := gatewaytest.Start(t, echoing(config, d))
		c := n.Dial(t, "/")
		for _, size := range sizes {
			for _, kind := range []gateway.MessageType{gateway.Text, gateway.Binary} {
				c.Send(kind, patterned(size))
				c.Expect(kind, patterned(size))
			}
		}
		if got, want := n.Totals(t).MessagesIn, uint64(2*len(sizes)); got != want {
			t.Errorf("MessagesIn is %d, want %d", got, want)
		}
	})
}

// fragmented returns the frames of one message, with a ping before each but the
// first.
func fragmented(kind gateway.MessageType, parts ...string) []byte {
	var wire []byte
	for i, part := range parts {
		op := ws.OpContinuation
		if i == 0 {
			op = ws.OpCode(kind)
		} else {
			wire = append(wire, gatewaytest.Masked(ws.NewPingFrame(fmt.Appendf(nil, "ping %d", i)))...)
		}
		wire = append(wire, gatewaytest.Masked(ws.NewFrame(op, i == len(parts)-1, []byte(part)))...)
	}
	return wire
}

func TestPingsAmidFragmentsAreAnsweredBeforeTheMessage(t *testing.T) {
	// The character ä is cut between the first two fragments.
	parts := []string{"M\xc3", "\xa4rz ", "", "2026"}
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		c := gatewaytest.Start(t, echoing(config, d)).Dial(t, "/")
		c.Write(fragmented(gateway.Text, parts...))
		for i := 1; i < len(parts); i++ {
			f := c.ReceiveFrame()
			if want := fmt.Sprintf("ping %d", i); f.Header.OpCode != ws.OpPong || string(f.Payload) != want {
				t.Fatalf("received opcode %#x %q, want a pong with %q", f.Header.OpCode, f.Payload, want)
			}
		}
		c.ExpectText("März 2026")
	})
}

func TestMessagesByteByByte(t *testing.T) {
	wire := append(fragmented(gateway.Text, "one ", "two"), gatewaytest.Masked(ws.NewBinaryFrame(patterned(300)))...)
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		c := gatewaytest.Start(t, echoing(config, d)).Dial(t, "/")
		for i := range wire {
			c.Write(wire[i : i+1])
		}
		c.ExpectText("one two")
		c.Expect(gateway.Binary, patterned(300))
	})
}

func TestManyMessagesInOneSegment(t *testing.T) {
	const count = 500
	var wire []byte
	for i := range count {
		wire = append(wire, gatewaytest.Masked(ws.NewTextFrame(fmt.Appendf(nil, "message %d", i)))...)
	}
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		c := gatewaytest.Start(t, echoing(config, d)).Dial(t, "/")
		c.Write(wire)
		for i := range count {
			c.ExpectText(fmt.Sprintf("message %d", i))
		}
	})
}

func TestIllegalInputFailsTheConnection(t *testing.T) {
	masked := func(h ws.Header, payload []byte) []byte {
		h.Length = int64(len(payload))
		return gatewaytest.Masked(ws.Frame{Header: h, Payload: payload})
	}
	header := func(length int64) []byte {
		wire := ws.MustCompileFrame(ws.Frame{Header: ws.Header{Fin: true, OpCode: ws.OpBinary, Masked: true, Length: length}})
		return wire
	}
	cases := []struct {
		name   string
		wire   []byte
		reason gateway.Reason
	}{
		{"too big", masked(ws.Header{Fin: true, OpCode: ws.OpBinary}, patterned(messageLimit+1)), gateway.ReasonMessageTooBig},
		{"claims to be too big", header(1 << 40), gateway.ReasonMessageTooBig},
		{"fragments too big together", fragmented(gateway.Binary, string(patterned(messageLimit)), "x"), gateway.ReasonMessageTooBig},
		{"text not UTF-8", masked(ws.Header{Fin: true, OpCode: ws.OpText}, []byte("\xff")), gateway.ReasonInvalidText},
		{"fragmented text not UTF-8", fragmented(gateway.Text, "\xc3", "("), gateway.ReasonInvalidText},
		{"unmasked", ws.MustCompileFrame(ws.NewTextFrame([]byte("naked"))), gateway.ReasonProtocolError},
		{"RSV1", masked(ws.Header{Fin: true, OpCode: ws.OpText, Rsv: 4}, nil), gateway.ReasonProtocolError},
		{"RSV3", masked(ws.Header{Fin: true, OpCode: ws.OpText, Rsv: 1}, nil), gateway.ReasonProtocolError},
		{"reserved data opcode", masked(ws.Header{Fin: true, OpCode: 3}, nil), gateway.ReasonProtocolError},
		{"reserved control opcode", masked(ws.Header{Fin: true, OpCode: 0xB}, nil), gateway.ReasonProtocolError},
		{"continuation of nothing", masked(ws.Header{Fin: true, OpCode: ws.OpContinuation}, nil), gateway.ReasonProtocolError},
		{"text amid a message", append(masked(ws.Header{OpCode: ws.OpText}, nil), masked(ws.Header{Fin: true, OpCode: ws.OpText}, nil)...), gateway.ReasonProtocolError},
		{"fragmented ping", masked(ws.Header{OpCode: ws.OpPing}, nil), gateway.ReasonProtocolError},
		{"long ping", masked(ws.Header{Fin: true, OpCode: ws.OpPing}, patterned(126)), gateway.ReasonProtocolError},
		{"close of one byte", masked(ws.Header{Fin: true, OpCode: ws.OpClose}, []byte{3}), gateway.ReasonProtocolError},
		{"close code 1005", masked(ws.Header{Fin: true, OpCode: ws.OpClose}, []byte{0x03, 0xed}), gateway.ReasonProtocolError},
		{"close reason not UTF-8", masked(ws.Header{Fin: true, OpCode: ws.OpClose}, []byte("\x03\xe8\xff")), gateway.ReasonInvalidText},
	}
	onEngines(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, echoing(config, gateway.Pooled))
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				before := n.Reason(t, tc.reason)
				c := n.Dial(t, "/")
				c.Write(tc.wire)
				if reason := c.ExpectClose(tc.reason.CloseCode()); reason == "" {
					t.Error("the close frame gives no reason")
				}
				n.AwaitReason(t, tc.reason, before+1)
			})
		}
	})
}

func TestMessagesBeforeAFaultAreHandled(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		handled := make(chan string, 4)
		h := hooks{
			message: func(_ gateway.Session, m gateway.Message) { handled <- string(m.Payload) },
			close:   func(_ gateway.Session, r gateway.Reason) { handled <- r.String() },
		}
		c := gatewaytest.Start(t, serving(config, h, d)).Dial(t, "/")
		c.Write(append(gatewaytest.Masked(ws.NewTextFrame([]byte("good"))), ws.MustCompileFrame(ws.NewTextFrame([]byte("bad")))...))
		c.ExpectClose(ws.StatusProtocolError)
		for _, want := range []string{"good", "protocol_error"} {
			if got := <-handled; got != want {
				t.Errorf("handled %q, want %q", got, want)
			}
		}
	})
}
