package codec_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
)

// A session feeds its decoder whatever a read returned. The second read here
// ends inside a frame, which the third completes.
func ExampleDecoder() {
	key := [4]byte{1, 2, 3, 4}
	sent := codec.AppendMaskedFrame(nil, ws.OpText, []byte("one"), key)
	sent = codec.AppendMaskedFrame(sent, ws.OpPing, []byte("still there?"), key)
	sent = codec.AppendMaskedFrame(sent, ws.OpText, []byte("two"), key)
	reads := [][]byte{sent[:9], sent[9:34], sent[34:]}

	var decoder codec.Decoder
	limits := codec.Limits{Message: 64 << 10, Fragments: 1 << 17}
	for _, p := range reads {
		for len(p) > 0 {
			unit, n, err := decoder.Next(p, &limits)
			if err != nil {
				fmt.Println(err)
				return
			}
			p = p[n:]
			if unit.Complete() {
				fmt.Printf("opcode %d: %s\n", unit.Opcode, unit.Payload)
			}
		}
		fmt.Println("read done,", decoder.Buffered(), "bytes wait")
	}
	// Output:
	// opcode 1: one
	// read done, 0 bytes wait
	// opcode 9: still there?
	// read done, 1 bytes wait
	// opcode 1: two
	// read done, 0 bytes wait
}

// The error of a decoder says what close frame to answer with.
func ExampleError() {
	var decoder codec.Decoder
	limits := codec.Limits{Message: 1000}
	frame := codec.AppendMaskedFrame(nil, ws.OpText, make([]byte, 2000), [4]byte{1, 2, 3, 4})

	_, _, err := decoder.Next(frame[:8], &limits) // the header is enough
	var fault *codec.Error
	if errors.As(err, &fault) {
		payload := codec.AppendClose(nil, fault.Code, fault.Text)
		fmt.Printf("%q\n", codec.AppendFrame(nil, ws.OpClose, payload))
	}
	// Output:
	// "\x88\x1f\x03\xf1message longer than the limit"
}

// A broadcast is encoded once; each session queues the same bytes.
func ExampleEncode() {
	frame := codec.Encode(ws.OpText, []byte("to everyone"))
	for range 2 {
		fmt.Printf("%d bytes: %q\n", frame.Len(), frame.Bytes())
	}
	// Output:
	// 13 bytes: "\x81\vto everyone"
	// 13 bytes: "\x81\vto everyone"
}

// A server picks an offer, compresses what it sends and inflates what it gets.
func ExampleNegotiateDeflate() {
	request, err := codec.ParseRequest("GET / HTTP/1.1\r\nHost: x\r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10, permessage-deflate\r\n\r\n")
	if err != nil {
		return
	}
	deflate, answer := codec.NegotiateDeflate(request.Extensions(), 15)
	fmt.Println(deflate, answer)

	message := deflate.AppendMessage(nil, []byte(strings.Repeat("tick ", 100)), 1)
	fmt.Println(len(codec.EncodeCompressed(ws.OpText, message).Bytes()), "bytes on the wire")

	text, err := codec.InflateText(nil, message, 1000)
	fmt.Println(len(text), "bytes of text", err)
	_, err = codec.InflateText(nil, message, 100)
	fmt.Println(err)
	// Output:
	// 10 permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10
	// 13 bytes on the wire
	// 500 bytes of text <nil>
	// compressed message that inflates to more than the limit (RFC 6455 §7.4.1)
}

func ExampleParseHeader() {
	for _, b := range []string{"\x81", "\x81\x05Hello", "\x81\x7e\x00\x05Hello"} {
		h, n, err := codec.ParseHeader([]byte(b))
		fmt.Println(n, h.Length, err)
	}
	// Output:
	// 0 0 <nil>
	// 2 5 <nil>
	// 0 0 payload length not in its shortest form (RFC 6455 §5.2)
}

func ExampleParseRequest() {
	received := []byte("GET /client/hubs/game HTTP/1.1\r\n" +
		"Host: play.example.com\r\n" +
		"Connection: Upgrade\r\n" +
		"Upgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"\r\n")
	end := codec.HeadEnd(received, 0)
	request, err := codec.ParseRequest(string(received[:end]))
	if err != nil || !request.Upgrade {
		return
	}
	if err := request.CheckUpgrade(); err != nil {
		return
	}
	fmt.Println(request.Path)
	fmt.Println(len(codec.AppendUpgrade(nil, request.Key, "", "")), "bytes of answer")
	// Output:
	// /client/hubs/game
	// 129 bytes of answer
}

func ExampleUTF8() {
	var text codec.UTF8
	fmt.Println(text.Write([]byte("caf\xc3")), text.Complete())
	fmt.Println(text.Write([]byte("\xa9")), text.Complete())
	fmt.Println(text.Write([]byte("\xa9")), text.Complete())
	// Output:
	// true false
	// true true
	// false false
}
