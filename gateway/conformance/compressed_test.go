package conformance_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"strings"
	"sync"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/codec/codectest"
)

// compressedMessages are what the suite leaves out of RFC 7692 once compression
// is agreed on: which frames may say that they are compressed, what the payload
// may be, and how much may come of it.
func compressedMessages() (rows []row) {
	e := compressing("permessage-deflate")
	add := func(title string, r func(number string) row) {
		rows = append(rows, titled(title, r(fmt.Sprintf("D.%d", len(rows)+1))))
	}
	for _, tc := range goodCompressed {
		add(tc.title, func(number string) row { return normalAt(e, patience, number, tc.events, send(tc.frames()...)) })
	}
	for _, tc := range badCompressed {
		add(tc.title, func(number string) row {
			want := expectation{events: tc.events, codes: []ws.StatusCode{tc.code}}
			return on(e, number, want, send(tc.frames()...))
		})
	}
	add("compressed at a path that does not", func(number string) row {
		without := endpoint{path: "/", offers: e.offers}
		return on(without, number, expectation{codes: []ws.StatusCode{1002}}, send(small(ws.OpText, hello)...))
	})
	add("compressed though not offered", func(number string) row {
		without := endpoint{path: e.path}
		return on(without, number, expectation{codes: []ws.StatusCode{1002}}, send(small(ws.OpText, hello)...))
	})
	add("compressed though declined", func(number string) row {
		without := endpoint{path: e.path, offers: []string{"permessage-deflate; x-unheard-of"}}
		return on(without, number, expectation{codes: []ws.StatusCode{1002}}, send(small(ws.OpText, hello)...))
	})
	add("compressed, behind the request", func(number string) row {
		want := expectation{events: []event{echoOf(ws.OpText, hello)}, handshake: true, codes: []ws.StatusCode{1000}}
		return behind(e, number, small(ws.OpText, hello), want, awaitEvents(1, patience), sendClosing(bye(1000, "")))
	})
	return rows
}

const hello = "Hello, Hello, Hello!"

// small are the frames of a compressed message: one.
func small(op ws.OpCode, payload string) [][]byte {
	return compressed(op, codectest.Deflate([]byte(payload)), 0)
}

// raw are the frames of a message compressed by hand.
func raw(op ws.OpCode, message string, fragment int) func() [][]byte {
	return func() [][]byte { return compressed(op, []byte(message), fragment) }
}

// all puts frames one behind the other.
func all(parts ...[][]byte) [][]byte {
	var frames [][]byte
	for _, part := range parts {
		frames = append(frames, part...)
	}
	return frames
}

// withRSV sets bits of the frame that frames end with.
func withRSV(rsv byte, frames ...[]byte) [][]byte {
	frames[len(frames)-1][0] |= rsv << 4
	return frames
}

// zeros are the frames of a compressed message of zeros.
func zeros(n, fragment int) func() [][]byte {
	message := sync.OnceValue(func() []byte { return codectest.Deflate(make([]byte, n)) })
	return func() [][]byte { return compressed(ws.OpBinary, message(), fragment) }
}

// takenOver are two compressed messages of hello, the second of which refers to
// the first.
func takenOver() [][]byte {
	var second bytes.Buffer
	w, _ := flate.NewWriterDict(&second, flate.BestCompression, []byte(hello)) // fails for no level that has a name
	w.Write([]byte(hello))
	w.Flush()
	return all(small(ws.OpText, hello), compressed(ws.OpText, bytes.TrimSuffix(second.Bytes(), []byte("\x00\x00\xff\xff")), 0))
}

