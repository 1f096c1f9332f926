package bench

import (
	"bytes"
	"math/rand/v2"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
)

// The attacks after the upgrade, but for those on compression.

// attackKey masks all frames of attackers: they need no protection from a proxy.
var attackKey = [4]byte{0x3c, 0x5f, 0xa1, 0x96}

// masked returns a client's frame.
func masked(h ws.Header, payload []byte) []byte {
	h.Masked, h.Mask, h.Length = true, attackKey, int64(len(payload))
	b := codec.AppendHeader(nil, h)
	start := len(b)
	b = append(b, payload...)
	codec.Unmask(b[start:], h.Mask, 0)
	return b
}

func whole(op ws.OpCode, payload []byte) []byte {
	return masked(ws.Header{Fin: true, OpCode: op}, payload)
}

func slowFrames(*Target) attacker {
	return drip{again: whole(ws.OpText, bytes.Repeat([]byte("a"), 32<<10))}
}

func hugeLength(*Target) attacker {
	header := codec.AppendHeader(nil, ws.Header{Fin: true, OpCode: ws.OpBinary, Masked: true, Mask: attackKey, Length: 1 << 62})
	return newFlood(header, make([]byte, 4<<10))
}

func fragmentFlood(*Target) attacker {
	of := func(payload []byte) attacker {
		return newFlood(masked(ws.Header{OpCode: ws.OpText}, payload), masked(ws.Header{OpCode: ws.OpContinuation}, payload))
	}
	return inTurn{of([]byte("a")), of(nil)}
}

// pingFlood sends pings of the longest payload (RFC 6455 §5.5): a server that
// keeps an answer to each keeps the most.
func pingFlood(*Target) attacker { return newFlood(nil, whole(ws.OpPing, make([]byte, 125))) }

func messageFlood(*Target) attacker { return newFlood(nil, whole(ws.OpBinary, make([]byte, 4<<10))) }

// closeStall has one connection begin the close handshake and the next provoke
// the server to, with an opcode that RFC 6455 §5.2 reserves.
func closeStall(*Target) attacker {
	return each{
		whole(ws.OpClose, ws.NewCloseFrameBody(ws.StatusNormalClosure, "")),
		whole(3, nil),
	}
}

// noise sends random bytes, other ones on each connection.
type noise []byte

// noiseFrame is what counts as one frame of noise, in bytes.
const noiseFrame = 256

func randomBytes(*Target) attacker {
	n := make(noise, 1<<20)
	random := rand.New(rand.NewPCG(6455, 15)) // the same in every run
	for i := range n {
		n[i] = byte(random.Uint32())
	}
	return n
}

func (n noise) next(number, sent uint64, most int) ([]byte, int) {
	places := uint64(len(n) / noiseFrame)
	place := (number*31 + sent) % places
	frames := min(uint64(most), places-place, floodBytes/noiseFrame)
	return n[place*noiseFrame:][:frames*noiseFrame], int(frames)
}
