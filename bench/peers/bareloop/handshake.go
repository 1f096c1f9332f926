package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
)

// maxHead bounds a request head: 8 KiB.
const maxHead = 8 << 10

const (
	acceptGUID  = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" // RFC 6455 §1.3
	switchingTo = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
	keyLength   = 24 // base64 of 16 bytes
)

var (
	endOfHead = []byte("\r\n\r\n")
	endOfLine = []byte("\r\n")
	keyField  = []byte("sec-websocket-key:")
)

// splitHead cuts a request head off the start of p. ok is false while its end
// has not arrived.
func splitHead(p []byte) (head, rest []byte, ok bool) {
	end := bytes.Index(p, endOfHead)
	if end < 0 {
		return nil, nil, false
	}
	end += len(endOfHead)
	return p[:end], p[end:], true
}

// challenge finds the Sec-WebSocket-Key of a request head. Nothing else of the
// head is looked at.
func challenge(head []byte) (key []byte, ok bool) {
	for line := range bytes.SplitSeq(head, endOfLine) {
		if len(line) <= len(keyField) || !bytes.EqualFold(line[:len(keyField)], keyField) {
			continue
		}
		key = bytes.TrimSpace(line[len(keyField):])
		return key, len(key) == keyLength
	}
	return nil, false
}

// appendSwitch appends the answer to key: a 101 with the accept value.
func appendSwitch(dst, key []byte) []byte {
	var proof [keyLength + len(acceptGUID)]byte
	copy(proof[:], key)
	copy(proof[keyLength:], acceptGUID)
	sum := sha1.Sum(proof[:])
	dst = append(dst, switchingTo...)
	dst = base64.StdEncoding.AppendEncode(dst, sum[:])
	return append(dst, endOfHead...)
}
