package codec

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/gobwas/ws"
)

var testKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// clientFrame is a masked frame with any header bits.
func clientFrame(fin bool, rsv byte, op ws.OpCode, payload string) []byte {
	h := ws.Header{Fin: fin, Rsv: rsv, OpCode: op, Masked: true, Mask: testKey, Length: int64(len(payload))}
	b := append(AppendHeader(nil, h), payload...)
	Unmask(b[len(b)-len(payload):], testKey, 0)
	return b
}

func final(op ws.OpCode, payload string) []byte { return clientFrame(true, 0, op, payload) }
func first(op ws.OpCode, payload string) []byte { return clientFrame(false, 0, op, payload) }
func middle(payload string) []byte              { return first(ws.OpContinuation, payload) }
func last(payload string) []byte                { return final(ws.OpContinuation, payload) }

func stream(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

// result is what a decoder made of a stream.
type result struct {
	units []string // "opcode payload"
	err   error
}

func (r result) String() string { return fmt.Sprintf("%q, %v", r.units, r.err) }

func sameResult(a, b result) bool { return slices.Equal(a.units, b.units) && a.err == b.err }

func unitText(u Unit) string {
	text := fmt.Sprintf("%x %s", u.Opcode, u.Payload)
	if u.Compressed {
		text = "compressed " + text
	}
	return text
}

// feed decodes p, cut so that the sizes of the pieces are what size returns,
// and holds every call against the contract of Next.
func feed(t testing.TB, d *Decoder, p []byte, lim *Limits, size func() int) (r result) {
	t.Helper()
	received := d.Buffered()
	for len(p) > 0 {
		piece := bytes.Clone(p[:min(max(size(), 1), len(p))])
		p = p[len(piece):]
		received += len(piece)
		for len(piece) > 0 {
			u, n, err := d.Next(piece, lim)
			if held := d.Buffered(); held > received {
				t.Fatalf("%d bytes buffered of %d received", held, received)
			}
			if err != nil {
				if d.part != nil {
					t.Fatalf("after %v something is still in flight", err)
				}
				r.err = err
				return r
			}
			if n < 0 || n > len(piece) || !u.Complete() && n != len(piece) {
				t.Fatalf("consumed %d of %d bytes, complete %v", n, len(piece), u.Complete())
			}
			if u.Complete() {
				checkOwnership(t, u, piece[:n])
				r.units = append(r.units, unitText(u))
			}
			piece = piece[n:]
		}
	}
	return r
}

// checkOwnership requires that u's payload lies in the bytes consumed unless it
// is owned, and that an append to it cannot reach the bytes behind it.
func checkOwnership(t testing.TB, u Unit, consumed []byte) {
	t.Helper()
	inside := false
	if len(u.Payload) > 0 {
		from := uintptr(unsafe.Pointer(unsafe.SliceData(consumed)))
		at := uintptr(unsafe.Pointer(unsafe.SliceData(u.Payload)))
		inside = at >= from && at+uintptr(len(u.Payload)) <= from+uintptr(len(consumed))
		if inside == u.Owned {
			t.Fatalf("owned %v, inside the input %v", u.Owned, inside)
		}
	}
	if !u.Owned && cap(u.Payload) != len(u.Payload) {
		t.Fatalf("borrowed payload of %d bytes has capacity %d", len(u.Payload), cap(u.Payload))
	}
}

func whole() int { return math.MaxInt }
func octet() int { return 1 }

var testLimits = &Limits{Message: 1 << 20, Fragments: 1000}

var goodStreams = []struct {
	name string
	wire []byte
	want []string
}{
	{"empty text", final(ws.OpText, ""), []string{"1 "}},
	{"text", final(ws.OpText, "Hello"), []string{"1 Hello"}},
	{"binary that is not UTF-8", final(ws.OpBinary, "\xff\xfe"), []string{"2 \xff\xfe"}},
	{"two messages", stream(final(ws.OpText, "a"), final(ws.OpBinary, "b")), []string{"1 a", "2 b"}},
	{"16-bit length", final(ws.OpText, strings.Repeat("x", 300)), []string{"1 " + strings.Repeat("x", 300)}},
	{"ping, pong, close", stream(final(ws.OpPing, "p"), final(ws.OpPong, ""), final(ws.OpClose, "\x03\xe8")),
		[]string{"9 p", "a ", "8 \x03\xe8"}},
	{"longest ping", final(ws.OpPing, strings.Repeat("\xfe", 125)), []string{"9 " + strings.Repeat("\xfe", 125)}},
	{"two fragments", stream(first(ws.OpText, "Hel"), last("lo")), []string{"1 Hello"}},
	{"empty fragments", stream(first(ws.OpText, ""), middle(""), last("")), []string{"1 "}},
	{"all in the last fragment", stream(first(ws.OpText, ""), middle(""), last("Hello")), []string{"1 Hello"}},
	{"all in the first fragment", stream(first(ws.OpBinary, "Hello"), last("")), []string{"2 Hello"}},
	{"ping between fragments", stream(first(ws.OpText, "Hel"), final(ws.OpPing, "now"), last("lo")), []string{"9 now", "1 Hello"}},
	{"many pings between fragments",
		stream(first(ws.OpText, "a"), final(ws.OpPing, "1"), middle("b"), final(ws.OpPong, "2"), final(ws.OpPing, ""), last("c")),
		[]string{"9 1", "a 2", "9 ", "1 abc"}},
	{"long pings inside a message", stream(first(ws.OpText, "a"), final(ws.OpPing, "first"), final(ws.OpPing, "second"), last("b")),
		[]string{"9 first", "9 second", "1 ab"}},
	{"close inside a message", stream(first(ws.OpText, "a"), final(ws.OpClose, "")), []string{"8 "}},
	{"message after a fragmented one", stream(first(ws.OpText, "a"), last("b"), first(ws.OpBinary, "c"), last("d"), final(ws.OpText, "e")),
		[]string{"1 ab", "2 cd", "1 e"}},
	{"character cut by fragments", stream(first(ws.OpText, "\xe2"), middle("\x82"), last("\xac")), []string{"1 €"}},
	{"valid text after binary fragments", stream(first(ws.OpBinary, "\xff"), last("\xff"), final(ws.OpText, "é")), []string{"2 \xff\xff", "1 é"}},
	{"no message complete", first(ws.OpText, "abc"), nil},
}

func TestDecoderWholeStream(t *testing.T) {
	t.Parallel()
	for _, c := range goodStreams {
		var d Decoder
		if got := feed(t, &d, c.wire, testLimits, whole); !slices.Equal(got.units, c.want) || got.err != nil {
			t.Errorf("%s: got %v, want %q", c.name, got, c.want)
		}
	}
}

func TestDecoderEverySplitIntoThree(t *testing.T) {
	t.Parallel()
	for _, c := range goodStreams {
		if len(c.wire) > 64 {
			continue // covered by the octets and the fuzzer
		}
		for i := 1; i < len(c.wire); i++ {
			for j := 1; j <= len(c.wire)-i; j++ {
				var d Decoder
				sizes := []int{i, j}
				got := feed(t, &d, c.wire, testLimits, func() int {
					if len(sizes) == 0 {
						return math.MaxInt
					}
					n := sizes[0]
					sizes = sizes[1:]
					return n
				})
				if !slices.Equal(got.units, c.want) || got.err != nil {
					t.Fatalf("%s, cut at %d and %d: got %v, want %q", c.name, i, i+j, got, c.want)
				}
			}
		}
	}
}

func TestDecoderByOctets(t *testing.T) {
	t.Parallel()
	for _, c := range goodStreams {
		var d Decoder
		if got := feed(t, &d, c.wire, testLimits, octet); !slices.Equal(got.units, c.want) || got.err != nil {
			t.Errorf("%s: got %v, want %q", c.name, got, c.want)
		}
	}
}

func TestDecoderPrefixNeedsMore(t *testing.T) {
	t.Parallel()
	for _, c := range goodStreams {
		for n := range c.wire {
			var d Decoder
			got := feed(t, &d, c.wire[:n], testLimits, whole)
			if got.err != nil || len(got.units) > len(c.want) || !slices.Equal(got.units, c.want[:len(got.units)]) {
				t.Fatalf("%s: %d of %d bytes: got %v", c.name, n, len(c.wire), got)
			}
		}
	}
}

func TestDecoderHoldsNothingBetweenMessages(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(Decoder{}); size > 8 {
		t.Errorf("an idle decoder takes %d bytes", size)
	}
	for _, c := range goodStreams {
		open := c.name == "no message complete" || c.name == "close inside a message"
		for _, size := range []func() int{whole, octet} {
			var d Decoder
			feed(t, &d, c.wire, testLimits, size)
			if (d.part != nil) != open || (d.Buffered() > 0) != open {
				t.Errorf("%s: in flight %v, %d bytes buffered; want %v", c.name, d.part != nil, d.Buffered(), open)
			}
		}
	}
}

func TestDecoderNothingFromNothing(t *testing.T) {
	t.Parallel()
	var d Decoder
	for range 2 {
		if u, n, err := d.Next(nil, testLimits); u.Complete() || n != 0 || err != nil || d.part != nil {
			t.Fatalf("got %v, %d, %v", u, n, err)
		}
	}
	wire := final(ws.OpText, "Hello")
	d.Next(wire[:3], testLimits)
	if u, n, err := d.Next(nil, testLimits); u.Complete() || n != 0 || err != nil || d.Buffered() != 3 {
		t.Fatalf("amid a header: got %v, %d, %v, %d buffered", u, n, err, d.Buffered())
	}
	if u, n, err := d.Next(wire[3:], testLimits); string(u.Payload) != "Hello" || n != len(wire)-3 || err != nil {
		t.Fatalf("got %q, %d, %v", u.Payload, n, err)
	}
}

func TestDecoderConsumesOneUnitACall(t *testing.T) {
	t.Parallel()
	one, two := final(ws.OpText, "one"), final(ws.OpPing, "two")
	p := stream(one, two)
	behind := bytes.Clone(p[len(one):])
	var d Decoder
	u, n, err := d.Next(p, testLimits)
	if string(u.Payload) != "one" || u.Owned || n != len(one) || err != nil {
		t.Fatalf("got %q, owned %v, %d, %v", u.Payload, u.Owned, n, err)
	}
	if !bytes.Equal(p[n:], behind) {
		t.Fatal("bytes behind the unit changed")
	}
}

func TestDecoderBorrowsWhatCameInOnePiece(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		pieces [][]byte
		owned  bool
	}{
		{"whole frame", [][]byte{final(ws.OpText, "Hello")}, false},
		{"cut in the header", [][]byte{final(ws.OpText, "Hello")[:4], final(ws.OpText, "Hello")[4:]}, false},
		{"cut behind the header", [][]byte{final(ws.OpText, "Hello")[:6], final(ws.OpText, "Hello")[6:]}, false},
		{"cut in the payload", [][]byte{final(ws.OpText, "Hello")[:7], final(ws.OpText, "Hello")[7:]}, true},
		{"fragmented", [][]byte{stream(first(ws.OpText, "He"), last("llo"))}, true},
		{"ping inside a message", [][]byte{stream(first(ws.OpText, "He"), final(ws.OpPing, "llo"))}, false},
		{"cut ping", [][]byte{final(ws.OpPing, "Hello")[:8], final(ws.OpPing, "Hello")[8:]}, true},
	} {
		var d Decoder
		var u Unit
		for _, piece := range c.pieces {
			u, _, _ = d.Next(bytes.Clone(piece), testLimits)
		}
		if !u.Complete() || u.Owned != c.owned {
			t.Errorf("%s: complete %v, owned %v; want owned %v", c.name, u.Complete(), u.Owned, c.owned)
		}
	}
}

