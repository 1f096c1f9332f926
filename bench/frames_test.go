package bench

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/codec"
)

func frame(fin bool, op ws.OpCode, payload string) []byte {
	head := codec.AppendHeader(nil, ws.Header{Fin: fin, OpCode: op, Length: int64(len(payload))})
	return append(head, payload...)
}

// unit is a message or a control frame put together from its pieces.
type unit struct {
	op      ws.OpCode
	payload string
}

// collect feeds the chunks to a fresh frames and puts the pieces together.
func collect(chunks ...[]byte) (units []unit, f frames, err error) {
	open := map[bool][]byte{} // payload so far, by whether it is a control frame
	for _, b := range chunks {
		for len(b) > 0 {
			p, n, ok, err := f.next(b)
			if err != nil {
				return units, f, err
			}
			b = b[n:]
			if !ok {
				continue
			}
			control := p.op.IsControl()
			open[control] = append(open[control], p.payload...)
			if p.end {
				units = append(units, unit{p.op, string(open[control])})
				delete(open, control)
			}
		}
	}
	return units, f, nil
}

func TestFramesHoweverTheStreamIsCut(t *testing.T) {
	long := string(bytes.Repeat([]byte("0123456789"), 7000))
	stream := bytes.Join([][]byte{
		frame(true, ws.OpText, "hello"),
		frame(true, ws.OpBinary, ""),
		frame(false, ws.OpText, "frag"),
		frame(true, ws.OpPing, "between"),
		frame(false, ws.OpContinuation, ""),
		frame(true, ws.OpContinuation, "ment"),
		frame(true, ws.OpBinary, long[:300]),
		frame(true, ws.OpBinary, long),
		frame(true, ws.OpPong, ""),
		frame(true, ws.OpClose, "\x03\xe8"),
	}, nil)
	want := []unit{
		{ws.OpText, "hello"},
		{ws.OpBinary, ""},
		{ws.OpPing, "between"},
		{ws.OpText, "fragment"},
		{ws.OpBinary, long[:300]},
		{ws.OpBinary, long},
		{ws.OpPong, ""},
		{ws.OpClose, "\x03\xe8"},
	}
	check := func(t *testing.T, chunks ...[]byte) {
		t.Helper()
		got, f, err := collect(chunks...)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("got %d units, want %d", len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("unit %d: got %v with %d bytes, want %v with %d", i, got[i].op, len(got[i].payload), want[i].op, len(want[i].payload))
			}
		}
		if f != (frames{op: f.op, fin: f.fin, head: f.head}) {
			t.Errorf("the stream does not stand between frames: %+v", f)
		}
	}
	t.Run("whole", func(t *testing.T) { check(t, stream) })
	t.Run("byte by byte", func(t *testing.T) {
		var chunks [][]byte
		for i := range stream {
			chunks = append(chunks, stream[i:i+1])
		}
		check(t, chunks...)
	})
	t.Run("in two", func(t *testing.T) {
		for cut := range min(len(stream), 400) {
			check(t, stream[:cut], stream[cut:])
		}
	})
}

func TestFramesRefuse(t *testing.T) {
	masked := codec.AppendMaskedFrame(nil, ws.OpText, []byte("hello"), [4]byte{1, 2, 3, 4})
	for _, test := range []struct {
		name   string
		stream []byte
	}{
		{"masked", masked},
		{"continuation of nothing", frame(true, ws.OpContinuation, "x")},
		{"message in a message", append(frame(false, ws.OpText, "x"), frame(true, ws.OpText, "y")...)},
		{"fragmented ping", frame(false, ws.OpPing, "x")},
		{"reserved opcode", frame(true, 0x3, "x")},
		{"reserved bit", []byte{0xc1, 0x00}},
		{"length not minimal", []byte{0x81, 126, 0, 5}},
		{"more than 4 GiB", []byte{0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var parts [][]byte
			for i := range test.stream {
				parts = append(parts, test.stream[i:i+1])
			}
			for name, chunks := range map[string][][]byte{"whole": {test.stream}, "byte by byte": parts} {
				_, _, err := collect(chunks...)
				var f failure
				if !errors.As(err, &f) || f.stage != StageProtocol {
					t.Errorf("%s: got %v, want a protocol failure", name, err)
				}
			}
		})
	}
}
