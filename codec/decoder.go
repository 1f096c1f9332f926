package codec

import (
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Limits say what a [Decoder] accepts. Bounds are taken as they stand: Message
// 0 admits only empty messages, Fragments 0 no fragmented ones. Many decoders
// may share one Limits, which none of them changes.
type Limits struct {
	// Message is the longest message, in bytes as received: of a compressed
	// message, its compressed form.
	Message int
	// Fragments is how many frames one fragmented message may have. It bounds
	// the empty ones, of which Message would admit any number.
	Fragments int
	// Compression: permessage-deflate was negotiated; see [State].
	Compression bool
	// Side is the receiving end. Default [Server].
	Side Side
}

// Unit is a complete message or control frame, or nothing yet.
type Unit struct {
	// Opcode is OpText, OpBinary, OpClose, OpPing or OpPong. It is
	// OpContinuation, the zero value, in the Unit that is nothing yet.
	Opcode ws.OpCode
	// Owned: Payload is the caller's, returned owned. Otherwise it is a part of
	// the bytes given to Next, borrowed for as long as those keep.
	Owned bool
	// Compressed: Payload is deflated, and whether it is text is unchecked.
	Compressed bool
	// Payload is unmasked. That of a text message is UTF-8.
	Payload []byte
}

// Complete reports whether u is a message or control frame.
func (u Unit) Complete() bool { return u.Opcode != ws.OpContinuation }

// Decoder turns the bytes of one connection, cut anywhere, into messages and
// control frames. The zero value is ready. Between messages it holds nothing,
// so an idle session stores 8 bytes. Calls must not overlap.
type Decoder struct {
	part *partial // nil: at a frame's start and no message open
}

var (
	errTooBig           = tooBig("message longer than the limit")
	errTooManyFragments = tooBig("message of more fragments than the limit")
	errText             = invalidText("§8.1", "text message that is not UTF-8")
)

// Next consumes n bytes of p and returns the unit that ends there. If none
// does, u is not complete and n is len(p): what belongs to an unfinished unit
// is kept inside. Call again with p[n:] while bytes are left.
//
// Next borrows p and unmasks in place. A payload that came in one piece is a
// part of p; any other was assembled in a buffer of its own, which the caller
// takes with the unit. That buffer grows by what arrived, never by what a header
// claims: its capacity stays below twice the bytes received.
//
// The error is an [*Error], returned as soon as the bytes show the fault: the
// declared length is held against the limit and text is checked before the
// frame is complete. The connection must then be failed; d holds nothing.
func (d *Decoder) Next(p []byte, lim *Limits) (u Unit, n int, err error) {
	if d.part == nil {
		u, n, err = wholeFrame(p, lim)
		if n > 0 || err != nil || len(p) == 0 {
			return u, n, err
		}
		d.part = partials.Get().(*partial)
	}
	u, n, err = d.part.next(p, lim)
	if err != nil || d.part.empty() {
		d.part.recycle()
		d.part = nil
	}
	return u, n, err
}

// Buffered returns how many bytes of an unfinished frame or message d holds.
func (d *Decoder) Buffered() int {
	if d.part == nil {
		return 0
	}
	return d.part.buffered()
}

// wholeFrame decodes an unfragmented frame that lies wholly in p, as most do.
// n is 0 if there is none.
func wholeFrame(p []byte, lim *Limits) (u Unit, n int, err error) {
	var h ws.Header
	start, err := parseHeader(p, &h)
	if start == 0 {
		return u, 0, err
	}
	if err := check(&h, State{Side: lim.Side, Compression: lim.Compression}); err != nil {
		return u, 0, err
	}
	if h.Length > int64(lim.Message) && h.OpCode.IsData() {
		return u, 0, errTooBig
	}
	if !h.Fin || h.Length > int64(len(p)-start) {
		return u, 0, nil
	}
	n = start + int(h.Length)
	payload := p[start:n:n]
	if h.Masked {
		Unmask(payload, h.Mask, 0)
	}
	compressed := h.Rsv&rsv1 != 0
	if h.OpCode == ws.OpText && !compressed && !utf8.Valid(payload) {
		return u, 0, errText
	}
	return Unit{Opcode: h.OpCode, Compressed: compressed, Payload: payload}, n, nil
}
