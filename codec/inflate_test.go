package codec

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

var goodMessages = []struct{ name, message, want string }{
	{"§7.2.3.1, one block", "f2 48 cd c9 c9 07 00", "Hello"},
	{"§7.2.3.3, stored", "00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"},
	{"§7.2.3.4, final block", "f3 48 cd c9 c9 07 00 00", "Hello"},
	{"§7.2.3.5, two blocks", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"},
	{"§7.2.3.6, empty", "00", ""},
	{"empty, by an empty fixed block", "02 00", ""},
	{"empty, by a final block", "03 00 00", ""},
	{"empty, by final dynamic blocks", "05 c0 81 00 00 00 00 00 90 ff 6b 00 05 c0 81 00 00 00 00 00 90 ff 6b 00", ""},
	{"many empty blocks", "00 00 00 ff ff 00 00 00 ff ff 00 00 00 ff ff 00", ""},
	{"stored and final", "01 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"},
	{"blocks behind a final one", "f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00", "HelloHelloHello"},
	{"stored behind a final one", "f3 48 cd c9 c9 07 00 00 02 00 fd ff 21 21 00", "Hello!!"},
	{"final block, the empty one left out", "f3 48 cd c9 c9 07 00", "Hello"},
	// §7.2.2 has the receiver append four bytes and inflate, so a stored block
	// of which just these are missing has them for its data. So does zlib.
	{"stored, completed by the tail", "00 05 00 fa ff 48", "H\x00\x00\xff\xff"},
}

var brokenMessages = []struct{ name, message string }{
	{"nothing", ""},
	{"reserved block type", "06"},
	{"reserved block type behind a block", "f2 48 cd c9 c9 07 06"},
	{"no end of block", "f2 48 cd c9 c9"},
	{"no empty block behind", "f2 48 cd c9 c9 07"},
	{"stored length and complement differ", "00 05 00 fb ff 48 65 6c 6c 6f 00"},
	{"stored block that promises more", "00 ff ff 00 00 48 65 6c 6c 6f 00"},
	{"the tail was not removed", "f2 48 cd c9 c9 07 00 00 ff"},
	{"junk behind a final block", "f3 48 cd c9 c9 07 00 ff"},
	{"truncated behind a final block", "f3 48 cd c9 c9 07 00 f2 48"},
	{"§7.2.3.2, context taken over", "f2 00 11 00 00"},
	{"context taken over a final block", "f3 48 cd c9 c9 07 00 f2 00 11 00 00"},
	{"reference before the start", "02 03 00 00"},
	{"dynamic code with no symbols", "04 00 00 00"},
	{"over-subscribed code", "04 fe ff ff ff ff ff ff ff ff"},
	{"all ones", "ff ff ff ff ff"},
}

func TestInflate(t *testing.T) {
	t.Parallel()
	for _, c := range goodMessages {
		message := unhex(t, c.message)
		got, err := Inflate([]byte("dst"), message, len(c.want))
		if err != nil || string(got) != "dst"+c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
		if !bytes.Equal(message, unhex(t, c.message)) {
			t.Errorf("%s: the message was written to", c.name)
		}
	}
}

func TestInflateRefusesBrokenData(t *testing.T) {
	t.Parallel()
	for _, c := range brokenMessages {
		if got, err := Inflate([]byte("dst"), unhex(t, c.message), 1000); err != errInflate || string(got) != "dst" {
			t.Errorf("%s: got %q, %v; want %v", c.name, got, err, errInflate)
		}
	}
	if errInflate.Code != 1007 || errInflatedTooBig.Code != 1009 {
		t.Errorf("codes are %d and %d", errInflate.Code, errInflatedTooBig.Code)
	}
}

// Nothing of a broken message is left to the next one.
func TestInflateAfterAFault(t *testing.T) {
	t.Parallel()
	good := maxWindowBits.AppendMessage(nil, records(5000), 5)
	for _, c := range brokenMessages {
		_, _ = Inflate(nil, unhex(t, c.message), 1000)
		if got, err := Inflate(nil, good, 5000); err != nil || !bytes.Equal(got, records(5000)) {
			t.Errorf("after %s: %d bytes, %v", c.name, len(got), err)
		}
	}
}

// A truncated message is refused, unless what is left ends with a block, and
// then it is that part of the text.
func TestInflateEveryPrefix(t *testing.T) {
	t.Parallel()
	var messages [][]byte
	for level := minLevel; level <= maxLevel; level++ {
		messages = append(messages, maxWindowBits.AppendMessage(nil, records(700), level))
	}
	messages = append(messages,
		Deflate(8).AppendMessage(nil, records(3000), 1),
		bytes.Repeat(unhex(t, "f2 48 cd c9 c9 07 00 00 00 ff ff"), 3),
		bytes.Repeat(unhex(t, "f3 48 cd c9 c9 07 00"), 3),
	)
	for i, message := range messages {
		whole, err := Inflate(nil, append(bytes.Clone(message), 0), 10_000)
		if err != nil {
			whole, err = Inflate(nil, message, 10_000)
		}
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		for n := range message {
			got, err := Inflate(nil, message[:n], 10_000)
			if err != nil && (err != errInflate || len(got) != 0) {
				t.Errorf("message %d, %d of %d bytes: got %d bytes, %v", i, n, len(message), len(got), err)
			}
			if err == nil && !bytes.HasPrefix(whole, got) {
				t.Errorf("message %d, %d of %d bytes: accepted as %q", i, n, len(message), got)
			}
		}
	}
}

func TestInflateLimit(t *testing.T) {
	t.Parallel()
	for _, c := range payloads {
		message := maxWindowBits.AppendMessage(nil, c.payload, 6)
		n := len(c.payload)
		for _, limit := range []int{n, n + 1, math.MaxInt} {
			if got, err := Inflate(make([]byte, 2, 7), message, limit); err != nil || !bytes.Equal(got[2:], c.payload) {
				t.Errorf("%s, limit %d: got %d bytes, %v", c.name, limit, len(got)-2, err)
			}
		}
		for _, limit := range []int{n - 1, n / 2, 1, 0, -1} {
			if limit >= n {
				continue
			}
			got, err := Inflate([]byte("dst"), message, limit)
			if err != errInflatedTooBig && !(limit < 0 && err != nil) || string(got) != "dst" {
				t.Errorf("%s, limit %d: got %d bytes, %v", c.name, limit, len(got), err)
			}
			if cap(got) > 3+max(limit, 5) {
				t.Errorf("%s, limit %d: a buffer of %d bytes", c.name, limit, cap(got))
			}
		}
	}
}

// bomb is a message of n MiB of zeros: the same flushed blocks again and again.
func bomb(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(bytes.Repeat(b.Bytes(), n), []byte(deflateTail))
}

func TestInflateBombs(t *testing.T) {
	zeros := bomb(t, 64)
	t.Logf("%d bytes hold 64 MiB", len(zeros))
	finals := bytes.Repeat(unhex(t, "03 00"), 100_000) // empty final blocks
	for _, c := range []struct {
		name    string
		message []byte
		limit   int
		want    error
	}{
		{"zeros against 1 KiB", zeros, 1 << 10, errInflatedTooBig},
		{"zeros against 1 MiB", zeros, 1 << 20, errInflatedTooBig},
		{"cut zeros against 1 MiB", zeros[:len(zeros)/2], 1 << 20, errInflatedTooBig},
		{"empty blocks", bytes.Repeat(unhex(t, "00 00 00 ff ff"), 50_000), 1 << 10, errInflate},
		{"empty final blocks", finals, 1 << 10, nil},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := Inflate(nil, c.message, c.limit)
		runtime.ReadMemStats(&after)
		if c.want == nil && err != nil || c.want != nil && err != c.want || len(got) != 0 {
			t.Errorf("%s: got %d bytes, %v; want %v", c.name, len(got), err, c.want)
		}
		// Buffers that double up to the limit, one after the other, and a
		// decompressor.
		if used, most := after.TotalAlloc-before.TotalAlloc, uint64(3*c.limit+128<<10); used > most {
			t.Errorf("%s: %d bytes allocated, more than %d", c.name, used, most)
		}
		if cap(got) > c.limit {
			t.Errorf("%s: a buffer of %d bytes", c.name, cap(got))
		}
	}
}

func TestInflateText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, payload string
		limit         int
		want          error
	}{
		{"ASCII", "Hello", 100, nil},
		{"empty", "", 100, nil},
		{"beyond ASCII", strings.Repeat("κόσμε €", 5000), 1 << 20, nil},
		{"not UTF-8", "Hello\xff", 100, errText},
		{"ends inside a character", "Hello \xe2\x82", 100, errText},
		{"a surrogate", "\xed\xa0\x80", 100, errText},
		{"too big and not UTF-8", strings.Repeat("\xff", 200), 100, errInflatedTooBig},
	} {
		message := maxWindowBits.AppendMessage(nil, []byte(c.payload), 6)
		got, err := InflateText([]byte("\xffdst"), message, c.limit)
		want := "\xffdst"
		if c.want == nil {
			want += c.payload
		}
		if (c.want == nil) != (err == nil) || c.want != nil && err != c.want || string(got) != want {
			t.Errorf("%s: got %d bytes, %v; want %v", c.name, len(got), err, c.want)
		}
	}
	if _, err := InflateText(nil, []byte{6}, 100); err != errInflate {
		t.Errorf("broken: got %v", err)
	}
}

