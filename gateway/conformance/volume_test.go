package conformance_test

import (
	"fmt"
	"time"

	"github.com/gobwas/ws"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// unfragmented are the choppings that differ where each send is one frame.
var unfragmented = []chopping{whole, octetWise}

// volume is group 9: large messages, many fragments, small writes, many
// messages. The content is compared too.
func volume() (rows []row) {
	payload := printable(16 * mib)
	for kind, op := range []ws.OpCode{ws.OpText, ws.OpBinary} {
		rows = append(rows, inOneFrame(1+kind, op, payload)...)
		rows = append(rows, inManyFragments(3+kind, op, payload[:4*mib])...)
		rows = append(rows, inSmallWrites(5+kind, op, payload[:mib])...)
		rows = append(rows, manyMessages(7+kind, op, payload)...)
	}
	for i := range rows {
		rows[i].long = true
	}
	return rows
}

// inOneFrame is 9.1 and 9.2.
func inOneFrame(kind int, op ws.OpCode, payload string) (rows []row) {
	for i, size := range []int{64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib} {
		limit := 100 * time.Second
		if size <= 256*kib || op == ws.OpBinary && size <= 4*mib {
			limit = 10 * time.Second
		}
		rows = append(rows, large(limit, fmt.Sprintf("9.%d.%d", kind, i+1), op, payload[:size], func(p string) [][]byte {
			return [][]byte{final(op, p)}
		}))
		rows[i].choppings = unfragmented
	}
	return rows
}

// inManyFragments is 9.3 and 9.4.
func inManyFragments(kind int, op ws.OpCode, payload string) (rows []row) {
	for i := range 9 {
		size := 64 << (2 * i)
		r := large(100*time.Second, fmt.Sprintf("9.%d.%d", kind, i+1), op, payload, func(p string) [][]byte {
			if size >= len(p) {
				return [][]byte{final(op, p)}
			}
			return openFragments(op, p, size)
		})
		r.choppings = []chopping{whole, frameWise}
		rows = append(rows, r)
	}
	return rows
}

// inSmallWrites is 9.5 and 9.6.
func inSmallWrites(kind int, op ws.OpCode, payload string) (rows []row) {
	for i := range 6 {
		r := large(1000*time.Second, fmt.Sprintf("9.%d.%d", kind, i+1), op, payload, func(p string) [][]byte {
			return [][]byte{final(op, p)}
		})
		r.choppings = []chopping{inPieces(64 << i)}
		rows = append(rows, r)
	}
	return rows
}

// large is a row of one large message. Its frames are built when it is played:
// those of all rows together take 150 MiB.
func large(limit time.Duration, number string, op ws.OpCode, payload string, frames func(string) [][]byte) row {
	whole := []event{echoOf(op, payload)}
	building := step{len(payload), func(x *client, c chopping) { x.send(c, frames(payload)) }}
	return normalWithin(limit*slack, number, whole, building)
}

// manyMessages is 9.7 and 9.8: each message is sent after the echo of the one
// before.
func manyMessages(kind int, op ws.OpCode, payload string) (rows []row) {
	const count = 1000
	for i, size := range []int{0, 16, 64, 256, 1024, 4096} {
		limit := 60 * time.Second << max(0, i-2)
		echoes := make([]event, count)
		for k := range echoes {
			echoes[k] = echoOf(op, payload[k:k+size])
		}
		frame := func(k int) []byte { return final(op, payload[k:k+size]) }
		inTurn := step{count * (size + 14), func(x *client, c chopping) {
			for k := range count {
				x.send(c, [][]byte{frame(k)})
				x.until(limit*slack, func() bool { return len(x.seen.events) > k || x.over() })
				if x.over() {
					return
				}
			}
		}}
		r := normalWithin(limit*slack, fmt.Sprintf("9.%d.%d", kind, i+1), echoes, inTurn)
		r.choppings = unfragmented
		rows = append(rows, r)
	}
	return rows
}
