package bench

import (
	"bytes"
	"testing"
)

func TestDeflatedMessages(t *testing.T) {
	i := newInflater()
	for _, size := range []int{MinMessage, 17, 100, 1000, 100_000} {
		d := newDeflated(size)
		for sequence := range uint32(3) {
			n := d.length(7, sequence)
			whole := d.appendPart(nil, 7, sequence, 0, n)
			got, err := i.message(whole)
			if err != nil || len(got) != size {
				t.Fatalf("size %d: inflates to %d bytes, %v", size, len(got), err)
			}
			if err := d.payloads.verify(got, 7, sequence, 0); err != nil {
				t.Errorf("size %d: %v", size, err)
			}
			for _, cut := range []int{0, 1, 5, 20, 21, 22, n / 2, n} {
				if cut = min(cut, n); !bytes.Equal(d.appendPart(d.appendPart(nil, 7, sequence, 0, cut), 7, sequence, cut, n), whole) {
					t.Errorf("size %d cut at %d: not the whole", size, cut)
				}
			}
			if size >= 1000 && n > size/2 {
				t.Errorf("size %d: %d bytes compressed, want half at most", size, n)
			}
		}
	}
}

func TestInflaterRefuses(t *testing.T) {
	i := newInflater()
	for name, test := range map[string]struct {
		message []byte
		want    error
	}{
		"junk":     {[]byte("\xff\xff\xff"), errInflate},
		"cut":      {newDeflater().message([]byte("hello hello hello"))[:5], errInflate},
		"too long": {newDeflater().message(make([]byte, maxInflated+1)), errMessageLong},
	} {
		if got, err := i.message(test.message); err != test.want {
			t.Errorf("%s: got %d bytes, %v; want %v", name, len(got), err, test.want)
		}
	}
	if got, err := i.message(newDeflater().message([]byte("hello"))); err != nil || string(got) != "hello" {
		t.Errorf("after these: got %q, %v", got, err)
	}
}
