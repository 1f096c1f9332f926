package conformance_test

import (
	"fmt"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
)

// illegalFrames are those that no case of the suite sends, and messages over
// the limit. Where a header shows the fault, no payload follows.
func illegalFrames() (rows []row) {
	maskKey := "\x11\x22\x33\x44"
	raw := func(octets string) []byte { return []byte(octets) }
	declared := func(op ws.OpCode, fin bool, length int64) []byte {
		return codec.AppendHeader(nil, ws.Header{Fin: fin, OpCode: op, Masked: true, Length: length})
	}
	unmasked := func(op ws.OpCode, payload string) []byte { return codec.AppendFrame(nil, op, []byte(payload)) }
	for _, tc := range []struct {
		title  string
		code   ws.StatusCode
		frames [][]byte
	}{
		{"unmasked text", 1002, [][]byte{unmasked(ws.OpText, "Hello")}},
		{"unmasked empty binary", 1002, [][]byte{unmasked(ws.OpBinary, "")}},
		{"unmasked ping", 1002, [][]byte{unmasked(ws.OpPing, "Hello")}},
		{"unmasked pong", 1002, [][]byte{unmasked(ws.OpPong, "Hello")}},
		{"unmasked close", 1002, [][]byte{unmasked(ws.OpClose, "\x03\xe8")}},
		{"unmasked continuation", 1002, [][]byte{begin(ws.OpText, "Hello"), unmasked(ws.OpContinuation, "Hello")}},

		{"0 octets as 16 bits", 1002, [][]byte{raw("\x82\xfe\x00\x00" + maskKey)}},
		{"125 octets as 16 bits", 1002, [][]byte{raw("\x82\xfe\x00\x7d" + maskKey)}},
		{"0 octets as 64 bits", 1002, [][]byte{raw("\x82\xff\x00\x00\x00\x00\x00\x00\x00\x00" + maskKey)}},
		{"126 octets as 64 bits", 1002, [][]byte{raw("\x82\xff\x00\x00\x00\x00\x00\x00\x00\x7e" + maskKey)}},
		{"65535 octets as 64 bits", 1002, [][]byte{raw("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff" + maskKey)}},
		{"ping of 4 octets as 16 bits", 1002, [][]byte{raw("\x89\xfe\x00\x04" + maskKey + "abcd")}},
		{"ping of 4 octets as 64 bits", 1002, [][]byte{raw("\x89\xff\x00\x00\x00\x00\x00\x00\x00\x04" + maskKey + "abcd")}},
		{"top bit of 64 set", 1002, [][]byte{raw("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x05" + maskKey)}},
		{"all 64 bits set", 1002, [][]byte{raw("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" + maskKey)}},
		{"top bit set in a continuation", 1002, [][]byte{begin(ws.OpText, "a"), raw("\x80\xff\x80\x00\x00\x00\x00\x00\x00\x05" + maskKey)}},

		{"RSV1 on a continuation", 1002, [][]byte{begin(ws.OpText, "a"), reserved(4, ws.OpContinuation, "b")}},
		{"RSV1 on a ping", 1002, [][]byte{reserved(4, ws.OpPing, "")}},
		{"RSV2 on a pong", 1002, [][]byte{reserved(2, ws.OpPong, "")}},
		{"RSV3 on a ping amid a message", 1002, [][]byte{begin(ws.OpText, "a"), reserved(1, ws.OpPing, ""), last("b")}},
		{"reserved opcode amid a message", 1002, [][]byte{begin(ws.OpText, "a"), final(3, ""), last("b")}},
		{"close in fragments", 1002, [][]byte{begin(ws.OpClose, "\x03"), last("\xe8")}},
		{"pong of 126 octets", 1002, [][]byte{final(ws.OpPong, printable(126))}},
		{"HTTP again", 1002, [][]byte{raw("GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n")}},

		{"frame over the limit", 1009, [][]byte{declared(ws.OpBinary, true, mostOctets+1)}},
		{"first fragment over the limit", 1009, [][]byte{declared(ws.OpText, false, mostOctets+1)}},
		{"fragments over the limit together", 1009, [][]byte{begin(ws.OpText, "a"), declared(ws.OpContinuation, true, mostOctets)}},
		{"largest length there is", 1009, [][]byte{raw("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + maskKey)}},

		{"text that cannot be mended", 1007, [][]byte{begin(ws.OpText, "\xc3\xbc\xff")}},
		{"text amid which a ping passes", 1007, [][]byte{begin(ws.OpText, "\xe2\x82"), final(ws.OpPong, ""), last("\x28")}},
		{"text cut off by its final frame", 1007, [][]byte{begin(ws.OpText, "\xe2\x82"), last("")}},
	} {
		number := fmt.Sprintf("F.%d", len(rows)+1)
		rows = append(rows, titled(tc.title, scripted(number, expectation{codes: []ws.StatusCode{tc.code}}, send(tc.frames...))))
	}
	return rows
}

// closeCodes are those that group 7 does not try or does not judge (RFC 6455
// §7.4, and the IANA registry, which added 1012 to 1014).
func closeCodes() (rows []row) {
	add := func(title string, r func(number string) row) {
		rows = append(rows, titled(title, r(fmt.Sprintf("C.%d", len(rows)+1))))
	}
	for _, code := range []int{1012, 1013, 1014, 3001, 4998} {
		add(fmt.Sprint("code ", code), func(number string) row {
			return clean(number, nil, []ws.StatusCode{ws.StatusCode(code), 1000}, sendClosing(bye(code, "reason")))
		})
	}
	for _, code := range []int{1, 998, 1015, 1017, 1999, 2500, 5000, 65535} {
		add(fmt.Sprint("code ", code), func(number string) row {
			return refused(number, []ws.StatusCode{1002}, bye(code, "reason"))
		})
	}
	add("reason cut amid a character", func(number string) row {
		return refused(number, []ws.StatusCode{1007}, bye(1000, "\xe2\x82"))
	})
	add("illegal code, reason that is not UTF-8", func(number string) row {
		return refused(number, []ws.StatusCode{1002, 1007}, bye(1005, "\xff"))
	})
	add("close amid a message", func(number string) row {
		return clean(number, nil, []ws.StatusCode{1001, 1000}, sendClosing(begin(ws.OpText, "Hello"), bye(1001, "")))
	})
	return rows
}
