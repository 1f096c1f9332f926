package codec

import (
	"errors"
	"testing"

	"github.com/gobwas/ws"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	var (
		server     = State{}
		open       = State{Fragmented: true}
		deflate    = State{Compression: true}
		deflateMid = State{Compression: true, Fragmented: true}
		client     = State{Side: Client}
	)
	masked := func(fin bool, op ws.OpCode) ws.Header { return ws.Header{Fin: fin, OpCode: op, Masked: true} }
	rsv := func(h ws.Header, bits byte) ws.Header { h.Rsv = bits; return h }
	long := func(h ws.Header, n int64) ws.Header { h.Length = n; return h }
	bare := func(h ws.Header) ws.Header { h.Masked = false; return h }

	for _, c := range []struct {
		name  string
		h     ws.Header
		state State
		want  error
	}{
		{"final text", masked(true, ws.OpText), server, nil},
		{"final binary", masked(true, ws.OpBinary), server, nil},
		{"first fragment", masked(false, ws.OpText), server, nil},
		{"middle fragment", masked(false, ws.OpContinuation), open, nil},
		{"last fragment", masked(true, ws.OpContinuation), open, nil},
		{"ping", masked(true, ws.OpPing), server, nil},
		{"pong", masked(true, ws.OpPong), server, nil},
		{"close", masked(true, ws.OpClose), server, nil},
		{"ping between fragments", masked(true, ws.OpPing), open, nil},
		{"close between fragments", masked(true, ws.OpClose), open, nil},
		{"ping of 125 bytes", long(masked(true, ws.OpPing), 125), server, nil},
		{"data of any length", long(masked(true, ws.OpBinary), 1<<62), server, nil},
		{"unmasked frame to a client", bare(masked(true, ws.OpText)), client, nil},
		{"RSV1 on a compressed text", rsv(masked(true, ws.OpText), 4), deflate, nil},
		{"RSV1 on a compressed first fragment", rsv(masked(false, ws.OpBinary), 4), deflate, nil},
		{"an uncompressed message beside compressed ones", masked(true, ws.OpText), deflate, nil},

		{"RSV1 without extension", rsv(masked(true, ws.OpText), 4), server, errReserved},
		{"RSV2", rsv(masked(true, ws.OpText), 2), server, errReserved},
		{"RSV3", rsv(masked(true, ws.OpText), 1), server, errReserved},
		{"all of RSV", rsv(masked(true, ws.OpClose), 7), server, errReserved},
		{"RSV2 with compression", rsv(masked(true, ws.OpText), 2), deflate, errReserved},
		{"RSV1 and RSV3 with compression", rsv(masked(true, ws.OpText), 5), deflate, errReserved},
		{"RSV1 on a ping with compression", rsv(masked(true, ws.OpPing), 4), deflate, errReserved},
		{"RSV1 on a close with compression", rsv(masked(true, ws.OpClose), 4), deflate, errReserved},
		{"RSV1 on a continuation with compression", rsv(masked(true, ws.OpContinuation), 4), deflateMid, errReserved},
		{"opcode 3", masked(true, 0x3), server, errOpcode},
		{"opcode 7 inside a message", masked(true, 0x7), open, errOpcode},
		{"opcode 11", masked(true, 0xb), server, errOpcode},
		{"opcode 15", masked(true, 0xf), server, errOpcode},
		{"unmasked frame to a server", bare(masked(true, ws.OpText)), server, errUnmasked},
		{"unmasked ping to a server", bare(masked(true, ws.OpPing)), server, errUnmasked},
		{"masked frame to a client", masked(true, ws.OpText), client, errMasked},
		{"ping of 126 bytes", long(masked(true, ws.OpPing), 126), server, errControlLong},
		{"close of 126 bytes", long(masked(true, ws.OpClose), 126), server, errControlLong},
		{"fragmented ping", masked(false, ws.OpPing), server, errControlFragment},
		{"fragmented pong", masked(false, ws.OpPong), open, errControlFragment},
		{"continuation of nothing", masked(true, ws.OpContinuation), server, errNoMessage},
		{"middle fragment of nothing", masked(false, ws.OpContinuation), server, errNoMessage},
		{"text inside a message", masked(true, ws.OpText), open, errMessageOpen},
		{"first fragment inside a message", masked(false, ws.OpBinary), open, errMessageOpen},
	} {
		if got := Check(c.h, c.state); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestCheckRefusesWhatTheLibraryRefuses(t *testing.T) {
	t.Parallel()
	for bits := range 1 << 8 {
		h := ws.Header{Fin: bits&0x80 != 0, Rsv: byte(bits >> 4 & 7), OpCode: ws.OpCode(bits & 15)}
		for _, fragmented := range []bool{false, true} {
			for _, h.Masked = range []bool{false, true} {
				for _, h.Length = range []int64{0, 125, 126} {
					for _, side := range []Side{Server, Client} {
						theirs := ws.StateServerSide
						if side == Client {
							theirs = ws.StateClientSide
						}
						if fragmented {
							theirs = theirs.Set(ws.StateFragmented)
						}
						want := ws.CheckHeader(h, theirs) == nil
						got := Check(h, State{Side: side, Fragmented: fragmented}) == nil
						if got != want {
							t.Fatalf("%+v, side %d, fragmented %v: legal %v, ws.CheckHeader says %v", h, side, fragmented, got, want)
						}
					}
				}
			}
		}
	}
}

func TestErrorsCarryTheirCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		code ws.StatusCode
		text string
	}{
		{Check(ws.Header{OpCode: ws.OpText}, State{}), 1002, "unmasked frame from a client (RFC 6455 §5.1)"},
		{errText, 1007, "text message that is not UTF-8 (RFC 6455 §8.1)"},
		{errTooBig, 1009, "message longer than the limit (RFC 6455 §7.4.1)"},
	} {
		var fault *Error
		if !errors.As(c.err, &fault) {
			t.Errorf("%v is no *Error", c.err)
			continue
		}
		if fault.Code != c.code || fault.Error() != c.text {
			t.Errorf("got %d %q, want %d %q", fault.Code, fault.Error(), c.code, c.text)
		}
	}
}
