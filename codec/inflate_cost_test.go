package codec

import (
	"bytes"
	"compress/flate"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// everySymbol is a message in which every length and distance that a block may
// have stands, with few and with many extra bits, in codes of all lengths.
func everySymbol() []byte {
	var w bitWriter
	w.bits(0, 3) // 32 KiB of noise to refer to
	w.bits(0, 5)
	back := noise(3, 1<<15)
	w.bits(1<<15, 16)
	w.bits(1<<15-1, 16)
	for _, b := range back {
		w.bits(uint(b), 8)
	}
	literal, distance := make([]uint, literalCodes), make([]uint, distanceCodes)
	fillCode(literal, 60)
	fillCode(distance, 5)
	w.dynamicHead(true, literal, distance)
	lw, dw := codes(literal), codes(distance)
	for i := range 4 * len(literal) {
		s := i * 37 % len(literal)
		if s == endOfBlock {
			continue
		}
		w.bits(lw[s], literal[s])
		if s < endOfBlock {
			continue
		}
		w.bits(uint(i), literalSymbols[s].extra())
		d := i * 7 % len(distance)
		w.bits(dw[d], distance[d])
		w.bits(uint(i*i), distanceSymbols[d].extra())
	}
	w.bits(lw[endOfBlock], literal[endOfBlock])
	return append(w.out, 0)
}

// fillCode makes lengths a code: most words alike, and short ones of 1, 2, 3
// bits and so on, and one branch to the longest of 15.
func fillCode(lengths []uint, uneven int) {
	// From one word on, split the first of the shortest until there are enough,
	// and every so often the longest.
	words := []uint{0}
	for i := 0; len(words) < len(lengths); i++ {
		at := 0
		for j, l := range words {
			if deep := i%uneven == 0; deep && l > words[at] && l < maxCodeBits || !deep && l < words[at] {
				at = j
			}
		}
		words[at]++
		words = append(words, words[at])
	}
	copy(lengths, words)
}

func TestInflateEverySymbol(t *testing.T) {
	t.Parallel()
	message := everySymbol()
	want, wantErr := standardVerdict(message, 1<<20)
	got, err := Inflate(nil, message, 1<<20)
	if err != nil || wantErr != nil || len(want) <= 1<<15 || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, %v; the standard library has %d, %v", len(got), err, len(want), wantErr)
	}
}

// What costs much for each byte is what the standard library reads too, up to
// the number of codes that no compressor makes.
func TestInflateShapes(t *testing.T) {
	t.Parallel()
	for _, size := range []int{500, 64 << 10} {
		for _, s := range shapes(t, size) {
			want, wantErr := standardVerdict(s.message, 1<<20)
			if wantErr != nil {
				t.Fatalf("%s, %d bytes: the standard library has %v", s.name, len(s.message), wantErr)
			}
			// In half a kibibyte there is no room for more than there may be, and
			// in 64 there is if a block takes less than 24 bytes.
			tooMany := size > 500 && strings.Contains(s.name, "dynamic") && !strings.Contains(s.name, "large")
			got, err := Inflate(nil, s.message, 1<<20)
			switch {
			case tooMany && (err != errInflateTables || len(got) > 0):
				t.Errorf("%s, %d bytes: got %d bytes, %v; want %v", s.name, len(s.message), len(got), err, errInflateTables)
			case !tooMany && (err != nil || !bytes.Equal(got, want)):
				t.Errorf("%s, %d bytes: got %d bytes, %v; want %d", s.name, len(s.message), len(got), err, len(want))
			}
		}
	}
	if errInflateTables.Code != ws.StatusPolicyViolation {
		t.Errorf("code %d", errInflateTables.Code)
	}
}

// The shortest blocks of zlib with codes of their own have 128 symbols (memLevel
// 1). Such ones, of the fewest bits, are within the bound.
func TestInflateTheShortestBlocksOfZlib(t *testing.T) {
	t.Parallel()
	literal := make([]uint, 257)
	literal['a'], literal['b'], literal[endOfBlock] = 1, 2, 2
	content := bytes.Repeat([]byte("a"), 127)
	var w bitWriter
	for range 1500 {
		symbols := []int{'b'}
		for _, c := range content {
			symbols = append(symbols, int(c))
		}
		w.dynamic(false, literal, []uint{1}, symbols...)
	}
	w.bits(0, 3)
	want := strings.Repeat("b"+string(content), 1500)
	if got, err := Inflate(nil, w.out, len(want)); err != nil || string(got) != want {
		t.Errorf("%d bytes: got %d, %v; want %d", len(w.out), len(got), err, len(want))
	}
}

// Senders that flush after every few bytes, as those of fragments do, are no
// attack.
func TestInflateManyFlushes(t *testing.T) {
	t.Parallel()
	text := records(40_000)
	for _, each := range []int{1, 7, 50, 100, 400} {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(text); i += each {
			w.Write(text[i:min(len(text), i+each)])
			w.Flush()
		}
		message := bytes.TrimSuffix(b.Bytes(), []byte(deflateTail))
		if got, err := Inflate(nil, message, len(text)); err != nil || !bytes.Equal(got, text) {
			t.Errorf("flushed after %d bytes each, %d in all: got %d bytes, %v", each, len(message), len(got), err)
		}
	}
}
