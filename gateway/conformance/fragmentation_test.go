package conformance_test

import (
	"fmt"
	"time"

	"github.com/gobwas/ws"
)

// fragmentation is group 5. The suite plays most of it three times, once for
// each chopping; here every row has them all.
func fragmentation() (rows []row) {
	const a, b = "fragment1", "fragment2"
	joined := []event{echoOf(ws.OpText, a+b)}
	pair := [][]byte{begin(ws.OpText, a), last(b)}
	number := func(n int) string { return fmt.Sprintf("5.%d", n) }

	rows = append(rows,
		violation("5.1", send(begin(ws.OpPing, a), last(b))),
		violation("5.2", send(begin(ws.OpPong, a), last(b))))
	for n := 3; n <= 5; n++ {
		rows = append(rows, normal(number(n), joined, send(pair...)))
	}
	for n := 6; n <= 8; n++ {
		rows = append(rows, normal(number(n), []event{pongOf("ping payload"), joined[0]},
			send(begin(ws.OpText, a), ping("ping payload"), last(b))))
	}
	for n := 9; n <= 11; n++ {
		rows = append(rows, violation(number(n), send(last("stray"), text("Hello, world!"))))
	}
	for n := 12; n <= 14; n++ {
		rows = append(rows, violation(number(n), send(more("stray"), text("Hello, world!"))))
	}
	return append(rows,
		violationAfter("5.15", joined, send(pair[0], pair[1], more("stray"), text("Hello, world!"))),
		violation("5.16", send(more("stray"), pair[0], pair[1], more("stray"), pair[0], pair[1])),
		violation("5.17", send(last("stray"), pair[0], pair[1], last("stray"), pair[0], pair[1])),
		violation("5.18", send(begin(ws.OpText, a), text(b))),
		slowFragments("5.19"),
		slowFragments("5.20"))
}

// slowFragments pauses amid a message.
func slowFragments(number string) row {
	r := normal(number,
		[]event{pongOf("pongme 1"), pongOf("pongme 2"), echoOf(ws.OpText, "fragment1fragment2fragment3fragment4fragment5")},
		send(begin(ws.OpText, "fragment1"), more("fragment2"), ping("pongme 1")),
		pause(),
		send(more("fragment3"), more("fragment4"), ping("pongme 2"), last("fragment5")))
	r.waits = true
	return r
}

// senderFragmentation is group 10: a message as a sender's API cuts it.
func senderFragmentation() []row {
	payload := printable(65536)
	return []row{normalWithin(10*time.Second, "10.1.1", []event{echoOf(ws.OpText, payload)},
		send(fragments(ws.OpText, payload, 1300)...))}
}
