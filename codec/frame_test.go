package codec

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gobwas/ws"
)

var frameSizes = []int{0, 1, 125, 126, 127, 65535, 65536, 70000}

func TestAppendFrameIsWhatTheLibraryReads(t *testing.T) {
	t.Parallel()
	for _, n := range frameSizes {
		payload := bytes.Repeat([]byte("x"), n)
		wire := AppendFrame([]byte("dst"), ws.OpText, payload)
		if string(wire[:3]) != "dst" {
			t.Errorf("%d bytes: dst became %q", n, wire[:3])
		}
		r := bytes.NewReader(wire[3:])
		got, err := ws.ReadFrame(r)
		want := ws.Header{Fin: true, OpCode: ws.OpText, Length: int64(n)}
		if err != nil || got.Header != want || !bytes.Equal(got.Payload, payload) || r.Len() != 0 {
			t.Errorf("%d bytes: read back %+v, %v, %d bytes left", n, got.Header, err, r.Len())
		}
	}
}

func TestAppendMaskedFrameIsWhatTheLibraryReads(t *testing.T) {
	t.Parallel()
	key := [4]byte{0xde, 0xad, 0xbe, 0xef}
	for _, n := range frameSizes {
		payload := bytes.Repeat([]byte("y"), n)
		wire := AppendMaskedFrame([]byte("dst"), ws.OpBinary, payload, key)
		if string(wire[:3]) != "dst" || !bytes.Equal(payload, bytes.Repeat([]byte("y"), n)) {
			t.Errorf("%d bytes: dst became %q, or the payload changed", n, wire[:3])
		}
		got, err := ws.ReadFrame(bytes.NewReader(wire[3:]))
		want := ws.Header{Fin: true, OpCode: ws.OpBinary, Masked: true, Mask: key, Length: int64(n)}
		if err != nil || got.Header != want {
			t.Errorf("%d bytes: read back %+v, %v", n, got.Header, err)
			continue
		}
		if got = ws.UnmaskFrameInPlace(got); !bytes.Equal(got.Payload, payload) {
			t.Errorf("%d bytes: the payload came back changed", n)
		}
	}
}

func TestEncodeIsExactAndCopies(t *testing.T) {
	t.Parallel()
	for _, n := range frameSizes {
		payload := bytes.Repeat([]byte("z"), n)
		f := Encode(ws.OpText, payload)
		want := AppendFrame(nil, ws.OpText, payload)
		clear(payload)
		if !bytes.Equal(f.Bytes(), want) || f.Len() != len(want) {
			t.Errorf("%d bytes: the frame differs, or shares its payload", n)
		}
		if cap(f.wire) != f.Len() {
			t.Errorf("%d bytes: %d held for %d", n, cap(f.wire), f.Len())
		}
	}
}

func TestFrameSurvivesAnAppend(t *testing.T) {
	t.Parallel()
	f := Frame{append(make([]byte, 0, 64), "\x81\x02hi"...)}
	_ = append(f.Bytes(), 0xee)
	if spare := f.wire[:5][4]; spare != 0 {
		t.Errorf("an append to Bytes wrote %#x behind the frame", spare)
	}
}

func TestZeroFrameIsNoFrame(t *testing.T) {
	t.Parallel()
	var f Frame
	if f.Len() != 0 || len(f.Bytes()) != 0 {
		t.Errorf("got %d bytes %x", f.Len(), f.Bytes())
	}
}

func BenchmarkAppendFrame(b *testing.B) {
	for _, n := range []int{64, 1024} {
		payload := make([]byte, n)
		dst := make([]byte, 0, MaxHeader+n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				AppendFrame(dst, ws.OpText, payload)
			}
		})
	}
}
