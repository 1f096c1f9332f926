package codec

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// The cases of Autobahn|Testsuite that a codec alone can answer, by the numbers
// the suite gives them. The gateway is run against the suite itself; these say
// sooner which part broke.

// choppings are the ways in which the suite cuts what it sends.
var choppings = []struct {
	name string
	size func() int
}{
	{"whole", whole},
	{"by octets", octet},
	{"by 997", func() int { return 997 }},
}

func TestConformance1FramingAllLengths(t *testing.T) {
	t.Parallel()
	for _, op := range []ws.OpCode{ws.OpText, ws.OpBinary} {
		for _, n := range []int{0, 125, 126, 127, 128, 65535, 65536} {
			payload := strings.Repeat("*", n)
			if op == ws.OpBinary {
				payload = strings.Repeat("\xfe", n)
			}
			for _, chop := range choppings {
				var d Decoder
				got := feed(t, &d, final(op, payload), testLimits, chop.size)
				if want := []string{fmt.Sprintf("%x %s", op, payload)}; !slices.Equal(got.units, want) || got.err != nil {
					t.Errorf("opcode %d, %d bytes, %s: %d units, %v", op, n, chop.name, len(got.units), got.err)
				}
			}
		}
	}
}

func TestConformance2TenPingsInOrder(t *testing.T) {
	t.Parallel()
	var wire []byte
	var want []string
	for i := range 10 {
		payload := fmt.Sprintf("payload-%d", i)
		wire = append(wire, final(ws.OpPing, payload)...)
		want = append(want, "9 "+payload)
	}
	for _, chop := range choppings {
		var d Decoder
		if got := feed(t, &d, wire, testLimits, chop.size); !slices.Equal(got.units, want) || got.err != nil {
			t.Errorf("%s: got %v", chop.name, got)
		}
	}
}

func TestConformance3EveryReservedBit(t *testing.T) {
	t.Parallel()
	for rsv := byte(1); rsv <= 7; rsv++ {
		for _, op := range []ws.OpCode{ws.OpText, ws.OpBinary, ws.OpClose, ws.OpPing} {
			wire := stream(final(ws.OpText, "good"), clientFrame(true, rsv, op, ""), final(ws.OpPing, ""))
			for _, chop := range choppings {
				var d Decoder
				got := feed(t, &d, wire, testLimits, chop.size)
				if !sameResult(got, result{[]string{"1 good"}, errReserved}) {
					t.Errorf("RSV %d, opcode %d, %s: got %v", rsv, op, chop.name, got)
				}
			}
		}
	}
}

func TestConformance4EveryReservedOpcode(t *testing.T) {
	t.Parallel()
	for _, op := range []ws.OpCode{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		for _, payload := range []string{"", "payload"} {
			wire := stream(final(ws.OpText, "good"), final(op, payload), final(ws.OpPing, ""))
			for _, chop := range choppings {
				var d Decoder
				got := feed(t, &d, wire, testLimits, chop.size)
				if !sameResult(got, result{[]string{"1 good"}, errOpcode}) {
					t.Errorf("opcode %d, payload %q, %s: got %v", op, payload, chop.name, got)
				}
			}
		}
	}
}

func TestConformance5Fragmentation(t *testing.T) {
	t.Parallel()
	pair := stream(first(ws.OpText, "fragment1"), last("fragment2"))
	const joined = "1 fragment1fragment2"
	five := stream(first(ws.OpText, "1"), middle("2"), final(ws.OpPing, "one"), middle("3"), middle("4"), final(ws.OpPing, "two"), last("5"))
	for _, c := range []struct {
		number string
		wire   []byte
		want   result
	}{
		{"5.1", stream(first(ws.OpPing, "a"), last("b")), result{nil, errControlFragment}},
		{"5.2", stream(first(ws.OpPong, "a"), last("b")), result{nil, errControlFragment}},
		{"5.3", pair, result{[]string{joined}, nil}},
		{"5.6", stream(first(ws.OpText, "fragment1"), final(ws.OpPing, "p"), last("fragment2")), result{[]string{"9 p", joined}, nil}},
		{"5.9", stream(last("x"), final(ws.OpText, "y")), result{nil, errNoMessage}},
		{"5.12", stream(middle("x"), final(ws.OpText, "y")), result{nil, errNoMessage}},
		{"5.15", stream(pair, middle("x"), final(ws.OpText, "y")), result{[]string{joined}, errNoMessage}},
		{"5.16", stream(middle("x"), pair, middle("x"), pair), result{nil, errNoMessage}},
		{"5.17", stream(last("x"), pair, last("x"), pair), result{nil, errNoMessage}},
		{"5.18", stream(first(ws.OpText, "a"), final(ws.OpText, "b")), result{nil, errMessageOpen}},
		{"5.19", five, result{[]string{"9 one", "9 two", "1 12345"}, nil}},
	} {
		for _, chop := range choppings {
			var d Decoder
			if got := feed(t, &d, c.wire, testLimits, chop.size); !sameResult(got, c.want) {
				t.Errorf("%s, %s: got %v, want %v", c.number, chop.name, got, c.want)
			}
		}
	}
}

