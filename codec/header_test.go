package codec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// unhex reads hexadecimal bytes, spaces allowed.
func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatalf("test data %q: %v", text, err)
	}
	return b
}

var headerCases = []struct {
	name   string
	wire   string
	header ws.Header
}{
	{"empty final text", "81 00", ws.Header{Fin: true, OpCode: ws.OpText}},
	{"empty first fragment", "01 00", ws.Header{OpCode: ws.OpText}},
	{"last continuation", "80 05", ws.Header{Fin: true, OpCode: ws.OpContinuation, Length: 5}},
	{"longest 7-bit length", "82 7d", ws.Header{Fin: true, OpCode: ws.OpBinary, Length: 125}},
	{"shortest 16-bit length", "82 7e 007e", ws.Header{Fin: true, OpCode: ws.OpBinary, Length: 126}},
	{"longest 16-bit length", "82 7e ffff", ws.Header{Fin: true, OpCode: ws.OpBinary, Length: 65535}},
	{"shortest 64-bit length", "82 7f 0000000000010000", ws.Header{Fin: true, OpCode: ws.OpBinary, Length: 65536}},
	{"longest 64-bit length", "82 7f 7fffffffffffffff", ws.Header{Fin: true, OpCode: ws.OpBinary, Length: math.MaxInt64}},
	{"masked", "81 85 37fa213d", ws.Header{Fin: true, OpCode: ws.OpText, Masked: true, Mask: [4]byte{0x37, 0xfa, 0x21, 0x3d}, Length: 5}},
	{"masked, 16-bit", "81 fe 0100 01020304", ws.Header{Fin: true, OpCode: ws.OpText, Masked: true, Mask: [4]byte{1, 2, 3, 4}, Length: 256}},
	{"masked, 64-bit", "81 ff 0000000100000000 01020304", ws.Header{Fin: true, OpCode: ws.OpText, Masked: true, Mask: [4]byte{1, 2, 3, 4}, Length: 1 << 32}},
	{"zero key", "89 80 00000000", ws.Header{Fin: true, OpCode: ws.OpPing, Masked: true}},
	{"every bit", "ff fe ffff ffffffff", ws.Header{Fin: true, Rsv: 7, OpCode: 0xf, Masked: true, Mask: [4]byte{255, 255, 255, 255}, Length: 65535}},
	{"RSV1", "c1 00", ws.Header{Fin: true, Rsv: 4, OpCode: ws.OpText}},
	{"RSV2", "a1 00", ws.Header{Fin: true, Rsv: 2, OpCode: ws.OpText}},
	{"RSV3", "91 00", ws.Header{Fin: true, Rsv: 1, OpCode: ws.OpText}},
	{"close", "88 02", ws.Header{Fin: true, OpCode: ws.OpClose, Length: 2}},
	{"pong", "8a 00", ws.Header{Fin: true, OpCode: ws.OpPong}},
}

func TestHeaderBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range headerCases {
		wire := unhex(t, c.wire)
		if got := AppendHeader([]byte("dst"), c.header); !bytes.Equal(got, append([]byte("dst"), wire...)) {
			t.Errorf("%s: AppendHeader gave %x, want dst and %x", c.name, got, wire)
		}
		if got := HeaderLen(c.header); got != len(wire) {
			t.Errorf("%s: HeaderLen gave %d, want %d", c.name, got, len(wire))
		}
		followed := append(bytes.Clone(wire), 0xee, 0xee)
		h, n, err := ParseHeader(followed)
		if h != c.header || n != len(wire) || err != nil {
			t.Errorf("%s: ParseHeader gave %+v, %d, %v; want %+v, %d", c.name, h, n, err, c.header, len(wire))
		}
	}
}

