package bench

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"unicode/utf8"
)

func TestHexDigits(t *testing.T) {
	for _, v := range []uint32{0, 1, 9, 10, 15, 16, 0x9a9a9a9a, 0xabcdef01, 0x7fffffff, 0xffffffff} {
		number := v & (1<<28 - 1)
		stamp := newStamp(number, ^v)
		if want := fmt.Sprintf("%07x %08x", number, ^v); string(stamp[:]) != want {
			t.Errorf("got %q, want %q", stamp, want)
		}
		if sequence, ok := sequenceIn(stamp[:]); !ok || sequence != ^v {
			t.Errorf("read %x from %q, want %x", sequence, stamp, ^v)
		}
	}
}

func TestPayloadPartsMakeAWhole(t *testing.T) {
	for _, size := range []int{MinMessage, 17, 64, 1000} {
		p := newPayloads(size)
		whole := p.appendPart(nil, 7, 9, 0, size)
		if len(whole) != size || !utf8.Valid(whole) {
			t.Fatalf("size %d: got %d bytes, valid text: %t", size, len(whole), utf8.Valid(whole))
		}
		for cut := range size + 1 {
			parts := p.appendPart(p.appendPart(nil, 7, 9, 0, cut), 7, 9, cut, size)
			if !bytes.Equal(parts, whole) {
				t.Fatalf("size %d cut at %d: got %q, want %q", size, cut, parts, whole)
			}
			for _, part := range []struct {
				b    []byte
				from int
			}{{whole[:cut], 0}, {whole[cut:], cut}} {
				if err := p.verify(part.b, 7, 9, part.from); err != nil {
					t.Fatalf("size %d cut at %d: %v", size, cut, err)
				}
			}
		}
	}
}

func TestPayloadsDiffer(t *testing.T) {
	p := newPayloads(64)
	bodies := map[string]bool{}
	for number := range uint32(10) {
		for sequence := range uint32(10) {
			bodies[string(p.body(number, sequence))] = true
		}
	}
	// 100 of 1,024 places: some may coincide, most must not.
	if len(bodies) < 90 {
		t.Errorf("100 messages have only %d different bodies", len(bodies))
	}
}

func TestVerifyNamesTheFault(t *testing.T) {
	const size = 100
	p := newPayloads(size)
	message := func(number, sequence uint32) []byte { return p.appendPart(nil, number, sequence, 0, size) }
	flipped := func(at int) []byte {
		m := message(7, 9)
		m[at] ^= 1
		return m
	}
	for _, test := range []struct {
		name string
		got  []byte
		want error
	}{
		{"the message", message(7, 9), nil},
		{"the next message", message(7, 10), errOrder},
		{"another connection's", message(8, 9), errForeign},
		{"stamp no hexadecimal", append([]byte("x"), message(7, 9)[1:]...), errBytes},
		{"first body byte", flipped(stampSize), errBytes},
		{"last byte", flipped(size - 1), errBytes},
		{"one byte more", append(message(7, 9), 'x'), errTooLong},
		{"stamp cut and wrong", []byte("0000001"), errBytes},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := p.verify(test.got, 7, 9, 0); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// Every byte of a payload is verified: flipping any one of them is noticed.
func TestVerifySeesEveryByte(t *testing.T) {
	p := newPayloads(200)
	m := p.appendPart(nil, 1, 2, 0, 200)
	for i := range m {
		m[i] ^= 0x20
		if p.verify(m, 1, 2, 0) == nil {
			t.Errorf("byte %d changed unnoticed", i)
		}
		m[i] ^= 0x20
	}
}
