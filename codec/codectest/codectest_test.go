package codectest

import (
	"bytes"
	"compress/flate"
	"math/rand/v2"
	"testing"
)

func TestBothWaysToInflateAgree(t *testing.T) {
	random := rand.NewChaCha8([32]byte{})
	noise := make([]byte, 40_000)
	random.Read(noise)
	for _, tc := range []struct {
		name     string
		payload  []byte
		farthest int
	}{
		{"empty", nil, 0},
		{"nothing to refer to", noise[:100], 0},
		{"a run", bytes.Repeat([]byte("a"), 1000), 1},
		{"a period", bytes.Repeat(noise[:300], 3), 300},
		{"far back", append(bytes.Clone(noise[:20_000]), noise[:50]...), 20_000},
		{"beyond the window", append(bytes.Clone(noise), noise[:50]...), 0},
	} {
		if text, err := Inflate(Deflate(tc.payload)); err != nil || !bytes.Equal(text, tc.payload) {
			t.Errorf("%s: Inflate returns %d bytes, %v", tc.name, len(text), err)
		}
		text, farthest, err := Trace(thorough(tc.payload))
		if err != nil || !bytes.Equal(text, tc.payload) || farthest != tc.farthest {
			t.Errorf("%s: Trace returns %d bytes, distance %d, %v; want %d bytes, distance %d", tc.name, len(text), farthest, err, len(tc.payload), tc.farthest)
		}
	}
}

// thorough is Deflate by a compressor that misses no reference.
func thorough(payload []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestCompression)
	w.Write(payload)
	w.Flush()
	return bytes.TrimSuffix(out.Bytes(), []byte(tail))
}

func TestBrokenMessages(t *testing.T) {
	for _, message := range []string{"", "\x06", "\xff\xff", "\xf2\x48\xcd", "\x02\x03\x00\x00", "\x00\x05\x00\xfb\xff"} {
		if text, err := Inflate([]byte(message)); err == nil {
			t.Errorf("% x: Inflate returns %q", message, text)
		}
		if text, _, err := Trace([]byte(message)); err == nil {
			t.Errorf("% x: Trace returns %q", message, text)
		}
	}
}