var goodCompressed = []struct {
	title  string
	events []event
	frames func() [][]byte
}{
	{"one block, RFC 7692 §7.2.3.1", []event{echoOf(ws.OpText, "Hello")}, raw(ws.OpText, "\xf2\x48\xcd\xc9\xc9\x07\x00", 0)},
	{"in two fragments, §7.2.3.1", []event{echoOf(ws.OpText, "Hello")}, raw(ws.OpText, "\xf2\x48\xcd\xc9\xc9\x07\x00", 3)},
	{"stored block, §7.2.3.3", []event{echoOf(ws.OpText, "Hello")}, raw(ws.OpText, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 0)},
	{"final block, §7.2.3.4", []event{echoOf(ws.OpText, "Hello")}, raw(ws.OpText, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 0)},
	{"two blocks, §7.2.3.5", []event{echoOf(ws.OpText, "Hello")}, raw(ws.OpText, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 0)},
	{"empty text, §7.2.3.6", []event{echoOf(ws.OpText, "")}, raw(ws.OpText, "\x00", 0)},
	{"empty binary", []event{echoOf(ws.OpBinary, "")}, raw(ws.OpBinary, "\x00", 0)},
	{"empty, by a fixed block", []event{echoOf(ws.OpText, "")}, raw(ws.OpText, "\x02\x00", 0)},
	{"empty, behind an empty frame", []event{echoOf(ws.OpText, "")}, func() [][]byte {
		return all(withRSV(4, begin(ws.OpText, "")), [][]byte{last("\x00")})
	}},
	{"empty frames between", []event{echoOf(ws.OpText, "Hello")}, func() [][]byte {
		return all(withRSV(4, begin(ws.OpText, "\xf2\x48")), [][]byte{more(""), more("\xcd\xc9\xc9\x07"), more(""), last("\x00")})
	}},
	{"pings between", []event{pongOf("a"), pongOf("b"), echoOf(ws.OpText, "Hello")}, func() [][]byte {
		return all(withRSV(4, begin(ws.OpText, "\xf2\x48\xcd")), [][]byte{ping("a"), more("\xc9"), ping("b"), last("\xc9\x07\x00")})
	}},
	{"uncompressed", []event{echoOf(ws.OpText, hello)}, func() [][]byte { return [][]byte{text(hello)} }},
	{"uncompressed and large", []event{echoOf(ws.OpBinary, strings.Repeat(hello, 2000))}, func() [][]byte {
		return fragments(ws.OpBinary, strings.Repeat(hello, 2000), 9000)
	}},
	{"uncompressed, larger than what may be inflated to", []event{echoOf(ws.OpBinary, printable(2*mostInflated))}, func() [][]byte {
		return [][]byte{final(ws.OpBinary, printable(2*mostInflated))}
	}},
	{"compressed and not in turn", []event{echoOf(ws.OpText, hello), echoOf(ws.OpText, "plain"), echoOf(ws.OpBinary, hello), echoOf(ws.OpBinary, "")}, func() [][]byte {
		return all(small(ws.OpText, hello), [][]byte{text("plain")}, small(ws.OpBinary, hello), [][]byte{final(ws.OpBinary, "")})
	}},
	{"character cut by a frame", []event{echoOf(ws.OpText, strings.Repeat("grüße ", 100))}, func() [][]byte {
		return compressed(ws.OpText, codectest.Deflate([]byte(strings.Repeat("grüße ", 100))), 1)
	}},
	{"binary that is not UTF-8", []event{echoOf(ws.OpBinary, "\xff\xc3\x28")}, func() [][]byte { return small(ws.OpBinary, "\xff\xc3\x28") }},
	{"does not compress", []event{echoOf(ws.OpBinary, bitmap.message(0, 30_000))}, func() [][]byte { return small(ws.OpBinary, bitmap.message(0, 30_000)) }},
	{"as large as may be", []event{echoOf(ws.OpBinary, string(make([]byte, mostInflated)))}, zeros(mostInflated, 0)},
	{"as large as may be, in fragments", []event{echoOf(ws.OpBinary, string(make([]byte, mostInflated)))}, zeros(mostInflated, 100)},
}

