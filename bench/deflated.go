package bench

import (
	"bytes"
	"compress/flate"
	"math/bits"
	"math/rand/v2"
	"strings"
)

// deflated is the compressed form of the payloads of a run: a stored block with
// the stamp, then the body, which was compressed once for each of its places
// and refers to nothing before it. So a message costs a copy here too, whatever
// it costs the server. A deflated is immutable and may be shared.
type deflated struct {
	payloads *payloads
	bodies   [][]byte // by place
}

const (
	// deflatedSpread is how many different bodies there are at most. A power of
	// two. To compress one takes 60 µs, however short it is.
	deflatedSpread = 128
	// bodyBytes bounds the memory of all, before compression.
	bodyBytes = 4 << 20
)

// storedStamp is the header of the stored block (RFC 1951 §3.2.4): no final
// one, and its length with the complement of that.
var storedStamp = [...]byte{0, stampSize, 0, 0xff - stampSize, 0xff}

// deflateTail is what RFC 7692 §7.2.1 takes off a compressed message.
const deflateTail = "\x00\x00\xff\xff"

// newDeflated returns payloads of size bytes that deflate to about a third, and
// their compressed form.
func newDeflated(size int) *deflated {
	d := &deflated{payloads: newPayloads(size)}
	p := d.payloads
	p.places = 1 << (bits.Len(uint(min(deflatedSpread, max(1, bodyBytes/size)))) - 1)
	writeWords(p.pattern)
	d.bodies = make([][]byte, p.places)
	z := newDeflater()
	for place := range d.bodies {
		d.bodies[place] = z.message(p.pattern[place:][:size-stampSize])
	}
	return d
}

// writeWords fills pattern with words and numbers, as a chat or a game has them.
func writeWords(pattern []byte) {
	words := strings.Fields(`{"type": "move", "player": "chat", "room": "score", "position": true,
		"health": false, "name": null, "message": hello there good game again next over`)
	random := rand.New(rand.NewPCG(7692, 1951))
	var text bytes.Buffer
	for text.Len() < len(pattern) {
		text.WriteString(words[random.IntN(len(words))])
		text.WriteByte(' ')
		if random.IntN(4) == 0 {
			text.WriteString(string(rune('0' + random.IntN(10))))
		}
	}
	copy(pattern, text.Bytes())
}

// deflater compresses messages. It is the standard library's, which shares no
// code with the gateway under test. One goroutine only.
type deflater struct {
	writer *flate.Writer
	out    bytes.Buffer
}

func newDeflater() *deflater {
	d := new(deflater)
	d.writer, _ = flate.NewWriter(&d.out, flate.DefaultCompression) // fails for no such level
	return d
}

// message returns the compressed form of b (RFC 7692 §7.2.1), returned owned.
func (d *deflater) message(b []byte) []byte {
	d.out.Reset()
	d.writer.Reset(&d.out)
	_, _ = d.writer.Write(b) // a buffer fails for nothing
	_ = d.writer.Flush()
	return bytes.Clone(bytes.TrimSuffix(d.out.Bytes(), []byte(deflateTail)))
}

var _ form = (*deflated)(nil)

func (d *deflated) compressed() bool { return true }

func (d *deflated) length(number, sequence uint32) int {
	return len(storedStamp) + stampSize + len(d.bodies[d.payloads.place(number, sequence)])
}

func (d *deflated) appendPart(dst []byte, number, sequence uint32, from, to int) []byte {
	const start = len(storedStamp) + stampSize
	if from < start {
		var head [start]byte
		stamp := newStamp(number, sequence)
		copy(head[copy(head[:], storedStamp[:]):], stamp[:])
		dst = append(dst, head[from:min(to, start)]...)
		from = start
	}
	if from < to {
		dst = append(dst, d.bodies[d.payloads.place(number, sequence)][from-start:to-start]...)
	}
	return dst
}