func TestHeaderPrefixNeedsMore(t *testing.T) {
	t.Parallel()
	for _, c := range headerCases {
		wire := unhex(t, c.wire)
		for n := range wire {
			if _, used, err := ParseHeader(wire[:n]); used != 0 || err != nil {
				t.Errorf("%s: %d of %d bytes: got %d, %v; want 0, nil", c.name, n, len(wire), used, err)
			}
		}
	}
}

func TestHeaderRefusesALengthAsSoonAsItShows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, wire string
		shows      int // bytes after which the fault is plain
		want       error
	}{
		{"0 in 16 bits", "81 fe 0000 01020304", 4, errLengthNotMinimal},
		{"125 in 16 bits", "81 fe 007d 01020304", 4, errLengthNotMinimal},
		{"0 in 64 bits", "81 ff 0000000000000000 01020304", 8, errLengthNotMinimal},
		{"125 in 64 bits", "81 7f 000000000000007d", 8, errLengthNotMinimal},
		{"65535 in 64 bits", "81 ff 000000000000ffff 01020304", 8, errLengthNotMinimal},
		{"top bit", "81 ff 8000000000000000 01020304", 3, errLengthTopBit},
		{"every bit", "82 7f ffffffffffffffff", 3, errLengthTopBit},
	} {
		wire := unhex(t, c.wire)
		for n := range len(wire) + 1 {
			var want error
			if n >= c.shows {
				want = c.want
			}
			if _, used, err := ParseHeader(wire[:n]); used != 0 || err != want {
				t.Errorf("%s: %d bytes: got %d, %v; want 0, %v", c.name, n, used, err, want)
			}
		}
	}
}

func TestMaxHeaderIsReached(t *testing.T) {
	t.Parallel()
	if got := HeaderLen(ws.Header{Masked: true, Length: math.MaxInt64}); got != MaxHeader {
		t.Errorf("got %d, want %d", got, MaxHeader)
	}
}

func FuzzHeader(f *testing.F) {
	for _, c := range headerCases {
		f.Add(unhex(f, c.wire))
	}
	f.Add(unhex(f, "81 7f 000000000000ffff"))
	f.Add(unhex(f, "81 7f 80"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		h, n, err := ParseHeader(b)
		if !bytes.Equal(b, before) {
			t.Fatalf("the input changed from %x to %x", before, b)
		}
		switch {
		case err != nil:
			var fault *Error
			if !errors.As(err, &fault) || fault.Code != ws.StatusProtocolError || n != 0 {
				t.Fatalf("got %d, %v; want 0 and an *Error of code 1002", n, err)
			}
			if _, _, again := ParseHeader(append(before, 0)); again != err {
				t.Fatalf("%v became %v with one more byte", err, again)
			}
		case n == 0:
			if len(b) >= MaxHeader {
				t.Fatalf("%d bytes are said to be too few", len(b))
			}
		default:
			if got := AppendHeader(nil, h); !bytes.Equal(got, b[:n]) {
				t.Fatalf("%x came back as %x", b[:n], got)
			}
			if HeaderLen(h) != n {
				t.Fatalf("HeaderLen %d, parsed %d", HeaderLen(h), n)
			}
			if _, short, err := ParseHeader(b[:n-1]); short != 0 || err != nil {
				t.Fatalf("one byte less gave %d, %v; want 0, nil", short, err)
			}
		}
	})
}

func BenchmarkHeader(b *testing.B) {
	header := ws.Header{Fin: true, OpCode: ws.OpText, Masked: true, Mask: [4]byte{1, 2, 3, 4}, Length: 64}
	wire := AppendHeader(nil, header)
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			ParseHeader(wire)
		}
	})
	b.Run("parse and check by pointer", func(b *testing.B) {
		for b.Loop() {
			var h ws.Header
			parseHeader(wire, &h)
			check(&h, State{})
		}
	})
	b.Run("append", func(b *testing.B) {
		dst := make([]byte, 0, MaxHeader)
		for b.Loop() {
			AppendHeader(dst, header)
		}
	})
}
