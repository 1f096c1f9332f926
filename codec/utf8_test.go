package codec

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// utf8Texts have, for each text, how many of its bytes can be the start of
// valid UTF-8: all of them where it is valid or merely cut off.
var utf8Texts = []struct {
	name     string
	text     string
	prefix   int
	complete bool
}{
	{"empty", "", 0, true},
	{"ASCII", "Hello, world! 0123456789", 24, true},
	{"NUL", "\x00", 1, true},
	{"Greek", "κ\u1f79σμε", 11, true},
	{"largest of each length", "\u007f\u07ff\uffff\U0010ffff", 10, true},
	{"smallest of each length", "\x00\u0080\u0800\U00010000", 10, true},
	{"around the surrogates", "\ud7ff\ue000", 6, true},
	{"non-characters", "\ufffe\uffff\U0001fffe", 10, true},
	{"cut in a 2-byte character", "a\xc3", 2, false},
	{"cut in a 3-byte character", "a\xe2\x82", 3, false},
	{"cut in a 4-byte character", "a\xf0\x9f\x98", 4, false},
	{"lone continuation", "a\x80", 1, false},
	{"continuation after a character", "é\xa9", 2, false},
	{"lead before ASCII", "\xc3 ", 1, false},
	{"3-byte lead before ASCII", "\xe2\x82 ", 2, false},
	{"overlong slash", "\xc0\xaf", 0, false},
	{"overlong in 3 bytes", "\xe0\x80\xaf", 1, false},
	{"overlong in 4 bytes", "\xf0\x80\x80\xaf", 1, false},
	{"surrogate", "\xed\xa0\x80", 1, false},
	{"above U+10FFFF", "κ\u1f79σμε\xf4\x90\x80\x80edited", 12, false},
	{"lead F5", "\xf5\x80", 0, false},
	{"5-byte form", "\xf8\x88\x80\x80\x80", 0, false},
	{"FE", "\xfe", 0, false},
	{"fault behind long ASCII", strings.Repeat("a", 100) + "\xff" + strings.Repeat("a", 100), 100, false},
}

func TestUTF8ByteByByteFailsAtTheFirstBadByte(t *testing.T) {
	t.Parallel()
	for _, c := range utf8Texts {
		var v UTF8
		for i := range len(c.text) {
			if got, want := v.Write([]byte{c.text[i]}), i < c.prefix; got != want {
				t.Errorf("%s: after %d bytes: got %v, want %v", c.name, i+1, got, want)
			}
		}
		if got := v.Complete(); got != c.complete {
			t.Errorf("%s: complete %v, want %v", c.name, got, c.complete)
		}
	}
}

func TestUTF8CutAnywhereEqualsWhole(t *testing.T) {
	t.Parallel()
	for _, c := range utf8Texts {
		for i := range len(c.text) + 1 {
			for j := i; j <= len(c.text); j++ {
				var v UTF8
				for _, end := range []struct{ from, to int }{{0, i}, {i, j}, {j, len(c.text)}} {
					got := v.Write([]byte(c.text[end.from:end.to]))
					if want := end.to <= c.prefix; got != want {
						t.Fatalf("%s, cut at %d and %d: after %d bytes: got %v, want %v", c.name, i, j, end.to, got, want)
					}
				}
				if got := v.Complete(); got != c.complete {
					t.Fatalf("%s, cut at %d and %d: complete %v, want %v", c.name, i, j, got, c.complete)
				}
			}
		}
	}
}

func TestUTF8EmptyPiecesChangeNothing(t *testing.T) {
	t.Parallel()
	var v UTF8
	for _, piece := range []string{"", "\xe2", "", "\x82", "", "\xac", ""} {
		if !v.Write([]byte(piece)) {
			t.Fatalf("refused at %q", piece)
		}
	}
	if !v.Complete() {
		t.Error("not complete")
	}
}

func TestUTF8EveryTwoAndThreeByteStart(t *testing.T) {
	t.Parallel()
	for a := range 256 {
		for b := range 256 {
			for _, tail := range []string{"", "\x80", "\x80\x80", " ", "\xbf\xbf"} {
				text := append([]byte{byte(a), byte(b)}, tail...)
				var v UTF8
				alive := true
				for i := range text {
					alive = v.Write(text[i:i+1]) && alive
				}
				if got, want := alive && v.Complete(), utf8.Valid(text); got != want {
					t.Fatalf("%x: got %v, want %v", text, got, want)
				}
			}
		}
	}
}

func FuzzUTF8(f *testing.F) {
	for _, c := range utf8Texts {
		f.Add([]byte(c.text), uint(1), uint(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, cut, step uint) {
		var v UTF8
		alive := true
		rest := text
		for size := 1 + cut%7; len(rest) > 0; size = 1 + (size+step)%11 {
			n := min(int(size), len(rest))
			before := bytes.Clone(rest[:n])
			ok := v.Write(rest[:n])
			if ok && !alive {
				t.Fatal("valid again after invalid")
			}
			if !bytes.Equal(rest[:n], before) {
				t.Fatal("the input changed")
			}
			alive = ok
			rest = rest[n:]
			if seen := text[:len(text)-len(rest)]; alive != isPrefix(seen) {
				t.Fatalf("%x: alive %v", seen, alive)
			}
		}
		if got, want := v.Complete(), utf8.Valid(text); got != want {
			t.Fatalf("%x: complete %v, want %v", text, got, want)
		}
	})
}

// isPrefix reports whether b can be the start of valid UTF-8, by trying to mend
// its end.
func isPrefix(b []byte) bool {
	for _, end := range []string{"", "\x80", "\xa0", "\x90", "\x80\x80", "\xa0\x80", "\x90\x80", "\x80\x80\x80", "\x90\x80\x80"} {
		if utf8.Valid(append(bytes.Clone(b), end...)) {
			return true
		}
	}
	return false
}

func BenchmarkUTF8(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"ascii", strings.Repeat("a", 1024)},
		{"greek", strings.Repeat("κόσμε ", 93)[:1022]},
	} {
		p := []byte(c.text)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				var v UTF8
				v.Write(p)
			}
		})
	}
}
