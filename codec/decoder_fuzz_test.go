package codec

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// reference decodes a whole stream the plain way, with the library's reader and
// nothing resumable: what the Decoder must agree with, except that the Decoder
// may see a fault in a frame that the stream does not complete.
func reference(p []byte, lim *Limits) (units []string, code ws.StatusCode) {
	var op ws.OpCode
	var compressed bool
	var message []byte
	fragments := 0
	for len(p) > 0 {
		state := ws.StateServerSide
		if op != 0 {
			state = state.Set(ws.StateFragmented)
		}
		r := bytes.NewReader(p)
		h, err := ws.ReadHeader(r)
		if errors.Is(err, ws.ErrHeaderLengthMSB) {
			return units, 1002
		}
		if err != nil {
			return units, 0
		}
		used := len(p) - r.Len()
		rsvOfDeflate := lim.Compression && h.Rsv == 4 && (h.OpCode == ws.OpText || h.OpCode == ws.OpBinary)
		if rsvOfDeflate {
			state = state.Set(ws.StateExtended)
		}
		if HeaderLen(h) != used || ws.CheckHeader(h, state) != nil {
			return units, 1002
		}
		if !h.OpCode.IsControl() {
			if h.Length > int64(lim.Message-len(message)) {
				return units, 1009
			}
			if op != 0 || !h.Fin {
				if fragments++; fragments > lim.Fragments {
					return units, 1009
				}
			}
		}
		p = p[used:]
		if h.Length > int64(len(p)) {
			return units, 0
		}
		payload := naiveMask(p[:h.Length], h.Mask, 0)
		p = p[h.Length:]
		if h.OpCode.IsControl() {
			units = append(units, unitText(Unit{Opcode: h.OpCode, Payload: payload}))
			continue
		}
		if op == 0 {
			op, compressed = h.OpCode, rsvOfDeflate
		}
		message = append(message, payload...)
		if text := op == ws.OpText && !compressed; text && (h.Fin && !utf8.Valid(message) || !h.Fin && !isPrefix(message)) {
			return units, 1007
		}
		if h.Fin {
			units = append(units, unitText(Unit{Opcode: op, Compressed: compressed, Payload: message}))
			op, compressed, message, fragments = 0, false, nil, 0
		}
	}
	return units, 0
}

// inOrder is a sequence of piece sizes taken from data, without end.
func inOrder(data []byte) func() int {
	i := -1
	return func() int {
		if len(data) == 0 {
			return 3
		}
		i++
		return int(data[i%len(data)])
	}
}

func FuzzDecoder(f *testing.F) {
	for _, c := range goodStreams {
		f.Add(c.wire, []byte{1, 5, 2}, false)
	}
	for _, c := range badStreams {
		f.Add(c.wire, []byte{3}, true)
	}
	for _, c := range badTexts {
		f.Add(stream(first(ws.OpText, c.text[:1]), final(ws.OpPing, "p"), last(c.text[1:])), []byte{1, 2, 3}, false)
	}
	f.Add(clientFrame(true, rsv1, ws.OpText, "\xff"), []byte{7}, true)
	f.Add(final(ws.OpText, strings.Repeat("é", 600)), []byte{200, 1}, false)
	f.Fuzz(func(t *testing.T, wire, sizes []byte, compression bool) {
		lim := &Limits{Message: 1000, Fragments: 20, Compression: compression}
		var once, byOctets, byPieces Decoder
		want := feed(t, &once, wire, lim, whole)
		for _, got := range []result{
			feed(t, &byOctets, wire, lim, octet),
			feed(t, &byPieces, wire, lim, inOrder(sizes)),
		} {
			if !sameResult(got, want) {
				t.Fatalf("in pieces: %v\nat once:   %v", got, want)
			}
		}
		if once.Buffered() != byOctets.Buffered() || once.Buffered() != byPieces.Buffered() {
			t.Fatalf("buffered %d at once, %d by octets, %d in pieces", once.Buffered(), byOctets.Buffered(), byPieces.Buffered())
		}
		if most := lim.Message + ws.MaxControlFramePayloadSize + MaxHeader; once.Buffered() > most {
			t.Fatalf("%d bytes buffered, more than the limits allow: %d", once.Buffered(), most)
		}

		units, code := reference(wire, lim)
		var fault *Error
		switch {
		case !slices.Equal(units, want.units):
			t.Fatalf("got %q, the reference has %q", want.units, units)
		case errors.As(want.err, &fault) && code != fault.Code:
			if code != 0 || once.Buffered() != 0 {
				t.Fatalf("got %v, the reference has code %d", want.err, code)
			}
		case want.err == nil && code != 0:
			t.Fatalf("no error, the reference has code %d", code)
		}
	})
}
