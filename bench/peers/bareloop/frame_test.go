package main

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gobwas/ws"
)

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 7)
	}
	return p
}

func clientFrame(op ws.OpCode, payload []byte) []byte {
	f := ws.NewFrame(op, true, bytes.Clone(payload))
	return ws.MustCompileFrame(ws.MaskFrameInPlaceWith(f, [4]byte{0xD1, 0x07, 0x80, 0x5E}))
}

func serverFrame(op ws.OpCode, payload []byte) []byte {
	return ws.MustCompileFrame(ws.NewFrame(op, true, payload))
}

func TestEchoOfWholeFrames(t *testing.T) {
	var in, want []byte
	for _, size := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 63, 64, 125, 126, 127, 1000, 65535, 65536, 70_001, 3} {
		in = append(in, clientFrame(ws.OpBinary, pattern(size))...)
		want = append(want, serverFrame(ws.OpBinary, pattern(size))...)
	}
	reply, rest, v := echo(in)
	if v != goOn || len(rest) != 0 || !bytes.Equal(reply, want) {
		t.Fatalf("got verdict %d, %d bytes of rest and %d of reply, want %d, 0 and the %d expected", v, len(rest), len(reply), goOn, len(want))
	}
}

func TestEchoByKind(t *testing.T) {
	payload := pattern(20)
	data := clientFrame(ws.OpText, payload)
	unmasked := serverFrame(ws.OpText, payload)
	endless := []byte{0x82, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}
	for _, c := range []struct {
		name    string
		in      []byte
		reply   []byte
		verdict verdict
	}{
		{"text", data, unmasked, goOn},
		{"ping", clientFrame(ws.OpPing, payload), serverFrame(ws.OpPong, payload), goOn},
		{"pong", clientFrame(ws.OpPong, payload), nil, goOn},
		{"pong between", bytes.Join([][]byte{data, clientFrame(ws.OpPong, payload), data}, nil), append(bytes.Clone(unmasked), unmasked...), goOn},
		{"close", clientFrame(ws.OpClose, payload[:2]), serverFrame(ws.OpClose, payload[:2]), finish},
		{"behind a close", append(clientFrame(ws.OpClose, nil), data...), serverFrame(ws.OpClose, nil), finish},
		{"unmasked", unmasked, nil, fault},
		{"unmasked behind a whole one", append(bytes.Clone(data), unmasked...), unmasked, fault},
		{"longer than the bound", endless, nil, fault},
	} {
		t.Run(c.name, func(t *testing.T) {
			reply, rest, v := echo(bytes.Clone(c.in))
			if v != c.verdict || len(rest) != 0 || !bytes.Equal(reply, c.reply) {
				t.Fatalf("got verdict %d, reply %x, rest %x; want %d, %x and none", v, reply, rest, c.verdict, c.reply)
			}
		})
	}
}

// Cut anywhere, a stream gives the same replies.
func TestEchoOfEveryPrefix(t *testing.T) {
	var in, want []byte
	for _, size := range []int{5, 0, 130, 20} {
		in = append(in, clientFrame(ws.OpBinary, pattern(size))...)
		want = append(want, serverFrame(ws.OpBinary, pattern(size))...)
	}
	for cut := range len(in) + 1 {
		reply, rest, v := echo(bytes.Clone(in[:cut]))
		got := bytes.Clone(reply)
		if v != goOn {
			t.Fatalf("cut at %d: verdict %d", cut, v)
		}
		reply, rest, v = echo(append(bytes.Clone(rest), in[cut:]...))
		got = append(got, reply...)
		if v != goOn || len(rest) != 0 || !bytes.Equal(got, want) {
			t.Fatalf("cut at %d: got verdict %d, rest %x and %x, want %x", cut, v, rest, got, want)
		}
	}
}

func TestLongFrame(t *testing.T) {
	for _, c := range []struct{ payload, cut, want int }{
		{100, 3, 0},
		{bufferSize - 14, bufferSize - 7, 0},
		{bufferSize, 13, 0}, // the header is not complete
		{bufferSize, 14, bufferSize + 14},
		{1 << 20, 5000, 1<<20 + 14},
	} {
		in := clientFrame(ws.OpBinary, pattern(c.payload))
		if got := longFrame(in[:c.cut]); got != c.want {
			t.Errorf("%d bytes of a frame with %d: got %d, want %d", c.cut, c.payload, got, c.want)
		}
	}
}

func TestHandshake(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: x\r\nsec-WebSocket-Key:  dGhlIHNhbXBsZSBub25jZQ== \r\n\r\n"
	for cut := range len(request) {
		if _, _, ok := splitHead([]byte(request[:cut])); ok {
			t.Fatalf("a head of %d bytes counts as whole", cut)
		}
	}
	head, rest, ok := splitHead([]byte(request + "behind"))
	if !ok || string(rest) != "behind" {
		t.Fatalf("got rest %q, %v", rest, ok)
	}
	key, ok := challenge(head)
	if !ok {
		t.Fatal("no key found")
	}
	const want = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" // RFC 6455 §1.3
	if answer := appendSwitch(nil, key); !bytes.HasSuffix(answer, []byte(want)) {
		t.Fatalf("got %q, want it to end in %q", answer, want)
	}
}

func TestChallengeRefuses(t *testing.T) {
	for _, head := range []string{
		"",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nSec-WebSocket-Key: short\r\n\r\n",
		"GET / HTTP/1.1\r\nX-Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	} {
		if key, ok := challenge([]byte(head)); ok {
			t.Errorf("%q: found the key %q", head, key)
		}
	}
}

func BenchmarkEcho(b *testing.B) {
	for _, frames := range []int{1, 8} {
		b.Run(fmt.Sprintf("%d×64B", frames), func(b *testing.B) {
			in := bytes.Repeat(clientFrame(ws.OpBinary, pattern(64)), frames)
			scratch := make([]byte, len(in))
			b.ReportAllocs()
			for b.Loop() {
				copy(scratch, in)
				echo(scratch)
			}
		})
	}
}
