//go:build !race

package main

import (
	"bytes"
	"testing"

	"github.com/gobwas/ws"
)

func TestEchoAllocatesNothing(t *testing.T) {
	in := bytes.Repeat(clientFrame(ws.OpBinary, pattern(64)), 8)
	scratch := make([]byte, len(in))
	allocated := testing.AllocsPerRun(100, func() {
		copy(scratch, in)
		if _, _, v := echo(scratch); v != goOn {
			t.Fatal("echo failed")
		}
	})
	if allocated != 0 {
		t.Errorf("%v allocations, want none", allocated)
	}
}