// TestDecodeAndInflate follows messages from frames to text.
func TestDecodeAndInflate(t *testing.T) {
	t.Parallel()
	lim := &Limits{Message: 1 << 20, Fragments: 1000, Compression: true}
	hello := string(unhex(t, "f2 48 cd c9 c9 07 00"))
	big := string(maxWindowBits.AppendMessage(nil, records(100_000), 6))
	var cut []byte
	for i := 0; i < len(big); i += 256 {
		h := ws.OpContinuation
		var rsv byte
		if i == 0 {
			h, rsv = ws.OpBinary, rsv1
		}
		end := min(i+256, len(big))
		cut = append(cut, clientFrame(end == len(big), rsv, h, big[i:end])...)
	}
	for _, c := range []struct {
		name string
		wire []byte
		want string
	}{
		{"§7.2.3.1", clientFrame(true, rsv1, ws.OpText, hello), "Hello"},
		{"§7.2.3.1, in two fragments", stream(clientFrame(false, rsv1, ws.OpText, hello[:3]), last(hello[3:])), "Hello"},
		{"empty", clientFrame(true, rsv1, ws.OpText, "\x00"), ""},
		{"empty, in two fragments", stream(clientFrame(false, rsv1, ws.OpText, ""), last("\x00")), ""},
		{"frames of 256 bytes", cut, string(records(100_000))},
		{"of our own", AppendMaskedCompressedFrame(nil, ws.OpBinary, Deflate(9).AppendMessage(nil, records(3000), 1), testKey), string(records(3000))},
	} {
		var d Decoder
		var u Unit
		for p := c.wire; len(p) > 0; {
			var n int
			var err error
			if u, n, err = d.Next(p, lim); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			p = p[n:]
		}
		if !u.Complete() || !u.Compressed {
			t.Fatalf("%s: complete %v, compressed %v", c.name, u.Complete(), u.Compressed)
		}
		if got, err := InflateText(nil, u.Payload, 1<<20); err != nil || string(got) != c.want {
			t.Errorf("%s: got %d bytes, %v", c.name, len(got), err)
		}
	}
}

