package gateway

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

const (
	// proxyV1Most is the longest header of version 1: the worst case that the
	// specification gives, CRLF included.
	proxyV1Most = 107
	// proxyV2Fixed is what a header of version 2 begins with: signature, version
	// and command, family, length. proxyV2Most is what may follow: addresses take
	// 36 bytes, and the extensions in use a few hundred.
	proxyV2Fixed = 16
	proxyV2Most  = 2048
)

var (
	proxyV1Signature = []byte("PROXY")
	proxyV2Signature = []byte("\r\n\r\n\x00\r\nQUIT\n")
)

var errProxyHeader = errors.New("gateway: no PROXY header")

// parseProxyHeader reads the PROXY header that p begins with. n is its length, 0
// if p is too short to tell. The client is invalid if the proxy speaks for
// itself, as in a health check, or does not know whom it speaks for. It borrows p.
func parseProxyHeader(p []byte) (client netip.AddrPort, n int, err error) {
	if n, err = proxyHeaderEnd(p); n == 0 || err != nil {
		return netip.AddrPort{}, 0, err
	}
	header, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(p[:n]), proxyV2Fixed+proxyV2Most))
	if err != nil {
		return netip.AddrPort{}, 0, err
	}
	if header.Command.IsLocal() {
		return netip.AddrPort{}, n, nil
	}
	source, ok := header.SourceAddr.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}, n, nil // of another kind, such as a unix socket
	}
	client = source.AddrPort()
	return netip.AddrPortFrom(client.Addr().Unmap(), client.Port()), n, nil
}

// proxyHeaderEnd returns the length of the header that p begins with, 0 if p is
// too short to tell.
func proxyHeaderEnd(p []byte) (int, error) {
	switch {
	case isPrefix(p, proxyV1Signature):
		if end := bytes.IndexByte(p[:min(len(p), proxyV1Most)], '\n'); end >= 0 {
			return end + 1, nil
		}
		if len(p) < proxyV1Most {
			return 0, nil
		}
	case isPrefix(p, proxyV2Signature):
		if len(p) < proxyV2Fixed {
			return 0, nil
		}
		length := int(binary.BigEndian.Uint16(p[proxyV2Fixed-2:]))
		if length > proxyV2Most {
			return 0, errProxyHeader
		}
		if end := proxyV2Fixed + length; end <= len(p) {
			return end, nil
		}
		return 0, nil
	}
	return 0, errProxyHeader
}

// isPrefix reports whether p and signature begin alike, as far as both go.
func isPrefix(p, signature []byte) bool {
	n := min(len(p), len(signature))
	return bytes.Equal(p[:n], signature[:n])
}
