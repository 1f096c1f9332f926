package codec

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gobwas/ws"
)

// naiveMask is RFC 6455 §5.3 word for word.
func naiveMask(p []byte, key [4]byte, off int) []byte {
	out := make([]byte, len(p))
	for i, b := range p {
		out[i] = b ^ key[(off+i)%4]
	}
	return out
}

func TestUnmaskEqualsTheDefinition(t *testing.T) {
	t.Parallel()
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	memory := make([]byte, 160)
	for align := range 8 {
		for n := range 140 {
			for off := range 5 {
				p := memory[align : align+n]
				for i := range p {
					p[i] = byte(i * 7)
				}
				want := naiveMask(p, key, off)
				Unmask(p, key, off)
				if !bytes.Equal(p, want) {
					t.Fatalf("align %d, %d bytes, offset %d: got %x, want %x", align, n, off, p, want)
				}
			}
		}
	}
}

func TestUnmaskTouchesOnlyItsSlice(t *testing.T) {
	t.Parallel()
	for n := range 100 {
		p := make([]byte, n+2)
		Unmask(p[1:n+1], [4]byte{0xff, 0xff, 0xff, 0xff}, 0)
		if p[0] != 0 || p[n+1] != 0 {
			t.Fatalf("%d bytes: a neighbour changed: %x", n, p)
		}
	}
}

func TestUnmaskInPiecesEqualsOnce(t *testing.T) {
	t.Parallel()
	key := [4]byte{1, 2, 3, 4}
	whole := bytes.Repeat([]byte("sluice"), 20)
	want := naiveMask(whole, key, 0)
	for cut := range len(whole) + 1 {
		p := bytes.Clone(whole)
		Unmask(p[:cut], key, 0)
		Unmask(p[cut:], key, cut)
		if !bytes.Equal(p, want) {
			t.Fatalf("cut at %d: got %x, want %x", cut, p, want)
		}
	}
}

func TestUnmaskAcceptsTheLargestOffset(t *testing.T) {
	t.Parallel()
	const off = int(^uint(0) >> 1)
	key := [4]byte{1, 2, 3, 4}
	p := []byte{0, 0, 0, 0}
	Unmask(p, key, off)
	if want := []byte{4, 1, 2, 3}; !bytes.Equal(p, want) { // off is 3 modulo 4
		t.Fatalf("got %v, want %v", p, want)
	}
}

func FuzzMask(f *testing.F) {
	f.Add([]byte(""), uint32(0), 0)
	f.Add([]byte("Hello"), uint32(0x37fa213d), 1)
	f.Add(bytes.Repeat([]byte{0xa5}, 71), uint32(0xffffffff), 3)
	f.Fuzz(func(t *testing.T, p []byte, key32 uint32, off int) {
		off &= 1<<30 - 1
		key := [4]byte{byte(key32 >> 24), byte(key32 >> 16), byte(key32 >> 8), byte(key32)}
		want := naiveMask(p, key, off)
		got := bytes.Clone(p)
		Unmask(got, key, off)
		if !bytes.Equal(got, want) {
			t.Fatalf("got %x, want %x", got, want)
		}
		library := bytes.Clone(p)
		ws.Cipher(library, key, off)
		if !bytes.Equal(got, library) {
			t.Fatalf("got %x, ws.Cipher gives %x", got, library)
		}
		Unmask(got, key, off)
		if !bytes.Equal(got, p) {
			t.Fatalf("masking twice gave %x, want %x", got, p)
		}
	})
}

func BenchmarkUnmask(b *testing.B) {
	for _, n := range []int{16, 64, 125, 1024, 65536} {
		p := make([]byte, n+6)[6:] // as a payload lies behind its header
		b.Run(fmt.Sprintf("own/%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				Unmask(p, [4]byte{1, 2, 3, 4}, 0)
			}
		})
		b.Run(fmt.Sprintf("library/%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				ws.Cipher(p, [4]byte{1, 2, 3, 4}, 0)
			}
		})
	}
}
