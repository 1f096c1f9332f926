package conformance_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// framing is group 1: every form of the payload length, and both sides of each
// border.
func framing() (rows []row) {
	lengths := []int{0, 125, 126, 127, 128, 65535, 65536}
	for kind, op := range []ws.OpCode{ws.OpText, ws.OpBinary} {
		payload := strings.Repeat("*", 65536)
		if op == ws.OpBinary {
			payload = strings.Repeat("\xfe", 65536)
		}
		for i, n := range lengths {
			rows = append(rows, normalWithin(10*time.Second, fmt.Sprintf("1.%d.%d", kind+1, i+1),
				[]event{echoOf(op, payload[:n])}, send(final(op, payload[:n]))))
		}
		inParts := normalWithin(10*time.Second, fmt.Sprintf("1.%d.8", kind+1),
			[]event{echoOf(op, payload)}, send(final(op, payload)))
		inParts.choppings = []chopping{inPieces(997)}
		rows = append(rows, inParts)
	}
	return rows
}

// pings is group 2.
func pings() []row {
	long := strings.Repeat("\xfe", 125)
	var ten [][]byte
	var tenPongs []event
	for i := range 10 {
		payload := fmt.Sprintf("payload-%d", i)
		ten, tenPongs = append(ten, ping(payload)), append(tenPongs, pongOf(payload))
	}
	pong := func(payload string) []byte { return final(ws.OpPong, payload) }
	rows := []row{
		normal("2.1", []event{pongOf("")}, send(ping(""))),
		normal("2.2", []event{pongOf("Hello, world!")}, send(ping("Hello, world!"))),
		normal("2.3", []event{pongOf("\x00\xff\xfe\xfd\xfc\xfb\x00\xff")}, send(ping("\x00\xff\xfe\xfd\xfc\xfb\x00\xff"))),
		normal("2.4", []event{pongOf(long)}, send(ping(long))),
		violation("2.5", send(ping(long+"\xfe"))),
		normalWithin(2*time.Second, "2.6", []event{pongOf(long)}, send(ping(long))),
		normal("2.7", nil, send(pong(""))),
		normal("2.8", nil, send(pong("unsolicited pong payload"))),
		normal("2.9", []event{pongOf("ping payload")}, send(pong("unsolicited pong payload"), ping("ping payload"))),
		normalWithin(3*time.Second, "2.10", tenPongs, send(ten...)),
		normalWithin(3*time.Second, "2.11", tenPongs, send(ten...)),
	}
	return rows
}

// reservedBits is group 3: no extension is negotiated, so none may be set.
func reservedBits() []row {
	const hello = "Hello, world!"
	echo := []event{echoOf(ws.OpText, hello)}
	return []row{
		violation("3.1", send(reserved(1, ws.OpText, hello))),
		violationAfter("3.2", echo, send(text(hello), reserved(2, ws.OpText, hello), ping(""))),
		violationAfter("3.3", echo, send(text(hello), reserved(3, ws.OpText, hello), ping(""))),
		violationAfter("3.4", echo, send(text(hello), reserved(4, ws.OpText, hello), ping(""))),
		violation("3.5", send(reserved(5, ws.OpBinary, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"))),
		violation("3.6", send(reserved(6, ws.OpBinary, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"))),
		violation("3.7", send(reserved(7, ws.OpClose, ""))),
	}
}

// opcodes is group 4: those that RFC 6455 §5.2 reserves.
func opcodes() (rows []row) {
	const hello = "Hello, world!"
	echo := []event{echoOf(ws.OpText, hello)}
	for kind, first := range []ws.OpCode{3, 11} {
		for i := range 5 {
			number := fmt.Sprintf("4.%d.%d", kind+1, i+1)
			payload := hello
			if i == 0 || i == 2 {
				payload = ""
			}
			frame := final(first+ws.OpCode(i), payload)
			if i < 2 {
				rows = append(rows, violation(number, send(frame)))
			} else {
				rows = append(rows, violationAfter(number, echo, send(text(hello), frame, ping(""))))
			}
		}
	}
	return rows
}
