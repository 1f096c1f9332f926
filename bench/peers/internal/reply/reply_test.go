package reply

import (
	"bytes"
	"errors"
	"strings"
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

func TestAppend(t *testing.T) {
	small, long := pattern(20), pattern(70_000)
	middle := clientFrame(ws.OpContinuation, small)
	middle[0] &^= 0x80
	for _, c := range []struct {
		name string
		in   []byte
		out  []byte
		used int // from the end of in
		err  error
	}{
		{"nothing", nil, nil, 0, nil},
		{"text", clientFrame(ws.OpText, small), serverFrame(ws.OpText, small), 0, nil},
		{"16-bit length", clientFrame(ws.OpText, long[:126]), serverFrame(ws.OpText, long[:126]), 0, nil},
		{"64-bit length", clientFrame(ws.OpBinary, long), serverFrame(ws.OpBinary, long), 0, nil},
		{"fragment", middle, append([]byte{0x00, 20}, small...), 0, nil},
		{"ping", clientFrame(ws.OpPing, small), serverFrame(ws.OpPong, small), 0, nil},
		{"pong", clientFrame(ws.OpPong, small), nil, 0, nil},
		{"close", append(clientFrame(ws.OpClose, nil), "behind"...), serverFrame(ws.OpClose, nil), 6, ErrClosed},
		{"whole and partial", append(clientFrame(ws.OpText, small), clientFrame(ws.OpText, small)[:9]...), serverFrame(ws.OpText, small), 9, nil},
		{"unmasked", serverFrame(ws.OpText, small), nil, 22, ErrUnmasked},
		{"too long", []byte{0x82, 0xFF, 0, 0, 0, 0, 1, 0, 0, 1, 1, 2, 3, 4}, nil, 14, ErrTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, used, err := Append([]byte("before"), bytes.Clone(c.in))
			if !errors.Is(err, c.err) || used != len(c.in)-c.used || !bytes.Equal(out, append([]byte("before"), c.out...)) {
				t.Fatalf("got %d bytes out, %d used, error %v; want %d, %d, %v", len(out)-6, used, err, len(c.out), len(c.in)-c.used, c.err)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	for _, size := range []int{0, 20, 126, 70_000} {
		whole := clientFrame(ws.OpBinary, pattern(size))
		for _, have := range []int{0, 1, 2, 5, 8, 14, len(whole) - 1, len(whole)} {
			if have > len(whole) {
				continue
			}
			got := Missing(whole[:have])
			if lacks := len(whole) - have; got > lacks || (got == 0) != (lacks == 0) {
				t.Errorf("%d of %d bytes: got %d", have, len(whole), got)
			}
			if have >= 14 && got != len(whole)-have {
				t.Errorf("%d of %d bytes: got %d, want %d", have, len(whole), got, len(whole)-have)
			}
		}
	}
	if got := Missing(serverFrame(ws.OpBinary, pattern(20))[:3]); got != 0 {
		t.Errorf("a frame that is not answered lacks %d bytes, want 0", got)
	}
}

func TestUpgrade(t *testing.T) {
	const request = "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	for cut := range len(request) {
		if _, size, err := Upgrade([]byte(request[:cut])); size != 0 || err != nil {
			t.Fatalf("%d bytes of a request: size %d, error %v", cut, size, err)
		}
	}
	answer, size, err := Upgrade([]byte(request + "behind"))
	if err != nil || size != len(request) {
		t.Fatalf("got size %d, error %v; want %d", size, err, len(request))
	}
	const accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" // RFC 6455 §1.3
	if text := string(answer); !strings.HasPrefix(text, "HTTP/1.1 101 ") || !strings.Contains(text, accept) {
		t.Errorf("got the answer %q", text)
	}
	if _, _, err := Upgrade([]byte("POST / HTTP/1.1\r\n\r\n")); err == nil {
		t.Error("a POST was upgraded")
	}
}

func TestRelay(t *testing.T) {
	small := pattern(20)
	first := clientFrame(ws.OpText, small)
	first[0] &^= 0x80
	for _, c := range []struct {
		name              string
		in                []byte
		replies, messages []byte
		used              int // from the end of in
		err               error
	}{
		{"nothing", nil, nil, nil, 0, nil},
		{"messages and controls", bytes.Join([][]byte{
			clientFrame(ws.OpText, small), clientFrame(ws.OpPing, small[:5]), clientFrame(ws.OpPong, small), clientFrame(ws.OpBinary, small), clientFrame(ws.OpText, small)[:9],
		}, nil), serverFrame(ws.OpPong, small[:5]), append(serverFrame(ws.OpText, small), serverFrame(ws.OpBinary, small)...), 9, nil},
		{"close", append(clientFrame(ws.OpClose, nil), "behind"...), serverFrame(ws.OpClose, nil), nil, 6, ErrClosed},
		{"fragment", first, nil, nil, 0, ErrFragmented},
		{"continuation", clientFrame(ws.OpContinuation, small), nil, nil, 0, ErrFragmented},
		{"unmasked", serverFrame(ws.OpText, small), nil, nil, 22, ErrUnmasked},
	} {
		t.Run(c.name, func(t *testing.T) {
			replies, messages, used, err := Relay([]byte("before"), nil, bytes.Clone(c.in))
			if !errors.Is(err, c.err) || used != len(c.in)-c.used {
				t.Errorf("%d bytes used, error %v; want %d, %v", used, err, len(c.in)-c.used, c.err)
			}
			if !bytes.Equal(replies, append([]byte("before"), c.replies...)) || !bytes.Equal(messages, c.messages) {
				t.Errorf("got replies %q and messages %q", replies, messages)
			}
		})
	}
}