// standardVerdict inflates with the standard library what Inflate is to inflate.
func standardVerdict(message []byte, limit int) ([]byte, error) {
	input := bytes.NewReader(append(bytes.Clone(message), inflateEnd...))
	var text []byte
	for {
		more, err := io.ReadAll(io.LimitReader(flate.NewReader(input), int64(limit-len(text)+1)))
		text = append(text, more...)
		switch {
		case len(text) > limit:
			return nil, errInflatedTooBig
		case err != nil:
			return nil, errInflate
		case input.Len() == 0 || input.Len() == len(inflateEnd):
			return text, nil
		}
	}
}

func FuzzInflate(f *testing.F) {
	for _, c := range goodMessages {
		f.Add(unhex(f, c.message), uint16(1000))
	}
	for _, c := range brokenMessages {
		f.Add(unhex(f, c.message), uint16(1000))
	}
	for _, c := range payloads {
		f.Add(maxWindowBits.AppendMessage(nil, c.payload[:min(len(c.payload), 3000)], 6), uint16(2999))
	}
	f.Add(bomb(f, 1), uint16(math.MaxUint16))
	for _, s := range shapes(f, 1<<10) {
		f.Add(s.message, uint16(1000))
	}
	f.Add(everySymbol(), uint16(math.MaxUint16))
	f.Fuzz(func(t *testing.T, message []byte, most uint16) {
		limit := int(most)
		got, err := Inflate(nil, message, limit)
		if len(got) > limit || cap(got) > limit {
			t.Fatalf("%d bytes in a buffer of %d, the limit is %d", len(got), cap(got), limit)
		}
		if err == errInflateTables {
			if least := maxTables(0) * 7; len(message) < least {
				t.Fatalf("%d bytes are too short for so many codes", len(message))
			}
			return
		}
		want, wantErr := standardVerdict(message, limit)
		if err != wantErr && !(err == nil && wantErr == nil) || !bytes.Equal(got, want) {
			t.Fatalf("got %d bytes, %v; the standard library has %d, %v", len(got), err, len(want), wantErr)
		}
		text, textErr := InflateText(nil, message, limit)
		if (textErr == nil) != (err == nil && bytes.Equal([]byte(strings.ToValidUTF8(string(got), "?")), got)) {
			t.Fatalf("as text: %d bytes, %v", len(text), textErr)
		}
	})
}

// emptyDynamicBlock is a final block that has the reader build its tables for
// nothing, padded to whole bytes.
var emptyDynamicBlock = []byte("\x05\xc0\x81\x00\x00\x00\x00\x00\x90\xff\x6b\x00")

func BenchmarkInflate(b *testing.B) {
	for _, n := range []int{200, 1000, 16 << 10, 64 << 10} {
		message := maxWindowBits.AppendMessage(nil, records(n), 6)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var dst []byte
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = Inflate(dst[:0], message, n)
			}
		})
	}
	for _, c := range []struct {
		name    string
		message []byte
	}{
		{"64 MiB of zeros against 1 KiB", bomb(b, 64)},
		{"64 KiB of empty final blocks", bytes.Repeat([]byte{3, 0}, 32<<10)},
		{"64 KiB of empty dynamic blocks", bytes.Repeat(emptyDynamicBlock, 64<<10/len(emptyDynamicBlock))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Inflate(nil, c.message, 1<<10)
			}
		})
	}
}
