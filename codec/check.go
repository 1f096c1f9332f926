package codec

import "github.com/gobwas/ws"

// Side is which end of the connection receives a frame.
type Side uint8

const (
	// Server receives masked frames.
	Server Side = iota
	// Client receives unmasked frames.
	Client
)

// State is what the legality of a received frame depends on, besides the frame.
// The zero value is a server between messages, with no extension negotiated.
type State struct {
	// Side is the receiving end.
	Side Side
	// Fragmented: a message has begun and its final frame is yet to come.
	Fragmented bool
	// Compression: permessage-deflate was negotiated, which gives RSV1 a
	// meaning on the first frame of a message (RFC 7692 §6).
	Compression bool
}

const rsv1 = 0x4

var (
	errReserved        = protocolError("§5.2", "reserved bit set without an extension that defines it")
	errOpcode          = protocolError("§5.2", "reserved opcode")
	errUnmasked        = protocolError("§5.1", "unmasked frame from a client")
	errMasked          = protocolError("§5.1", "masked frame from a server")
	errControlLong     = protocolError("§5.5", "control frame with more than 125 bytes of payload")
	errControlFragment = protocolError("§5.5", "fragmented control frame")
	errNoMessage       = protocolError("§5.4", "continuation frame without a message to continue")
	errMessageOpen     = protocolError("§5.4", "new message inside a fragmented one")
)

// Check reports whether a peer may send the frame h in state s. The error is an
// [*Error] of code 1002. The payload is not looked at.
func Check(h ws.Header, s State) error { return check(&h, s) }

func check(h *ws.Header, s State) error {
	control := h.OpCode.IsControl()
	switch {
	case h.Rsv != 0 && !(h.Rsv == rsv1 && s.Compression && !control && h.OpCode != ws.OpContinuation):
		return errReserved // §5.2; for RSV1 RFC 7692 §6 and §6.1
	case h.OpCode.IsReserved():
		return errOpcode // §5.2
	case s.Side == Server && !h.Masked:
		return errUnmasked // §5.1
	case s.Side == Client && h.Masked:
		return errMasked // §5.1
	case control && h.Length > ws.MaxControlFramePayloadSize:
		return errControlLong // §5.5
	case control && !h.Fin:
		return errControlFragment // §5.5
	case !control && !s.Fragmented && h.OpCode == ws.OpContinuation:
		return errNoMessage // §5.4
	case !control && s.Fragmented && h.OpCode != ws.OpContinuation:
		return errMessageOpen // §5.4
	}
	return nil
}
