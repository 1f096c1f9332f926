package bench

import (
	"bytes"
	"compress/flate"
	"io"
)

// inflater inflates the messages of one loop. It is the standard library's,
// which shares no code with the gateway under test. One goroutine only.
type inflater struct {
	// Fixed after newInflater.
	stream io.Reader

	// Amid a message.
	in  []byte // the message and inflateEnd
	out []byte
	src bytes.Reader
}

// maxInflated bounds what one message of the server may take, compressed and
// inflated: a load tool must not fall to a bomb.
const maxInflated = 4 * MaxMessage

// inflateEnd follows a message on its way to the decompressor: what the sender
// took off (RFC 7692 §7.2.2), and an empty final block for its end.
const inflateEnd = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

var (
	errInflate     = failure{StageProtocol, "compressed message that cannot be inflated"}
	errMessageLong = failure{StageProtocol, "message longer than 4 MiB"}
)

func newInflater() *inflater {
	i := &inflater{out: make([]byte, 0, 64<<10)}
	i.stream = flate.NewReader(&i.src)
	return i
}

// message returns what a compressed message inflates to; the caller borrows it
// until the next call.
func (i *inflater) message(compressed []byte) ([]byte, error) {
	i.in = append(append(i.in[:0], compressed...), inflateEnd...)
	i.src.Reset(i.in)
	_ = i.stream.(flate.Resetter).Reset(&i.src, nil) // fails for no input
	i.out = i.out[:0]
	for {
		if len(i.out) == cap(i.out) {
			i.out = append(i.out, 0)[:len(i.out)]
		}
		n, err := i.stream.Read(i.out[len(i.out):cap(i.out)])
		i.out = i.out[:len(i.out)+n]
		switch {
		case len(i.out) > maxInflated:
			return nil, errMessageLong
		case err == io.EOF:
			return i.out, nil
		case err != nil:
			return nil, errInflate
		}
	}
}