var badCompressed = []struct {
	title  string
	code   ws.StatusCode
	events []event
	frames func() [][]byte
}{
	{"RSV1 on a ping", 1002, nil, func() [][]byte { return withRSV(4, ping("a")) }},
	{"RSV1 on a pong", 1002, nil, func() [][]byte { return withRSV(4, final(ws.OpPong, "")) }},
	{"RSV1 on a close", 1002, nil, func() [][]byte { return withRSV(4, bye(1000, "")) }},
	{"RSV1 on a ping amid a message", 1002, nil, func() [][]byte {
		return all(withRSV(4, begin(ws.OpText, "\xf2\x48\xcd")), withRSV(4, ping("")), [][]byte{last("\xc9\xc9\x07\x00")})
	}},
	{"RSV1 on a continuation of a compressed message", 1002, nil, func() [][]byte {
		return all(withRSV(4, begin(ws.OpText, "\xf2\x48\xcd")), withRSV(4, last("\xc9\xc9\x07\x00")))
	}},
	{"RSV1 on a continuation of an uncompressed message", 1002, nil, func() [][]byte {
		return withRSV(4, begin(ws.OpText, "a"), last("\xf2\x48\xcd\xc9\xc9\x07\x00"))
	}},
	{"RSV1 on a continuation of nothing", 1002, nil, func() [][]byte { return withRSV(4, last("\x00")) }},
	{"RSV1 on a reserved opcode", 1002, nil, func() [][]byte { return withRSV(4, final(3, "\x00")) }},
	{"RSV2 on a message", 1002, nil, func() [][]byte { return withRSV(2, text("a")) }},
	{"RSV3 on a message", 1002, nil, func() [][]byte { return withRSV(1, text("a")) }},
	{"RSV1 and RSV2", 1002, nil, func() [][]byte { return withRSV(2, small(ws.OpText, hello)...) }},
	{"RSV1 and RSV3", 1002, nil, func() [][]byte { return withRSV(1, small(ws.OpBinary, hello)...) }},
	{"all three", 1002, nil, func() [][]byte { return withRSV(3, small(ws.OpText, hello)...) }},
	{"RSV2 on a ping", 1002, nil, func() [][]byte { return withRSV(2, ping("")) }},
	{"RSV3 on a continuation", 1002, nil, func() [][]byte {
		return all(withRSV(4, begin(ws.OpText, "\xf2\x48\xcd")), withRSV(1, last("\xc9\xc9\x07\x00")))
	}},

	{"not an octet", 1007, nil, raw(ws.OpBinary, "", 0)},
	{"reserved block type", 1007, nil, raw(ws.OpBinary, "\x06", 0)},
	{"all ones", 1007, nil, raw(ws.OpText, "\xff\xff\xff\xff", 0)},
	{"length of a stored block and its complement differ", 1007, nil, raw(ws.OpText, "\x00\x05\x00\xfb\xffHello\x00", 0)},
	{"cut off", 1007, nil, raw(ws.OpText, "\xf2\x48\xcd\xc9", 0)},
	{"cut off, in fragments", 1007, nil, raw(ws.OpText, "\xf2\x48\xcd\xc9", 1)},
	{"reference before the beginning", 1007, nil, raw(ws.OpBinary, "\x02\x03\x00\x00", 0)},
	{"code with no symbols", 1007, nil, raw(ws.OpBinary, "\x04\x00\x00\x00", 0)},
	{"junk behind a final block", 1007, nil, raw(ws.OpText, "\xf3\x48\xcd\xc9\xc9\x07\x00\xff", 0)},
	{"broken behind a good one", 1007, []event{echoOf(ws.OpText, hello)}, func() [][]byte {
		return all(small(ws.OpText, hello), raw(ws.OpText, "\x06", 0)())
	}},
	{"context taken over", 1007, []event{echoOf(ws.OpText, hello)}, takenOver},
	{"text that is not UTF-8", 1007, nil, func() [][]byte { return small(ws.OpText, "Hello \xc3\x28") }},
	{"text cut amid a character", 1007, nil, func() [][]byte { return small(ws.OpText, "Hello \xe2\x82") }},
	{"text that is not UTF-8, in fragments", 1007, nil, func() [][]byte {
		return compressed(ws.OpText, codectest.Deflate([]byte("Hello \xc3\x28")), 2)
	}},
	{"uncompressed text that is not UTF-8", 1007, nil, func() [][]byte { return [][]byte{text("Hello \xc3\x28")} }},

	{"an octet over what may be inflated to", 1009, nil, zeros(mostInflated+1, 0)},
	{"bomb of 64 MiB", 1009, nil, zeros(64*mib, 0)},
	{"bomb in fragments", 1009, nil, zeros(64*mib, 1000)},
	{"bomb behind a good one", 1009, []event{echoOf(ws.OpText, hello)}, func() [][]byte { return all(small(ws.OpText, hello), zeros(8*mib, 0)()) }},
	{"compressed form over the limit", 1009, nil, func() [][]byte {
		return [][]byte{codec.AppendHeader(nil, ws.Header{Fin: true, Rsv: 4, OpCode: ws.OpBinary, Masked: true, Length: mostOctets + 1})}
	}},
}
