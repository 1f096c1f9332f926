package secure

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"weak"
)

// A handshake that is behind is fed no more until it has read what there is, however
// much it needs.
func TestAWireAsksForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		w := newWire(nil, nil, func([]byte) {}, func() { asked++ })
		piece := bytes.Repeat([]byte{byte(typeHandshake), 3, 3, 0, 1, 0}, 1000)
		ended := make(chan int)
		feed := func() (fed int) {
			for room := true; room; fed += len(piece) {
				room = w.feed(piece)
			}
			return fed
		}
		want := feed()
		go func() {
			read, p := 0, make([]byte, 16<<10)
			for {
				n, err := w.Read(p)
				if read += n; err != nil {
					ended <- read
					return
				}
			}
		}()
		synctest.Wait()
		if asked != 1 || want < maxFed || want >= maxFed+len(piece) {
			t.Errorf("asked %d times for more than %d bytes", asked, want)
		}
		want += feed()
		synctest.Wait()
		w.Close()
		if read := <-ended; read != want || asked != 2 {
			t.Errorf("read %d bytes of %d, and asked %d times", read, want, asked)
		}
	})
}

// TestTheBeginningOfARecordIsAllThatIsKept: what was read before it in the same piece,
// up to 64 KiB, is not kept with it.
func TestTheBeginningOfARecordIsAllThatIsKept(t *testing.T) {
	const beginning = "\x17\x03\x03"
	w := newWire(nil, nil, func([]byte) {}, func() {})
	w.takeOver()
	w.feed(append(bytes.Repeat([]byte("\x17\x03\x03\x00\x01x"), 10_000), beginning...))
	piece := weak.Make(&w.in[0])
	if _, err := io.Copy(io.Discard, w); !errors.Is(err, errNoInput) {
		t.Fatalf("the read ends with %v", err)
	}
	runtime.GC()
	if piece.Value() != nil {
		t.Error("the piece is still in memory")
	}
	if got := w.rest(); string(got) != beginning {
		t.Errorf("kept %q, want %q", got, beginning)
	}
}
