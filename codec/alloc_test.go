//go:build !race

package codec

import (
	"bytes"
	"testing"

	"github.com/gobwas/ws"
)

func TestAllocations(t *testing.T) {
	payload := bytes.Repeat([]byte("a"), 64)
	masked := AppendMaskedFrame(nil, ws.OpText, payload, [4]byte{}) // a zero key leaves the frame as it is
	long := AppendMaskedFrame(nil, ws.OpText, bytes.Repeat([]byte("a"), 4096), [4]byte{})
	header, _, _ := ParseHeader(masked)
	bad := []byte("\x81\xfe\x00\x00")
	dst := make([]byte, 0, 512)
	closing := AppendClose(nil, 1000, "going away")
	head := []byte(browserHead)
	request, err := ParseRequest(browserHead)
	if err != nil {
		t.Fatal(err)
	}
	game := records(4096)
	deflated := maxWindowBits.AppendMessage(nil, game, 6)
	room := make([]byte, 0, 4096)
	offer := Request{fields: "Sec-WebSocket-Extensions: foo, permessage-deflate; client_max_window_bits; server_max_window_bits=10\r\n"}
	var d Decoder

	for _, c := range []struct {
		name string
		most float64
		run  func()
	}{
		{"ParseHeader", 0, func() { ParseHeader(masked) }},
		{"ParseHeader, refused", 0, func() { ParseHeader(bad) }},
		{"AppendHeader", 0, func() { AppendHeader(dst, header) }},
		{"Check", 0, func() { Check(header, State{}) }},
		{"Check, refused", 0, func() { Check(header, State{Side: Client}) }},
		{"Unmask", 0, func() { Unmask(payload, [4]byte{1, 2, 3, 4}, 0) }},
		{"Next", 0, func() { d.Next(masked, testLimits) }},
		{"Next, 4 KiB", 0, func() { d.Next(long, testLimits) }},
		{"Next, refused", 0, func() { d.Next(bad, testLimits) }},
		{"Next, cut in the header", 0, func() { d.Next(masked[:3], testLimits); d.Next(masked[3:], testLimits) }},
		{"Next, cut in the payload", 2, func() { d.Next(masked[:20], testLimits); d.Next(masked[20:], testLimits) }},
		{"AppendFrame", 0, func() { AppendFrame(dst, ws.OpText, payload) }},
		{"AppendMaskedFrame", 0, func() { AppendMaskedFrame(dst, ws.OpText, payload, [4]byte{1, 2, 3, 4}) }},
		{"Encode", 1, func() { Encode(ws.OpText, payload) }},
		{"ParseClose", 0, func() { ParseClose(closing) }},
		{"AppendClose", 0, func() { AppendClose(dst, 1000, "going away") }},
		{"UTF8", 0, func() { var v UTF8; v.Write(payload); v.Complete() }},
		{"HeadEnd", 0, func() { HeadEnd(head, 0) }},
		{"ParseRequest", 0, func() { ParseRequest(browserHead) }},
		{"CheckUpgrade", 0, func() { request.CheckUpgrade() }},
		{"Header", 0, func() { request.Header("User-Agent") }},
		{"Protocols", 0, func() {
			for range request.Protocols() {
			}
		}},
		{"NegotiateDeflate", 3, func() { NegotiateDeflate(offer.Extensions(), 15) }},
		{"AppendMessage", 0, func() { maxWindowBits.AppendMessage(room, game, 1) }},
		{"AppendMessage, level 6", 0, func() { maxWindowBits.AppendMessage(room, game, 6) }},
		{"AppendMessage, level 9", 0, func() { maxWindowBits.AppendMessage(room, game, 9) }},
		{"AppendMessage, small window", 0, func() { Deflate(9).AppendMessage(room, game, 1) }},
		{"Inflate", 0, func() { Inflate(room, deflated, 4096) }},
		{"Inflate, refused", 0, func() { Inflate(room, deflated, 4095) }},
		{"Inflate, broken", 0, func() { Inflate(room, deflated[:200], 4096) }},
		{"InflateText", 0, func() { InflateText(room, deflated, 4096) }},
		{"Inflate, room to be made", 3, func() { Inflate(nil, deflated, 4096) }},
		{"AppendCompressedFrame", 0, func() { AppendCompressedFrame(dst, ws.OpText, payload) }},
		{"EncodeCompressed", 1, func() { EncodeCompressed(ws.OpText, payload) }},
		{"AppendUpgrade", 0, func() { AppendUpgrade(dst, request.Key, "json", "") }},
	} {
		if got := testing.AllocsPerRun(100, c.run); got > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, got, c.most)
		}
	}
}
