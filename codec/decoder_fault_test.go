package codec

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// badStreams name the fault and the bytes that show it, so that the decoder can
// be held to fail neither earlier nor later.
var badStreams = []struct {
	name  string
	wire  []byte
	shows int
	units []string
	want  error
}{
	{"reserved bit", clientFrame(true, 4, ws.OpText, "x"), 6, nil, errReserved},
	{"reserved bit on a close", clientFrame(true, 7, ws.OpClose, ""), 6, nil, errReserved},
	{"reserved opcode", final(0x3, ""), 6, nil, errOpcode},
	{"good text, reserved opcode, ping", stream(final(ws.OpText, "a"), final(0xb, ""), final(ws.OpPing, "")), 13, []string{"1 a"}, errOpcode},
	{"unmasked", []byte("\x81\x01a"), 2, nil, errUnmasked},
	{"long ping", final(ws.OpPing, strings.Repeat("x", 126)), 8, nil, errControlLong},
	{"fragmented ping", stream(first(ws.OpPing, "a"), last("b")), 6, nil, errControlFragment},
	{"stray continuation", stream(last("a"), final(ws.OpText, "b")), 6, nil, errNoMessage},
	{"stray continuation after a message", stream(first(ws.OpText, "a"), last("b"), middle("c")), 20, []string{"1 ab"}, errNoMessage},
	{"text inside a message", stream(first(ws.OpText, "a"), final(ws.OpText, "b")), 13, nil, errMessageOpen},
	{"length not minimal", []byte("\x81\xfe\x00\x05\x01\x02\x03\x04"), 4, nil, errLengthNotMinimal},
	{"length with top bit", []byte("\x81\xff\x80\x00\x00\x00"), 3, nil, errLengthTopBit},
	{"reserved bit amid a message", stream(first(ws.OpText, "a"), clientFrame(true, 2, ws.OpContinuation, "b")), 13, nil, errReserved},
	{"not minimal amid a message", stream(first(ws.OpText, "a"), []byte("\x80\xfe\x00\x05")), 11, nil, errLengthNotMinimal},
}

// badTexts are 1007; shows counts payload bytes of an unfragmented frame.
var badTexts = []struct {
	name  string
	text  string
	shows int
}{
	{"above U+10FFFF", "κ\u1f79σμε\xf4\x90\x80\x80edited", 13},
	{"surrogate", "ab\xed\xa0\x80", 4},
	{"lone continuation", "\x80abc", 1},
	{"ends in a character", "abc\xe2\x82", 5},
}

func TestDecoderRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range badStreams {
		for _, size := range []func() int{whole, octet} {
			for n := range len(c.wire) + 1 {
				var d Decoder
				got := feed(t, &d, c.wire[:n], testLimits, size)
				if n < c.shows && got.err != nil {
					t.Fatalf("%s: refused after %d bytes, it shows after %d: %v", c.name, n, c.shows, got.err)
				}
				if n >= c.shows && !sameResult(got, result{c.units, c.want}) {
					t.Fatalf("%s: after %d bytes: got %v, want %q, %v", c.name, n, got, c.units, c.want)
				}
			}
		}
	}
}

func TestDecoderRefusesTextAtTheFirstBadByte(t *testing.T) {
	t.Parallel()
	for _, c := range badTexts {
		const header = 6
		fragmented := [][]byte{first(ws.OpText, "")}
		for i := range len(c.text) {
			fragmented = append(fragmented, middle(c.text[i:i+1]))
		}
		fragmented = append(fragmented, last(""))
		for _, shape := range []struct {
			name  string
			wire  []byte
			shows int
		}{
			{"one frame", final(ws.OpText, c.text), header + c.shows},
			{"fragments", stream(fragmented...), header + 7*c.shows},
		} {
			if c.name == "ends in a character" { // only the end of the message shows it
				shape.shows = len(shape.wire)
			}
			for n := range len(shape.wire) + 1 {
				for _, size := range []func() int{whole, octet} {
					var want error
					if n >= shape.shows {
						want = errText
					}
					var d Decoder
					if got := feed(t, &d, shape.wire[:n], testLimits, size); got.err != want || len(got.units) > 0 {
						t.Fatalf("%s, %s: after %d bytes: got %v, want %v", c.name, shape.name, n, got, want)
					}
				}
			}
		}
	}
}

