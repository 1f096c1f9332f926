package gateway_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec/codectest"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

func compressedFrame(op ws.OpCode, payload []byte) ws.Frame {
	f := ws.NewFrame(op, true, payload)
	f.Header.Rsv = ws.Rsv(true, false, false)
	return f
}

// receiveInflated returns the next message and whether it came compressed.
func receiveInflated(t *testing.T, c *gatewaytest.Client) (payload []byte, compressed bool) {
	t.Helper()
	f := c.ReceiveFrame()
	if f.Header.Rsv1() {
		payload, err := codectest.Inflate(f.Payload)
		if err != nil {
			t.Fatalf("inflate: %v", err)
		}
		return payload, true
	}
	return f.Payload, false
}

func offering(offer string) gatewaytest.Option {
	return gatewaytest.Header("Sec-WebSocket-Extensions", offer)
}

func compressing(config gateway.Config) gateway.Config {
	config.Compression.Enabled = true
	return config
}

func TestCompressedEcho(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		n := gatewaytest.Start(t, compressing(echoing(config, d)))
		c := n.Dial(t, "/", offering("permessage-deflate; client_max_window_bits"))
		if !strings.HasPrefix(c.Extensions, "permessage-deflate") {
			t.Fatalf("the gateway agreed on %q", c.Extensions)
		}
		for _, size := range []int{0, 1, 255, 256, 10_000, 60_000} {
			payload := bytes.Repeat([]byte("all the same "), size/13+1)[:size]
			c.SendFrame(compressedFrame(ws.OpText, codectest.Deflate(payload)))
			got, compressed := receiveInflated(t, c)
			if !bytes.Equal(got, payload) {
				t.Fatalf("%d bytes come back as %d others", size, len(got))
			}
			if want := size >= 256; compressed != want {
				t.Errorf("%d bytes: compressed is %t, want %t", size, compressed, want)
			}
		}
		c.SendText("in the clear")
		c.ExpectText("in the clear")
	})
}

func TestCompressionNeedsBothSides(t *testing.T) {
	text := strings.Repeat("compressible ", 100)
	t.Run("the gateway does not", func(t *testing.T) {
		n := gatewaytest.Start(t, echoing(gateway.Config{}, gateway.Inline))
		c := n.Dial(t, "/", offering("permessage-deflate"))
		c.SendFrame(compressedFrame(ws.OpText, codectest.Deflate([]byte(text))))
		c.ExpectClose(ws.StatusProtocolError)
	})
	t.Run("the client does not", func(t *testing.T) {
		n := gatewaytest.Start(t, compressing(echoing(gateway.Config{}, gateway.Inline)))
		c := n.Dial(t, "/")
		c.SendText(text)
		c.ExpectText(text)
	})
	t.Run("the route does not", func(t *testing.T) {
		config := compressing(echoing(gateway.Config{}, gateway.Inline))
		config.Routes[0].Compression = &gateway.Compression{}
		n := gatewaytest.Start(t, config)
		c := n.Dial(t, "/", offering("permessage-deflate"))
		c.SendText(text)
		c.ExpectText(text)
	})
}

func TestBroadcastReachesEachClientAsItAgreed(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config = compressing(config)
		config.Hubs = []gateway.HubConfig{{Name: "room"}}
		n := gatewaytest.Start(t, config)
		const path = "/client/hubs/room"
		offers := []string{"", "permessage-deflate", "permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=8", ""}
		var clients []*gatewaytest.Client
		for _, offer := range offers {
			if offer == "" {
				clients = append(clients, n.Dial(t, path))
			} else {
				clients = append(clients, n.Dial(t, path, offering(offer)))
			}
		}
		n.Eventually(t, func() bool { return n.Totals(t).Sessions == len(clients) }, "the sessions")
		for _, size := range []int{100, 5000, 100_000} {
			payload := patterned(size)
			n.Gateway.Hub("room").Publish(gateway.Publication{Type: gateway.Binary, Payload: payload})
			for i, c := range clients {
				got, compressed := receiveInflated(t, c)
				if !bytes.Equal(got, payload) {
					t.Errorf("%d bytes to %q: %d others arrive", size, offers[i], len(got))
				}
				if want := offers[i] != "" && size >= 256; compressed != want {
					t.Errorf("%d bytes to %q: compressed is %t, want %t", size, offers[i], compressed, want)
				}
			}
		}
	})
}

func TestBadCompressedMessages(t *testing.T) {
	bomb := codectest.Deflate(make([]byte, 5<<20))
	for _, tt := range []struct {
		name    string
		frames  []ws.Frame
		code    ws.StatusCode
		becomes gateway.Reason
	}{
		{"a bomb", []ws.Frame{compressedFrame(ws.OpBinary, bomb)}, ws.StatusMessageTooBig, gateway.ReasonMessageTooBig},
		{"a bomb in fragments", fragments(compressedFrame(ws.OpBinary, bomb), 1000), ws.StatusMessageTooBig, gateway.ReasonMessageTooBig},
		{"no deflate data", []ws.Frame{compressedFrame(ws.OpBinary, []byte("\xff\xff\xff\xff"))}, ws.StatusInvalidFramePayloadData, gateway.ReasonInvalidText},
		{"empty blocks, each with codes of its own", []ws.Frame{compressedFrame(ws.OpBinary, bytes.Repeat(emptyBlock, 4000))}, ws.StatusPolicyViolation, gateway.ReasonCostlyMessage},
		{"no text", []ws.Frame{compressedFrame(ws.OpText, codectest.Deflate([]byte("\xc3\x28 is not UTF-8")))}, ws.StatusInvalidFramePayloadData, gateway.ReasonInvalidText},
		{"a compressed ping", []ws.Frame{compressedFrame(ws.OpPing, []byte("x"))}, ws.StatusProtocolError, gateway.ReasonProtocolError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
				n := gatewaytest.Start(t, compressing(echoing(config, d)))
				c := n.Dial(t, "/", offering("permessage-deflate"))
				for _, f := range tt.frames {
					c.SendFrame(f)
				}
				c.ExpectClose(tt.code)
				n.AwaitReason(t, tt.becomes, 1)
			})
		})
	}
}

// emptyBlock is a final block that has the reader make tables for Huffman codes,
// and yields nothing.
var emptyBlock = []byte("\x05\xc0\x81\x00\x00\x00\x00\x00\x90\xff\x6b\x00")

// fragments cuts a frame into several of at most size bytes.
func fragments(f ws.Frame, size int) []ws.Frame {
	var cut []ws.Frame
	for payload, header := f.Payload, f.Header; ; header.OpCode, header.Rsv = ws.OpContinuation, 0 {
		n := min(size, len(payload))
		header.Fin, header.Length = n == len(payload), int64(n)
		cut = append(cut, ws.Frame{Header: header, Payload: bytes.Clone(payload[:n])})
		if payload = payload[n:]; header.Fin {
			return cut
		}
	}
}
