package conformance_test

import (
	"crypto/rand"
	"encoding/binary"
	"strings"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
)

// A frame is built as octets, legal or not. Clients mask with a key that is
// new for each frame (RFC 6455 §5.3).

func masked(h ws.Header, payload string) []byte {
	h.Masked = true
	rand.Read(h.Mask[:])
	h.Length = int64(len(payload))
	wire := append(codec.AppendHeader(nil, h), payload...)
	codec.Unmask(wire[len(wire)-len(payload):], h.Mask, 0)
	return wire
}

// final is a frame that ends its message.
func final(op ws.OpCode, payload string) []byte {
	return masked(ws.Header{Fin: true, OpCode: op}, payload)
}

// begin is a frame that its message continues after.
func begin(op ws.OpCode, payload string) []byte { return masked(ws.Header{OpCode: op}, payload) }

// more and last continue a message.
func more(payload string) []byte { return begin(ws.OpContinuation, payload) }
func last(payload string) []byte { return final(ws.OpContinuation, payload) }

// reserved is a final frame with RSV bits.
func reserved(rsv byte, op ws.OpCode, payload string) []byte {
	return masked(ws.Header{Fin: true, Rsv: rsv, OpCode: op}, payload)
}

func text(payload string) []byte { return final(ws.OpText, payload) }
func ping(payload string) []byte { return final(ws.OpPing, payload) }

// bye is a close frame with a code, which may be one that must not be sent.
func bye(code int, reason string) []byte {
	return final(ws.OpClose, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

// fragments is a message in fragments of size octets, the last of them final.
func fragments(op ws.OpCode, payload string, size int) (frames [][]byte) {
	for len(payload) > size {
		frames = append(frames, begin(op, payload[:size]))
		op, payload = ws.OpContinuation, payload[size:]
	}
	return append(frames, final(op, payload))
}

// openFragments is a message in fragments of size octets and an empty final
// frame.
func openFragments(op ws.OpCode, payload string, size int) (frames [][]byte) {
	for payload != "" {
		n := min(size, len(payload))
		frames = append(frames, begin(op, payload[:n]))
		op, payload = ws.OpContinuation, payload[n:]
	}
	return append(frames, final(op, ""))
}

// printable is n octets of ASCII that differ from place to place, over again after
// 8460.
func printable(n int) string {
	var period [90 * 94]byte
	for i := range period {
		period[i] = '!' + byte((i*7+i/90)%94)
	}
	return strings.Repeat(string(period[:]), n/len(period)+1)[:n]
}

func echoOf(op ws.OpCode, payload string) event { return event{op, []byte(payload)} }
func pongOf(payload string) event               { return event{ws.OpPong, []byte(payload)} }
