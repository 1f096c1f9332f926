//go:build !race

package bench

import (
	"testing"

	"github.com/gobwas/ws"
)

// A message costs the generator no allocation, or collecting garbage would
// show up in the latencies it measures.
func TestNoAllocationPerMessage(t *testing.T) {
	p := newPayloads(64)
	payload := p.appendPart(nil, 1, 2, 0, 64)
	stream := frame(true, ws.OpBinary, string(payload))
	out := make([]byte, 0, 64)
	l := newLatencies()
	var f frames
	for name, act := range map[string]func(){
		"frames.next": func() {
			if _, n, ok, err := f.next(stream); n != len(stream) || !ok || err != nil {
				t.Fatalf("%d, %t, %v", n, ok, err)
			}
		},
		"payloads.appendPart": func() { p.appendPart(out, 1, 2, 0, 64) },
		"payloads.verify": func() {
			if err := p.verify(payload, 1, 2, 0); err != nil {
				t.Fatal(err)
			}
		},
		"latencies.record": func() { l.record(12345) },
	} {
		if n := testing.AllocsPerRun(100, act); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
