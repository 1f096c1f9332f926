package bench

import (
	"math"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/codec"
)

// frames follows the frames of a server through a byte stream, however the
// stream is cut. Payloads pass through; only a header that arrives in parts is
// kept. The zero value stands at the beginning of a stream. 24 bytes.
type frames struct {
	left    uint32                // payload bytes of the open frame still to come
	head    [codec.MaxHeader]byte // the first headLen bytes of a header
	headLen uint8
	op      ws.OpCode // of the open frame; of its message, for a continuation
	message ws.OpCode // of the message whose final frame is yet to come, or 0
	fin     bool      // of the open frame
	open    bool      // a header has been read and its payload has not
	deflate deflateUse
}

// deflateUse is what RSV1 means on a connection (RFC 7692 §6).
type deflateUse uint8

const (
	// deflateNever: no compression was agreed on.
	deflateNever deflateUse = iota
	// deflateAgreed: messages may be compressed; the open one is not.
	deflateAgreed
	// deflateOpen: the open message is compressed.
	deflateOpen
)

// piece is payload that lies in one read.
type piece struct {
	op ws.OpCode // never a continuation
	// payload borrows from the bytes given to next.
	payload []byte
	// compressed: payload is a part of what the message was deflated to.
	compressed bool
	// end: the message, or the control frame, is complete with this piece.
	end bool
}

var errFrameTooLong = failure{StageProtocol, "frame longer than 4 GiB"}

// next cuts the first piece off b, which it borrows, and returns how many bytes
// of b it used. ok is false where b holds no further payload; then all of b was
// used. The error is a protocol failure.
func (f *frames) next(b []byte) (p piece, n int, ok bool, err error) {
	if !f.open {
		if n, err = f.begin(b); err != nil || !f.open {
			return piece{}, n, false, err
		}
	}
	take := min(int(f.left), len(b)-n)
	if take == 0 && f.left > 0 {
		return piece{}, n, false, nil
	}
	f.left -= uint32(take)
	f.open = f.left > 0
	return piece{
		op:         f.op,
		payload:    b[n : n+take],
		compressed: f.deflate == deflateOpen && f.op.IsData(),
		end:        f.fin && !f.open,
	}, n + take, true, nil
}

// begin reads a header from b, or keeps what there is of one.
func (f *frames) begin(b []byte) (n int, err error) {
	known := int(f.headLen)
	head := b
	if known > 0 {
		head = f.head[:known+copy(f.head[known:], b)]
	}
	h, length, err := codec.ParseHeader(head)
	if err != nil {
		return 0, failure{StageProtocol, err.Error()}
	}
	if length == 0 {
		f.headLen = uint8(copy(f.head[:], head))
		return len(b), nil
	}
	f.headLen = 0
	return length - known, f.enter(h)
}

// enter opens the frame h.
func (f *frames) enter(h ws.Header) error {
	if err := codec.Check(h, codec.State{Side: codec.Client, Fragmented: f.message != 0, Compression: f.deflate != deflateNever}); err != nil {
		return failure{StageProtocol, err.Error()}
	}
	if h.Length > math.MaxUint32 {
		return errFrameTooLong
	}
	f.open, f.fin, f.left, f.op = true, h.Fin, uint32(h.Length), h.OpCode
	if h.OpCode.IsControl() {
		return nil
	}
	if h.OpCode == ws.OpContinuation {
		f.op = f.message
	} else if h.Rsv1() {
		f.deflate = deflateOpen
	} else if f.deflate == deflateOpen {
		f.deflate = deflateAgreed
	}
	f.message = f.op
	if h.Fin {
		f.message = 0
	}
	return nil
}