// planeEnds are the non-characters of 6.22, U+FFFE and U+FFFF of each plane.
func planeEnds() (texts []string) {
	for plane := rune(0); plane <= 16; plane++ {
		texts = append(texts, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	return texts
}

const autobahnGreek = "κ\u1f79σμε" // 11 octets

func TestConformance6ValidText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number string
		texts  []string
	}{
		{"6.1", []string{""}},
		{"6.2", []string{"Hello-µ@ßöäüàá-UTF-8!!"}},
		{"6.5", []string{"hello$world", "hello¢world", "hello€world", "hello\U00024b62world", autobahnGreek}},
		{"6.6", []string{autobahnGreek[:2], autobahnGreek[:5], autobahnGreek[:7], autobahnGreek[:9], autobahnGreek}},
		{"6.7", []string{"\x00", "\u0080", "\u0800", "\U00010000"}},
		{"6.9", []string{"\x7f", "\u07ff", "\uffff", "\U0010ffff"}},
		{"6.11", []string{"\ud7ff", "\ue000", "\ufffd", "\U0010ffff"}},
		{"6.22", planeEnds()},
		{"6.23", []string{"\ufff9", "\ufffa", "\ufffb", "\ufffc", "\ufffd", "\ufffe", "\uffff"}},
	} {
		for _, text := range c.texts {
			for _, wire := range [][]byte{final(ws.OpText, text), byOctetFragments(text)} {
				for _, chop := range choppings {
					var d Decoder
					got := feed(t, &d, wire, testLimits, chop.size)
					if !sameResult(got, result{[]string{"1 " + text}, nil}) {
						t.Errorf("%s, %+q, %s: got %v", c.number, text, chop.name, got)
					}
				}
			}
		}
	}
}

// byOctetFragments is text in fragments of one octet and an empty final frame.
func byOctetFragments(text string) []byte {
	wire := first(ws.OpText, "")
	for i := range len(text) {
		wire = append(wire, middle(text[i:i+1])...)
	}
	return append(wire, last("")...)
}

func TestConformance6InvalidText(t *testing.T) {
	t.Parallel()
	surrogates := []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"}
	truncated := []string{"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf"}
	for _, c := range []struct {
		number string
		texts  []string
	}{
		{"6.3", []string{autobahnGreek + "\xed\xa0\x80edited"}},
		{"6.4", []string{autobahnGreek + "\xf4\x90\x80\x80edited"}},
		{"6.6", []string{autobahnGreek[:1], autobahnGreek[:3], autobahnGreek[:4], autobahnGreek[:6], autobahnGreek[:8], autobahnGreek[:10]}},
		{"6.8", []string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}},
		{"6.10", []string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}},
		{"6.11", []string{"\xf4\x90\x80\x80"}},
		{"6.12", []string{"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf"}},
		{"6.13", []string{"\xc0 \xc1 \xdf ", "\xe0 \xef ", "\xf0 \xf7 ", "\xf8 \xfb ", "\xfc \xfd "}},
		{"6.14", truncated},
		{"6.15", []string{strings.Join(truncated, "")}},
		{"6.16", []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}},
		{"6.17", []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}},
		{"6.18", []string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"}},
		{"6.19", []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}},
		{"6.20", surrogates},
		{"6.21", []string{surrogates[0] + surrogates[4], surrogates[1] + surrogates[6], surrogates[3] + surrogates[5]}},
	} {
		for _, text := range c.texts {
			for _, wire := range [][]byte{final(ws.OpText, text), byOctetFragments(text)} {
				for _, chop := range choppings {
					var d Decoder
					if got := feed(t, &d, wire, testLimits, chop.size); !sameResult(got, result{nil, errText}) {
						t.Errorf("%s, %q, %s: got %v", c.number, text, chop.name, got)
					}
				}
			}
		}
	}
}

func TestConformance7CloseCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number string
		codes  []int
		want   error
	}{
		{"7.7", []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999}, nil},
		{"7.9", []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999}, errCloseCode},
		{"7.13", []int{5000, 65535}, errCloseCode},
	} {
		for _, code := range c.codes {
			wire := final(ws.OpClose, string([]byte{byte(code >> 8), byte(code)})+"reason")
			var d Decoder
			u, _, err := d.Next(wire, testLimits)
			if err != nil || u.Opcode != ws.OpClose {
				t.Errorf("%s, %d: got %v, %v", c.number, code, u, err)
				continue
			}
			if _, _, err := ParseClose(u.Payload); err != c.want {
				t.Errorf("%s, %d: got %v, want %v", c.number, code, err, c.want)
			}
		}
	}
}

func TestConformance9FourMebibytesInFragments(t *testing.T) {
	t.Parallel()
	const size, step = 4 << 20, 64
	lim := &Limits{Message: 16 << 20, Fragments: 1 << 17}
	var wire []byte
	for i := range size / step {
		fragment := middle(strings.Repeat("*", step))
		if i == 0 {
			fragment = first(ws.OpText, strings.Repeat("*", step))
		}
		wire = append(wire, fragment...)
	}
	wire = append(wire, last("")...)
	var d Decoder
	got := feed(t, &d, wire, lim, func() int { return 64 << 10 })
	if len(got.units) != 1 || got.err != nil || got.units[0] != "1 "+strings.Repeat("*", size) {
		t.Errorf("%d units, %v", len(got.units), got.err)
	}
}
