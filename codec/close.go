package codec

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// maxReason is what the status code leaves of a control frame's 125 bytes.
const maxReason = ws.MaxControlFramePayloadSize - 2

var (
	errCloseShort  = protocolError("§5.5.1", "close payload of one byte")
	errCloseCode   = protocolError("§7.4", "close code that may not be sent")
	errCloseReason = invalidText("§5.5.1", "close reason that is not UTF-8")
)

// ParseClose reads the unmasked payload of a close frame. An empty one has code
// 1005, no status. reason borrows p. The error is an [*Error] of code 1002, or
// 1007 if the reason is not UTF-8.
func ParseClose(p []byte) (code ws.StatusCode, reason []byte, err error) {
	switch len(p) {
	case 0:
		return ws.StatusNoStatusRcvd, nil, nil
	case 1:
		return 0, nil, errCloseShort
	}
	code, reason = ws.StatusCode(binary.BigEndian.Uint16(p)), p[2:]
	if !mayBeSent(code) {
		return 0, nil, errCloseCode
	}
	if !utf8.Valid(reason) {
		return 0, nil, errCloseReason
	}
	return code, reason, nil
}

// mayBeSent reports whether code may stand in a close frame: RFC 6455 §7.4 and
// the IANA WebSocket Close Code Number Registry, which added 1012 to 1014.
func mayBeSent(code ws.StatusCode) bool {
	switch {
	case code < 1000:
		return false
	case code < 1016:
		return code != 1004 && code != 1005 && code != 1006 && code != 1015
	}
	return code >= 3000 && code < 5000
}

// AppendClose appends the payload of a close frame to dst and returns the
// extended slice; it takes dst. The reason is cut between characters to the
// 123 bytes that fit, and what is not UTF-8 in it becomes U+FFFD. A code that
// may not be sent, such as 1005, gives an empty payload: no status.
func AppendClose(dst []byte, code ws.StatusCode, reason string) []byte {
	if !mayBeSent(code) {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	room := maxReason
	for _, r := range reason {
		if room -= utf8.RuneLen(r); room < 0 {
			break
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
