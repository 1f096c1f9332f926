package bench

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
)

// MinMessage and MaxMessage bound the size of a message, in bytes.
const (
	MinMessage = stampSize
	MaxMessage = 1 << 20
)

const (
	// stampSize is a number of seven hexadecimal digits, a space, and the
	// sequence number as eight digits, so that a payload is valid text as well,
	// and its first word says whose it is.
	stampSize    = 16
	sequenceFrom = 8 // where the sequence number begins
	// spread is how many different bodies there are. A power of two.
	spread = 1024
)

// payloads makes and verifies the payload of every message of a run. A payload
// is a stamp of a number, that of a connection or of a room, and the sequence
// number; then a window of one fixed pattern whose place follows from both:
// making a body is a copy and verifying one a comparison. A payloads is immutable
// and may be shared.
type payloads struct {
	size    int
	pattern []byte
	places  int // how many bodies; a power of two, spread at most
}

// form is how the payloads of a run go over the wire.
type form interface {
	// compressed reports whether the payloads are.
	compressed() bool
	// length returns how many bytes a message's payload has.
	length(number, sequence uint32) int
	// appendPart appends to dst the bytes from up to to of it.
	appendPart(dst []byte, number, sequence uint32, from, to int) []byte
}

var _ form = (*payloads)(nil)

// newPayloads returns the payloads of size bytes each, MinMessage to
// MaxMessage.
func newPayloads(size int) *payloads {
	pattern := make([]byte, size-stampSize+spread)
	random := rand.New(rand.NewPCG(6455, 13))
	for i := range pattern {
		pattern[i] = byte(' ' + random.IntN('~'-' '+1))
	}
	return &payloads{size: size, pattern: pattern, places: spread}
}

// body returns what follows the stamp; the caller borrows it.
func (p *payloads) body(number, sequence uint32) []byte {
	return p.pattern[p.place(number, sequence):][:p.size-stampSize]
}

// place returns where in the pattern a message's body begins.
func (p *payloads) place(number, sequence uint32) int {
	return int((number*0x9e3779b1+sequence*0x85ebca6b)>>16) & (p.places - 1)
}

func (p *payloads) compressed() bool { return false }

func (p *payloads) length(_, _ uint32) int { return p.size }

// appendPart appends to dst the bytes from up to to of a message's payload.
func (p *payloads) appendPart(dst []byte, number, sequence uint32, from, to int) []byte {
	if from < stampSize {
		stamp := newStamp(number, sequence)
		dst = append(dst, stamp[from:min(to, stampSize)]...)
		from = stampSize
	}
	if from < to {
		dst = append(dst, p.body(number, sequence)[from-stampSize:to-stampSize]...)
	}
	return dst
}

var (
	errTooLong   = failure{StageVerify, "message longer than it was sent"}
	errTooShort  = failure{StageVerify, "message shorter than it was sent"}
	errOrder     = failure{StageVerify, "message out of order"}
	errForeign   = failure{StageVerify, "message of another connection or room"}
	errBytes     = failure{StageVerify, "message differs from what was sent"}
	errUnasked   = failure{StageVerify, "echo of a message that was not sent"}
	errOtherKind = failure{StageVerify, "message came with another opcode"}
)

// verify compares got, which it borrows, with the payload from offset from on.
// It returns nil or a verify failure.
func (p *payloads) verify(got []byte, number, sequence uint32, from int) error {
	if from+len(got) > p.size {
		return errTooLong
	}
	if from < stampSize {
		stamp := newStamp(number, sequence)
		n := min(len(got), stampSize-from)
		if !bytes.Equal(got[:n], stamp[from:from+n]) {
			return explainStamp(got, from, number)
		}
		got, from = got[n:], stampSize
	}
	if len(got) > 0 && !bytes.Equal(got, p.body(number, sequence)[from-stampSize:][:len(got)]) {
		return errBytes
	}
	return nil
}

// explainStamp names what is wrong with a stamp that did not match.
func explainStamp(got []byte, from int, number uint32) error {
	if from != 0 || len(got) < stampSize {
		return errBytes
	}
	owner, err := strconv.ParseUint(string(got[:sequenceFrom-1]), 16, 32)
	if _, ok := sequenceIn(got); err != nil || !ok {
		return errBytes
	}
	if uint32(owner) != number {
		return errForeign
	}
	return errOrder
}

// sequenceIn returns the sequence number in a stamp, which it borrows.
func sequenceIn(stamp []byte) (sequence uint32, ok bool) {
	var bytes [4]byte
	if _, err := hex.Decode(bytes[:], stamp[sequenceFrom:stampSize]); err != nil {
		return 0, false
	}
	return binary.BigEndian.Uint32(bytes[:]), true
}

// newStamp returns the stamp of a number, which is below 1<<28, and a sequence
// number.
func newStamp(number, sequence uint32) (stamp [stampSize]byte) {
	binary.BigEndian.PutUint64(stamp[:sequenceFrom], hexDigits(number)<<8|' ')
	binary.BigEndian.PutUint64(stamp[sequenceFrom:], hexDigits(sequence))
	return stamp
}

// hexDigits returns the eight lower-case hexadecimal digits of v, the first in
// the highest byte. All eight are computed at once: first each nibble moves to
// a byte of its own, then the bytes become digits.
func hexDigits(v uint32) uint64 {
	const each = 0x0101010101010101
	x := uint64(v)
	x = (x&0xffff0000)<<16 | x&0x0000ffff
	x = (x&0x0000ff000000ff00)<<8 | x&0x000000ff000000ff
	x = (x&0x00f000f000f000f0)<<4 | x&0x000f000f000f000f
	letters := (x + 6*each) >> 4 & each // 1 in each byte above 9
	return x + '0'*each + letters*('a'-'0'-10)
}
