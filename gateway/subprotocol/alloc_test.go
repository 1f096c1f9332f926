//go:build !race

package subprotocol_test

import (
	"testing"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

func TestParsingAllocatesNothing(t *testing.T) {
	var r request
	for name, message := range jsonMessages {
		bytes := []byte(message)
		if n := testing.AllocsPerRun(100, func() {
			if err := subprotocol.JSON.Parse(&r, ws.OpText, bytes); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("JSON, %s: %v allocations", name, n)
		}
	}
	for name, message := range protobufMessages {
		bytes := fromText(t, upstream, message)
		if n := testing.AllocsPerRun(100, func() {
			if err := subprotocol.Protobuf.Parse(&r, ws.OpBinary, bytes); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("protobuf, %s: %v allocations", name, n)
		}
	}
}

func TestAppendingAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 1024)
	for _, tc := range downlinks {
		if tc.name == "no UTF-8" {
			continue // is mended in a copy
		}
		for _, e := range []subprotocol.Encoding{subprotocol.Simple, subprotocol.JSON, subprotocol.Protobuf} {
			frame := tc.frame
			if s, is := frame.(stamped); is {
				shared := s.message.Append(nil, e)
				if n := testing.AllocsPerRun(100, func() { e.AppendStamped(dst, shared, s.sequence) }); n != 0 {
					t.Errorf("%s: %v allocations", tc.name, n)
				}
				continue
			}
			if n := testing.AllocsPerRun(100, func() { frame.Append(dst, e) }); n != 0 {
				t.Errorf("%s: %v allocations", tc.name, n)
			}
		}
	}
}

func TestAllowAllocatesNothing(t *testing.T) {
	p := permissions(t, "webpubsub.sendToGroup.a", "webpubsub.sendToGroup.a.group.with.a.name.that.is.longer.than.32.bytes", "webpubsub.sendToGroups.room.*.x")
	if err := p.Revoke(send, "a"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "a.group.with.a.name.that.is.longer.than.32.bytes", "room.of.nobody.whose.name.is.long", "room.1.x"} {
		bytes := []byte(name)
		if n := testing.AllocsPerRun(100, func() { p.Allow(send, bytes) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// Sequence ids and acks of a client that keeps up.
func TestRememberingAllocatesLittle(t *testing.T) {
	var acks subprotocol.Acks
	var replay subprotocol.Replay
	message := []byte("m")
	id := uint64(0)
	if n := testing.AllocsPerRun(2000, func() {
		id++
		if !acks.Succeeded(id) {
			acks.Add(id)
		}
	}); n != 0 {
		t.Errorf("acks: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		for range 300 {
			if id, _ = replay.Add(message, 0); id == 0 {
				t.Fatal("full")
			}
		}
		replay.Ack(id)
	}); n > 12 {
		t.Errorf("300 messages and an ack: %v allocations", n)
	}
}
