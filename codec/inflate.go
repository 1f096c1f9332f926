package codec

import (
	"bufio"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/klauspost/compress/flate"
)

var (
	errInflate        = &Error{ws.StatusInvalidFramePayloadData, "RFC 7692 §7.2.2", "compressed message that cannot be inflated"}
	errInflatedTooBig = tooBig("compressed message that inflates to more than the limit")
)

// Inflate appends to dst what the compressed message p inflates to, and returns
// the extended slice; it takes dst and borrows p. p is the payload of a [Unit]
// with Compressed set, of however many frames. Any goroutine may call it at any
// time.
//
// limit is how many bytes may be appended. It is enforced as they come: where dst
// lacks capacity it grows by what was produced and received so far, never beyond
// the limit, whatever p claims. The error is an [*Error], of code 1009 over the
// limit and of code 1007 if p is broken or truncated; dst is then returned at
// the length that it had.
//
// JSON is inflated at 600 MB of output a second. A limit does not bound the time:
// a message of empty blocks yields nothing and costs up to 130 ns for each byte
// received, 8 ms for 64 KiB, so the limit on messages received must.
func Inflate(dst, p []byte, limit int) ([]byte, error) {
	r := inflaters.Get().(*inflater)
	dst, err := r.appendMessage(dst, p, limit)
	r.recycle()
	return dst, err
}

// InflateText is [Inflate] for a text message: one that is not UTF-8 gives an
// error of code 1007.
func InflateText(dst, p []byte, limit int) ([]byte, error) {
	text, err := Inflate(dst, p, limit)
	if err == nil && !utf8.Valid(text[len(dst):]) {
		return text[:len(dst)], errText
	}
	return text, err
}

// inflateEnd follows a compressed message on its way to the decompressor: the
// tail that the sender took off (RFC 7692 §7.2.2) and an empty final block, which
// only a message that is complete lets the decompressor see as such.
const inflateEnd = deflateTail + "\x01\x00\x00\xff\xff"

// inflater is a pooled decompressor. It holds 40 KB, of which 32 KiB are the
// window. The pool gives it back after two garbage collections without use.
type inflater struct {
	// Fixed after newInflater.
	stream io.Reader     // decompresses input
	input  *bufio.Reader // reads source
	source inflateSource

	// Amid a message.
	spill [1]byte // where a byte beyond the limit shows
}

var inflaters = sync.Pool{New: func() any { return newInflater() }}

// newInflater puts a small buffer between source and decompressor. The library
// has fast paths for *bufio.Reader: at 64 KiB of JSON a source of our own that
// has ReadByte takes 1.8 times as long.
func newInflater() *inflater {
	r := new(inflater)
	r.input = bufio.NewReaderSize(&r.source, 512)
	r.stream = flate.NewReader(r.input)
	return r
}

func (r *inflater) recycle() {
	r.source = inflateSource{}
	inflaters.Put(r)
}

// appendMessage is [Inflate].
func (r *inflater) appendMessage(dst, p []byte, limit int) ([]byte, error) {
	r.source = inflateSource{p, inflateEnd}
	r.input.Reset(&r.source)
	r.restart()
	start := len(dst)
	for {
		left := limit - (len(dst) - start)
		room := r.spill[:]
		if left > 0 {
			if len(dst) == cap(dst) {
				dst = grow(dst, min(left, max(minInflated, 2*len(p), len(dst)-start)))
			}
			room = dst[len(dst):cap(dst)]
			room = room[:min(len(room), left)]
		}
		n, err := r.stream.Read(room)
		if n > left {
			return dst[:start], errInflatedTooBig
		}
		dst = dst[:len(dst)+n]
		switch {
		case err == nil:
		case err != io.EOF:
			return dst[:start], errInflate
		case r.atEnd():
			return dst, nil
		default:
			r.restart()
		}
	}
}

// minInflated is the least a buffer for output grows by, in bytes.
const minInflated = 512

func grow(b []byte, more int) []byte {
	return append(make([]byte, 0, len(b)+more), b...)
}

// restart begins to decompress what is left of the input. The block behind a
// final one begins at the next byte (RFC 7692 §7.2.1), with an empty window: a
// final block is the last of its data set (RFC 1951 §3.2.3). To carry the window
// on would let every two bytes of a message cost a copy of 32 KiB.
func (r *inflater) restart() {
	_ = r.stream.(flate.Resetter).Reset(r.input, nil) // fails for no input
}

// atEnd reports whether the final block just read ended the message. That is
// the one behind the message, or the message's own last one if nothing of
// inflateEnd was touched: then the empty block that RFC 7692 §7.2.3.4 has behind
// it was left out, which receivers put up with.
func (r *inflater) atEnd() bool {
	unread := r.input.Buffered() + len(r.source.message) + len(r.source.end)
	return unread == 0 || unread == len(inflateEnd)
}

// inflateSource reads a message and then its end.
type inflateSource struct {
	message []byte // borrowed
	end     string
}

func (s *inflateSource) Read(b []byte) (n int, err error) {
	n = copy(b, s.message)
	s.message = s.message[n:]
	m := copy(b[n:], s.end)
	s.end = s.end[m:]
	if n+m == 0 {
		return 0, io.EOF
	}
	return n + m, nil
}
