package codec

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strings"
)

// keyLen is the length of a Sec-WebSocket-Key: base64 of 16 bytes.
const keyLen = 24

// CheckUpgrade holds the request against what RFC 6455 §4.2.1 asks of a
// WebSocket upgrade. The error is a [*HeadError]; an answer with status 426 must
// carry "Sec-WebSocket-Version: 13" (RFC 6455 §4.4).
func (r *Request) CheckUpgrade() error {
	switch {
	case !r.Upgrade:
		return headError(http.StatusUpgradeRequired, "a WebSocket upgrade needs the headers Connection: Upgrade and Upgrade: websocket")
	case r.Method != http.MethodGet:
		return headError(http.StatusMethodNotAllowed, "method %s; a WebSocket upgrade must use GET", quoted(r.Method))
	case r.HTTP10:
		return headError(http.StatusBadRequest, "HTTP/1.0; a WebSocket upgrade needs HTTP/1.1")
	case !strings.HasPrefix(r.Path, "/"):
		return headError(http.StatusBadRequest, "target %s; that of a WebSocket upgrade must be a path or an http URI", quoted(r.Target))
	case r.Version == "":
		return headError(http.StatusBadRequest, "header Sec-WebSocket-Version is missing")
	case r.Version != "13":
		return headError(http.StatusUpgradeRequired, "Sec-WebSocket-Version %s; it must be 13", quoted(r.Version))
	case r.Key == "":
		return headError(http.StatusBadRequest, "header Sec-WebSocket-Key is missing")
	case !isKey(r.Key):
		return headError(http.StatusBadRequest, "Sec-WebSocket-Key %s; it must be 16 bytes in base64", quoted(r.Key))
	case r.hasLength && r.contentLength != "0":
		return headError(http.StatusBadRequest, "Content-Length %s; a WebSocket upgrade has no body", quoted(r.contentLength))
	case r.transferEncoding:
		return headError(http.StatusBadRequest, "Transfer-Encoding; a WebSocket upgrade has no body")
	}
	for protocol := range r.Protocols() {
		if !isToken(protocol) {
			return headError(http.StatusBadRequest, "subprotocol %s in Sec-WebSocket-Protocol; it must be a token", quoted(protocol))
		}
	}
	for extension := range r.Extensions() {
		if !isExtension(extension) {
			return headError(http.StatusBadRequest, "extension %s in Sec-WebSocket-Extensions; it must be a token with parameters", quoted(extension))
		}
	}
	return nil
}

func isKey(key string) bool {
	if len(key) != keyLen {
		return false
	}
	var text [keyLen]byte
	var nonce [keyLen / 4 * 3]byte
	copy(text[:], key)
	n, err := base64.StdEncoding.Decode(nonce[:], text[:])
	return n == 16 && err == nil
}

// AppendAccept appends to dst the Sec-WebSocket-Accept that answers key (RFC
// 6455 §4.2.2), 28 bytes, and returns the extended slice; it takes dst. A client
// calls it to verify the answer.
func AppendAccept(dst []byte, key string) []byte {
	const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	var text [keyLen + len(guid)]byte
	sum := sha1.Sum(append(append(text[:0], key...), guid...))
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

// AppendUpgrade appends to dst the 101 answer to an upgrade with that key, and
// returns the extended slice; it takes dst. subprotocol and extensions become
// headers as they stand, none if empty.
func AppendUpgrade(dst []byte, key, subprotocol, extensions string) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = append(AppendAccept(dst, key), "\r\n"...)
	if subprotocol != "" {
		dst = append(append(append(dst, "Sec-WebSocket-Protocol: "...), subprotocol...), "\r\n"...)
	}
	if extensions != "" {
		dst = append(append(append(dst, "Sec-WebSocket-Extensions: "...), extensions...), "\r\n"...)
	}
	return append(dst, "\r\n"...)
}
