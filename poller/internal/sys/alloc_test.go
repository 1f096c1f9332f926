//go:build !race

package sys_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// TestEngineAllocations covers what a loop calls in every turn.
func TestEngineAllocations(t *testing.T) {
	for _, k := range kernels {
		if k.name == fakeKernel.name {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			r := k.open(t)
			fd, other := r.registered(7)
			events := make([]sys.Event, 64)
			one := []byte("x")
			p := make([]byte, 64)
			for name, call := range map[string]func(){
				"poll":               func() { r.wait(events, 0) },
				"wait for a timeout": func() { r.wait(events, time.Microsecond) },
				"wake and wait": func() {
					r.engine.Wake()
					r.wait(events, patience)
				},
				"event": func() {
					other.Write(one)
					for r.wait(events, patience) == 0 {
					}
					r.sockets.Read(fd, p)
				},
			} {
				if allocs := testing.AllocsPerRun(100, call); allocs != 0 {
					t.Errorf("%s: %v allocations, want none", name, allocs)
				}
			}
		})
	}
}

func TestSocketsAllocations(t *testing.T) {
	r := newTCPRig(t, nil)
	listener := r.listen()
	defer r.close(listener)
	fd, other := r.connectTo(listener)
	defer other.Close()
	defer r.close(fd)
	one, p := []byte("x"), make([]byte, 64)
	pieces := [][]byte{one, one, one}
	for name, call := range map[string]func(){
		"read that would block":   func() { r.sockets.Read(fd, p) },
		"write":                   func() { r.sockets.Write(fd, one) },
		"writev":                  func() { r.sockets.Writev(fd, pieces) },
		"accept that would block": func() { r.sockets.Accept(listener) },
	} {
		if allocs := testing.AllocsPerRun(100, call); allocs != 0 {
			t.Errorf("%s: %v allocations, want none", name, allocs)
		}
	}
}
