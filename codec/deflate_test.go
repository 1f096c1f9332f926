package codec

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec/codectest"
)

// records is JSON of n bytes, such as a game sends.
func records(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"id":%d,"name":"user-%x","at":[%d,%d],"alive":true},`, i*7919, i*i*31, i*13%977, i*17%911)
	}
	return b.Bytes()[:n]
}

// noise is n bytes that do not compress.
func noise(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// echoes is noise with pieces of it repeated at distances around 1<<bits: what
// leads a compressor to refer as far back as it may.
func echoes(bits int) []byte {
	b := noise(uint64(bits), 1<<bits)
	for i, distance := range []int{1<<bits - 1, 1 << bits, 1<<bits + 1, 1<<bits + 90, 1 << bits, 1<<bits + 3} {
		from := max(len(b)-distance, 0)
		b = append(b, b[from:from+40]...)
		b = append(b, noise(uint64(i), 23)...)
	}
	return b
}

var payloads = []struct {
	name    string
	payload []byte
}{
	{"empty", nil},
	{"one byte", []byte("a")},
	{"Hello", []byte("Hello")},
	{"33 bytes", records(33)},
	{"127 bytes", records(127)},
	{"200 bytes", records(200)},
	{"256 bytes", records(256)},
	{"257 bytes", records(257)},
	{"4 KiB", records(4 << 10)},
	{"65,535 bytes", records(65535)},
	{"65,536 bytes", records(65536)},
	{"130 KiB", records(130 << 10)},
	{"zeros", make([]byte, 70_000)},
	{"noise", noise(1, 40_000)},
	{"noise of 40 bytes", noise(2, 40)},
	{"ends like a tail", []byte("abc\x00\x00\xff\xff")},
	{"echoes at 8 bits", echoes(8)},
	{"echoes at 9 bits", echoes(9)},
	{"echoes at 12 bits", echoes(12)},
	{"echoes at 14 bits", echoes(14)},
	{"echoes at 15 bits", echoes(15)},
}

func TestAppendMessageIsWhatOthersRead(t *testing.T) {
	t.Parallel()
	for _, c := range payloads {
		for d := minWindowBits; d <= maxWindowBits; d++ {
			for level := minLevel; level <= maxLevel; level++ {
				if d < maxWindowBits && level != 1 {
					continue // smaller windows have one level
				}
				message := d.AppendMessage([]byte("dst"), c.payload, level)
				if string(message[:3]) != "dst" {
					t.Fatalf("%s: dst became %q", c.name, message[:3])
				}
				message = message[3:]
				if got, err := codectest.Inflate(message); err != nil || !bytes.Equal(got, c.payload) {
					t.Errorf("%s, %d bits, level %d: the standard library reads %d bytes, %v", c.name, d, level, len(got), err)
				}
				if got, err := Inflate(nil, message, len(c.payload)); err != nil || !bytes.Equal(got, c.payload) {
					t.Errorf("%s, %d bits, level %d: read back %d bytes, %v", c.name, d, level, len(got), err)
				}
				if most := len(c.payload) + len(c.payload)>>10 + 6; len(message) > most {
					t.Errorf("%s, %d bits, level %d: %d bytes became %d", c.name, d, level, len(c.payload), len(message))
				}
			}
		}
	}
}

func TestAppendMessageKeepsToItsWindow(t *testing.T) {
	t.Parallel()
	farthestAt := func(d Deflate) (farthest int) {
		for _, c := range payloads {
			payload := c.payload[:min(len(c.payload), 70_000)]
			text, back, err := codectest.Trace(d.AppendMessage(nil, payload, 9))
			if err != nil || !bytes.Equal(text, payload) {
				t.Fatalf("%s, %d bits: traced %d bytes, %v", c.name, d, len(text), err)
			}
			farthest = max(farthest, back)
		}
		return farthest
	}
	tempted := farthestAt(maxWindowBits)
	for d := minWindowBits; d <= maxWindowBits; d++ {
		farthest := farthestAt(d)
		if farthest > 1<<d {
			t.Errorf("a reference %d back, beyond the window of %d bits", farthest, d)
		}
		// The window is used, and there is something beyond it to refer to.
		if farthest <= 1<<(d-1) || d < maxWindowBits && tempted <= 1<<d {
			t.Errorf("%d bits: the farthest reference is %d back, %d with the full window", d, farthest, tempted)
		}
	}
}

func TestAppendMessageIsDeterministic(t *testing.T) {
	t.Parallel()
	start := func(p []byte) []byte { return p[:min(len(p), 10_000)] }
	check := func(d Deflate, level int) {
		first := make([][]byte, len(payloads))
		for i, c := range payloads {
			first[i] = d.AppendMessage(nil, start(c.payload), level)
		}
		for i, c := range slices.Backward(payloads) { // so that each has another one before it
			if again := d.AppendMessage(nil, start(c.payload), level); !bytes.Equal(again, first[i]) {
				t.Errorf("%s, %d bits, level %d: %d bytes, then %d or others", c.name, d, level, len(first[i]), len(again))
			}
		}
	}
	check(8, minLevel)
	check(12, minLevel)
	for level := minLevel; level <= maxLevel; level++ {
		check(maxWindowBits, level)
	}
}

func TestAppendMessageOutOfBounds(t *testing.T) {
	t.Parallel()
	p := records(3000)
	for _, c := range []struct {
		d, like     Deflate
		level, same int
	}{
		{0, 8, 5, 5}, {7, 8, 5, 5}, {16, 15, 5, 5}, {255, 15, 5, 5},
		{15, 15, 0, 1}, {15, 15, -7, 1}, {15, 15, 10, 9}, {15, 15, 1 << 40, 9},
	} {
		if got, want := c.d.AppendMessage(nil, p, c.level), c.like.AppendMessage(nil, p, c.same); !bytes.Equal(got, want) {
			t.Errorf("%d bits, level %d: not as %d bits, level %d", c.d, c.level, c.like, c.same)
		}
	}
}

func TestAppendMessageExamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, payload, want string
		level               int
	}{
		{"§7.2.3.1", "Hello", "\xf2\x48\xcd\xc9\xc9\x07\x00", 9},
		{"§7.2.3.3, stored, for that is quickest", "Hello", "\x00\x05\x00\xfa\xffHello\x00", 1},
		{"§7.2.3.6", "", "\x00", 1},
		{"§7.2.3.6, best", "", "\x00", 9},
	} {
		if got := maxWindowBits.AppendMessage(nil, []byte(c.payload), c.level); string(got) != c.want {
			t.Errorf("%s: got %x, want %x", c.name, got, c.want)
		}
	}
}

func TestAppendMessageFromManyGoroutines(t *testing.T) {
	t.Parallel()
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			p := records(500 + 700*i)
			for range 20 {
				message := Deflate(8+i).AppendMessage(nil, p, 1+i)
				if got, err := Inflate(nil, message, len(p)); err != nil || !bytes.Equal(got, p) {
					t.Errorf("%d bytes came back as %d, %v", len(p), len(got), err)
				}
			}
		})
	}
	running.Wait()
}

func TestCompressedFrames(t *testing.T) {
	t.Parallel()
	deflated := maxWindowBits.AppendMessage(nil, []byte("Hello"), 9)
	want := "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00" // RFC 7692 §7.2.3.1
	if got := AppendCompressedFrame([]byte("dst"), ws.OpText, deflated); string(got) != "dst"+want {
		t.Errorf("AppendCompressedFrame: got %x, want %x", got, want)
	}
	if got := EncodeCompressed(ws.OpText, deflated); string(got.Bytes()) != want || cap(got.wire) != len(want) {
		t.Errorf("EncodeCompressed: got %x, want %x", got.Bytes(), want)
	}
	for _, n := range frameSizes {
		deflated := noise(3, n)
		if got, want := AppendMaskedCompressedFrame(nil, ws.OpBinary, deflated, testKey), clientFrame(true, rsv1, ws.OpBinary, string(deflated)); !bytes.Equal(got, want) {
			t.Errorf("%d bytes masked: the frame differs", n)
		}
		if !bytes.Equal(deflated, noise(3, n)) {
			t.Errorf("%d bytes masked: the payload changed", n)
		}
	}
}

// TestPooledAreAsLargeAsStated holds the figures in the documentation.
func TestPooledAreAsLargeAsStated(t *testing.T) {
	message := maxWindowBits.AppendMessage(nil, records(100_000), 9)
	deflate := func(window Deflate, level int) func() any {
		return func() any {
			w := newDeflater(window, level)
			w.appendMessage(nil, records(100_000))
			return w
		}
	}
	for _, c := range []struct {
		name string
		make func() any
		most int64
	}{
		{"level 1", deflate(15, 1), 0.85e6},
		{"level 2", deflate(15, 2), 1.25e6},
		{"level 6", deflate(15, 6), 1.25e6},
		{"level 8", deflate(15, 8), 1.25e6},
		{"level 9", deflate(15, 9), 1.45e6},
		{"window of 8 bits", deflate(8, 1), 1.25e6},
		{"inflater", func() any {
			r := new(inflater)
			if _, err := r.appendMessage(nil, message, 100_000); err != nil {
				t.Error(err)
			}
			return r
		}, 11e3},
	} {
		var kept [3]any
		before := liveHeap()
		for i := range kept {
			kept[i] = c.make()
		}
		if each := (liveHeap() - before) / int64(len(kept)); each > c.most || each < c.most/2 {
			t.Errorf("%s: %d bytes each, stated are at most %d", c.name, each, c.most)
		} else {
			t.Logf("%s: %d bytes each", c.name, each)
		}
		runtime.KeepAlive(kept)
	}
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // empties the pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func FuzzDeflateRoundTrip(f *testing.F) {
	for i, c := range payloads {
		f.Add(c.payload[:min(len(c.payload), 5000)], uint16(i%7), byte(i), byte(i))
	}
	f.Fuzz(func(t *testing.T, seed []byte, repeat uint16, window, level byte) {
		payload := bytes.Repeat(seed, 1+int(repeat%300))
		payload = payload[:min(len(payload), 200_000)]
		d := Deflate(window)
		message := d.AppendMessage(nil, payload, int(level))
		text, farthest, err := codectest.Trace(message)
		if err != nil || !bytes.Equal(text, payload) || farthest > 1<<d.legal() {
			t.Fatalf("%d bits, level %d: traced %d bytes of %d, farthest %d, %v", d, level, len(text), len(payload), farthest, err)
		}
		if got, err := Inflate(nil, message, len(payload)); err != nil || !bytes.Equal(got, payload) {
			t.Fatalf("%d bits, level %d: read back %d bytes of %d, %v", d, level, len(got), len(payload), err)
		}
	})
}

func BenchmarkAppendMessage(b *testing.B) {
	for _, n := range []int{200, 1000, 16 << 10} {
		payload := records(n)
		for _, level := range []int{1, 5, 6, 7, 9} {
			b.Run(fmt.Sprintf("%d/level %d", n, level), func(b *testing.B) {
				var dst []byte
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					dst = maxWindowBits.AppendMessage(dst[:0], payload, level)
				}
				b.ReportMetric(float64(len(dst)), "bytes")
			})
		}
		b.Run(fmt.Sprintf("%d/window 9", n), func(b *testing.B) {
			var dst []byte
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				dst = Deflate(9).AppendMessage(dst[:0], payload, 1)
			}
			b.ReportMetric(float64(len(dst)), "bytes")
		})
	}
}
