package conformance_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// corpus is what the messages of a row are cut out of: consecutive pieces, again
// from the beginning behind the end. The suite's files are not ours to ship, so
// these are made: of the same kinds and sizes.
type corpus struct {
	opcode ws.OpCode
	// ratio is about how small it compresses.
	ratio int
	// content is all of it, and starts are the places where its units begin, and
	// its end. Sizes count units: characters of text, otherwise octets.
	content func() string
	starts  func() []int
}

// message returns message number k of size units.
func (c corpus) message(k, size int) string {
	content, starts := c.content(), c.starts()
	units := len(starts) - 1
	var b strings.Builder
	for from := k * size % units; size > 0; from = 0 {
		n := min(size, units-from)
		b.WriteString(content[starts[from]:starts[from+n]])
		size -= n
	}
	return b.String()
}

var (
	jsonText   = made(ws.OpText, 4, 194_056, jsonRecord)
	bitmap     = made(ws.OpBinary, 1, 263_222, pixels)
	prose      = made(ws.OpBinary, 2, 222_218, sentence)
	htmlText   = made(ws.OpText, 4, 263_647, paragraph)
	pdfObjects = made(ws.OpBinary, 1, 1_042_328, pdfObject)
)

// made is a corpus of that many octets, put together of parts.
func made(op ws.OpCode, ratio, octets int, part func(*rand.Rand, int) string) corpus {
	content := sync.OnceValue(func() string {
		random := rand.New(rand.NewPCG(7692, uint64(octets)))
		var b strings.Builder
		for i := 0; b.Len() < octets; i++ {
			b.WriteString(part(random, i))
		}
		cut := b.String()[:octets]
		if op == ws.OpText { // perhaps amid a character
			cut = strings.ToValidUTF8(cut, " ")
		}
		return cut
	})
	starts := sync.OnceValue(func() (places []int) {
		for i := range len(content()) {
			if op != ws.OpText || utf8.RuneStart(content()[i]) {
				places = append(places, i)
			}
		}
		return append(places, len(content()))
	})
	return corpus{op, ratio, content, starts}
}

var words = strings.Fields("Der die das Gärtner Straße über Häuser und Wälder zog im Frühling ein alter Müller mit seinem Esel " +
	"durch schöne Täler bis zum großen Fluss wo Kähne lagen niemand wußte warum aber alle sahen ihn lange an als wäre er König gewesen")

func jsonRecord(random *rand.Rand, i int) string {
	return fmt.Sprintf(`{"id":%d,"name":"%s %s","at":[%d,%d],"tags":["%s"],"alive":%t},`+"\n", i*7919, words[random.IntN(len(words))],
		words[random.IntN(len(words))], random.IntN(4096), random.IntN(4096), words[random.IntN(len(words))], random.IntN(2) == 0)
}

// pixels are a row of a gradient with noise in it.
func pixels(random *rand.Rand, i int) string {
	row := make([]byte, 512)
	for x := range row {
		row[x] = byte(x/2+i) ^ byte(random.IntN(64))
	}
	return string(row)
}

func sentence(random *rand.Rand, _ int) string {
	var b strings.Builder
	for range 5 + random.IntN(15) {
		b.WriteString(words[random.IntN(len(words))] + " ")
	}
	return strings.TrimSpace(b.String()) + ".\n"
}

func paragraph(random *rand.Rand, i int) string {
	return fmt.Sprintf("<div class=\"entry\" id=\"e%d\"><p>%s</p><a href=\"/entries/%d?page=%d\">mehr</a></div>\n",
		i, strings.TrimSpace(sentence(random, i)), random.IntN(100_000), i%20)
}

// pdfObject is an object whose stream does not compress.
func pdfObject(random *rand.Rand, i int) string {
	stream := make([]byte, 1000+random.IntN(4000))
	for k := range stream {
		stream[k] = byte(random.Uint32())
	}
	return fmt.Sprintf("%d 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\nendobj\n", i+1, len(stream), stream)
}