func TestDecoderTextFaultAfterAPing(t *testing.T) {
	t.Parallel()
	var d Decoder
	got := feed(t, &d, stream(first(ws.OpText, "a\xe2"), final(ws.OpPing, "\xff"), last(" ")), testLimits, whole)
	if want := (result{[]string{"9 \xff"}, errText}); !sameResult(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDecoderMessageLimit(t *testing.T) {
	t.Parallel()
	lim := &Limits{Message: 10, Fragments: 100}
	huge := AppendHeader(nil, ws.Header{Fin: true, OpCode: ws.OpBinary, Masked: true, Length: math.MaxInt64})
	for _, c := range []struct {
		name  string
		wire  []byte
		units []string
		want  error
	}{
		{"exactly", final(ws.OpText, "0123456789"), []string{"1 0123456789"}, nil},
		{"exactly, in fragments", stream(first(ws.OpText, "01234"), last("56789")), []string{"1 0123456789"}, nil},
		{"one more", final(ws.OpText, "0123456789a"), nil, errTooBig},
		{"one more, only the header", final(ws.OpText, "0123456789a")[:6], nil, errTooBig},
		{"one more, in fragments", stream(first(ws.OpText, "01234"), last("56789a")[:6]), nil, errTooBig},
		{"the largest length", huge, nil, errTooBig},
		{"the largest length in a later fragment", stream(first(ws.OpText, "a"),
			AppendHeader(nil, ws.Header{OpCode: ws.OpContinuation, Masked: true, Length: math.MaxInt64})), nil, errTooBig},
		{"control frames do not count", stream(first(ws.OpText, "01234"), final(ws.OpPing, "0123456789abc"), last("56789")),
			[]string{"9 0123456789abc", "1 0123456789"}, nil},
		{"each message counts for itself", stream(final(ws.OpText, "0123456789"), final(ws.OpText, "0123456789")),
			[]string{"1 0123456789", "1 0123456789"}, nil},
	} {
		for _, size := range []func() int{whole, octet} {
			var d Decoder
			if got := feed(t, &d, c.wire, lim, size); !sameResult(got, result{c.units, c.want}) {
				t.Errorf("%s: got %v, want %q, %v", c.name, got, c.units, c.want)
			}
		}
	}
	var fault *Error
	if !errors.As(error(errTooBig), &fault) || fault.Code != 1009 || errTooManyFragments.Code != 1009 {
		t.Errorf("codes are %d and %d, want 1009", fault.Code, errTooManyFragments.Code)
	}
}

func TestDecoderFragmentLimit(t *testing.T) {
	t.Parallel()
	lim := &Limits{Message: 10, Fragments: 3}
	for _, c := range []struct {
		name string
		wire []byte
		want error
	}{
		{"three", stream(first(ws.OpText, ""), middle(""), last("")), nil},
		{"twice three", stream(first(ws.OpText, ""), middle(""), last(""), first(ws.OpText, ""), middle(""), last("")), nil},
		{"three and pings", stream(first(ws.OpText, ""), final(ws.OpPing, ""), middle(""), final(ws.OpPing, ""), last("")), nil},
		{"four", stream(first(ws.OpText, ""), middle(""), middle(""), last("")), errTooManyFragments},
		{"endless empty ones", stream(append([][]byte{first(ws.OpText, "")}, slices.Repeat([][]byte{middle("")}, 50)...)...), errTooManyFragments},
	} {
		for _, size := range []func() int{whole, octet} {
			var d Decoder
			if got := feed(t, &d, c.wire, lim, size); got.err != c.want {
				t.Errorf("%s: got %v, want %v", c.name, got.err, c.want)
			}
		}
	}
}

func TestDecoderZeroLimitsAdmitOnlyEmptyMessages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		wire []byte
		want error
	}{
		{"empty", final(ws.OpText, ""), nil},
		{"ping", final(ws.OpPing, "alive"), nil},
		{"one byte", final(ws.OpText, "a"), errTooBig},
		{"fragmented", stream(first(ws.OpText, ""), last("")), errTooManyFragments},
	} {
		var d Decoder
		if got := feed(t, &d, c.wire, &Limits{}, whole); got.err != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got.err, c.want)
		}
	}
}

func TestDecoderSurvivesLimitsThatShrink(t *testing.T) {
	t.Parallel()
	wire := final(ws.OpBinary, strings.Repeat("x", 100))
	var d Decoder
	feed(t, &d, wire[:50], testLimits, whole)
	got := feed(t, &d, wire[50:], &Limits{Message: 10}, octet)
	if len(got.units) != 1 || got.err != nil {
		t.Errorf("a frame admitted before: got %v", got)
	}
	feed(t, &d, first(ws.OpText, strings.Repeat("x", 100)), testLimits, octet)
	if got := feed(t, &d, last(""), &Limits{Message: 10, Fragments: 9}, octet); got.err != errTooBig {
		t.Errorf("a further fragment: got %v, want %v", got, errTooBig)
	}
}

func TestDecoderMemoryFollowsWhatArrived(t *testing.T) {
	t.Parallel()
	const declared = 1 << 30
	lim := &Limits{Message: declared, Fragments: 10}
	for _, fin := range []bool{true, false} {
		var d Decoder
		h := ws.Header{Fin: fin, OpCode: ws.OpBinary, Masked: true, Mask: testKey, Length: declared}
		feed(t, &d, AppendHeader(nil, h), lim, whole)
		if held := cap(d.part.message.payload); held != 0 {
			t.Fatalf("final %v: a header alone makes the decoder hold %d bytes", fin, held)
		}
		for arrived := 100; arrived < 1<<17; arrived += 100 {
			d.Next(make([]byte, 100), lim)
			if held := cap(d.part.message.payload); held >= 2*arrived || d.Buffered() != arrived {
				t.Fatalf("final %v: %d bytes held, %d buffered, %d arrived", fin, held, d.Buffered(), arrived)
			}
		}
	}
}

func TestDecoderLeavesNoSlackInAWholeFrame(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 100, 1000, 65536, 100_000} {
		for _, step := range []int{1, 7, 1000, 4096} {
			wire := final(ws.OpBinary, strings.Repeat("x", n))
			var d Decoder
			for len(wire) > 0 {
				piece := bytes.Clone(wire[:min(step, len(wire))])
				wire = wire[len(piece):]
				u, _, err := d.Next(piece, testLimits)
				if err != nil {
					t.Fatalf("%d bytes by %d: %v", n, step, err)
				}
				if u.Owned && cap(u.Payload) != n {
					t.Errorf("%d bytes by %d: capacity %d", n, step, cap(u.Payload))
				}
			}
		}
	}
}