func TestDecoderAsClient(t *testing.T) {
	t.Parallel()
	lim := &Limits{Message: 100, Fragments: 10, Side: Client}
	wire := stream(AppendFrame(nil, ws.OpText, []byte("Hello")), AppendFrame(nil, ws.OpPing, nil),
		[]byte("\x02\x01a"), []byte("\x80\x01b"))
	for _, size := range []func() int{whole, octet} {
		var d Decoder
		got := feed(t, &d, wire, lim, size)
		if want := []string{"1 Hello", "9 ", "2 ab"}; !slices.Equal(got.units, want) || got.err != nil {
			t.Errorf("got %v, want %q", got, want)
		}
		if got := feed(t, &d, final(ws.OpText, "masked"), lim, size); got.err != errMasked {
			t.Errorf("masked frame: got %v, want %v", got, errMasked)
		}
	}
}

func TestDecoderLeavesCompressedTextUnchecked(t *testing.T) {
	t.Parallel()
	lim := &Limits{Message: 100, Fragments: 10, Compression: true}
	wire := stream(
		clientFrame(true, rsv1, ws.OpText, "\xff\x00"),
		clientFrame(false, rsv1, ws.OpText, "\xff"), last("\x01"),
		final(ws.OpText, "plain"),
	)
	for _, size := range []func() int{whole, octet} {
		var d Decoder
		got := feed(t, &d, wire, lim, size)
		if want := []string{"compressed 1 \xff\x00", "compressed 1 \xff\x01", "1 plain"}; !slices.Equal(got.units, want) || got.err != nil {
			t.Errorf("got %v, want %q", got, want)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	text := []byte(strings.Repeat("a", 64))
	for _, op := range []ws.OpCode{ws.OpBinary, ws.OpText} {
		wire := AppendMaskedFrame(nil, op, text, [4]byte{}) // a zero key leaves the frame as it is
		b.Run(fmt.Sprintf("whole/opcode %d", op), func(b *testing.B) {
			var d Decoder
			b.ReportAllocs()
			for b.Loop() {
				d.Next(wire, testLimits)
			}
		})
		b.Run(fmt.Sprintf("cut in the payload/opcode %d", op), func(b *testing.B) {
			var d Decoder
			b.ReportAllocs()
			for b.Loop() {
				d.Next(wire[:40], testLimits)
				d.Next(wire[40:], testLimits)
			}
		})
	}
}
