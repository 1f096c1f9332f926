// Package codectest compresses and inflates for tests, with code that shares
// nothing with what it is held against: the standard library's, and its own.
package codectest

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"sync"
)

// tail is what a sender takes off the end of a message and its receiver puts back
// (RFC 7692 §7.2.1 and §7.2.2); end adds the final block that readers wait for.
const (
	tail = "\x00\x00\xff\xff"
	end  = tail + "\x01\x00\x00\xff\xff"
)

// Writers take 1 MB and readers 40 KB to make. At other levels a writer clears as
// much for each message, which the race detector makes 2 ms of.
var (
	writers = sync.Pool{New: func() any {
		w, _ := flate.NewWriter(nil, flate.BestSpeed) // fails for no level that has a name
		return w
	}}
	readers = sync.Pool{New: func() any { return flate.NewReader(strings.NewReader("")) }}
)

// Deflate returns the payload of a compressed message, owned (RFC 7692 §7.2.1).
// It borrows payload. Any goroutine may call it.
func Deflate(payload []byte) []byte {
	var out bytes.Buffer
	w := writers.Get().(*flate.Writer)
	defer writers.Put(w)
	w.Reset(&out)
	w.Write(payload)
	w.Flush()
	return bytes.TrimSuffix(out.Bytes(), []byte(tail))
}

// Inflate returns what a compressed message inflates to by itself, owned (RFC 7692
// §7.2.2). It borrows message. Any goroutine may call it.
func Inflate(message []byte) ([]byte, error) {
	r := readers.Get().(io.Reader)
	defer readers.Put(r)
	r.(flate.Resetter).Reset(io.MultiReader(bytes.NewReader(message), strings.NewReader(end)), nil)
	return io.ReadAll(r)
}
