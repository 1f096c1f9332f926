package secure

import (
	"crypto/tls"
	"errors"
	"io"
	"slices"
)

// Session is an established connection: it opens what came and seals what is to
// be sent. It belongs to one goroutine.
type Session interface {
	// Open consumes n bytes of wire and returns data of the peer, if some is
	// complete. It borrows wire and works in place: data is a part of it, or a
	// buffer that the caller takes. Call again with what is left of wire until
	// that is nothing.
	//
	// The error is [io.EOF] after the peer's last byte, [ErrAborted], or a
	// [*Fault]; there is no data after any. Reply may have something to be sent
	// after each call.
	Open(wire []byte) (data []byte, n int, err error)
	// Ended reports whether Open has returned [io.EOF].
	Ended() bool
	// Reply appends what the peer must be sent for what was opened, often nothing.
	Reply(dst []byte) []byte
	// Seal appends pieces, which it borrows, to dst as one stream.
	Seal(dst []byte, pieces [][]byte) []byte
	// Close appends the announcement that nothing more will be sent.
	Close(dst []byte) []byte
	// ConnectionState returns what was negotiated, as far as the session remembers. Any
	// goroutine may call it.
	ConnectionState() tls.ConnectionState
}

// session13 is a session of TLS 1.3.
type session13 struct {
	suite   *suite
	warm    *Warm
	in, out traffic
	partial []byte // an unfinished record
	useless uint8  // records in a row without data
	begun   uint8  // bytes of keyUpdateHeader that have come
	alert   uint8  // to be sent, if fatal is set
	fatal   bool
	rekey   bool // the peer has asked for new keys, before the next data
	ended   bool // the peer's close_notify has come
	closed  bool // nothing more will be sent
	recent  bool // used since the warm ring last looked
}

// Open implements [Session].
func (s *session13) Open(wire []byte) (data []byte, n int, err error) {
	record, n, err := s.next(wire)
	if err != nil || record == nil {
		return nil, n, err
	}
	data, err = s.open(record)
	return data, n, err
}

// next takes a whole record from wire, or keeps the part of one that is there.
func (s *session13) next(wire []byte) (record []byte, n int, err error) {
	if s.partial == nil {
		size, err := s.recordSize(wire)
		if err != nil {
			return nil, 0, err
		}
		if size > 0 && size <= len(wire) {
			return wire[:size:size], size, nil
		}
		// The size claimed is at most 16 KiB, but memory is given for what came.
		s.partial = append(make([]byte, 0, max(headerSize, len(wire))), wire...)
		return nil, len(wire), nil
	}
	if missing := headerSize - len(s.partial); missing > 0 {
		n = min(missing, len(wire))
		s.partial = append(s.partial, wire[:n]...)
	}
	size, err := s.recordSize(s.partial)
	if err != nil || size == 0 {
		return nil, n, err
	}
	more := min(size-len(s.partial), len(wire)-n)
	s.partial = append(s.partial, wire[n:n+more]...)
	n += more
	if len(s.partial) < size {
		return nil, n, nil
	}
	record, s.partial = s.partial, nil
	return record, n, nil
}

// recordSize returns the size of the record that p begins with, 0 if p is too
// short to tell.
func (s *session13) recordSize(p []byte) (int, error) {
	if len(p) < headerSize {
		return 0, nil
	}
	length := int(p[3])<<8 | int(p[4])
	switch {
	case contentType(p[0]) != typeData || p[1] != 3 || p[2] != 3:
		return 0, s.fault(alertUnexpectedMessage, "a record that is not protected")
	case length > maxProtected:
		return 0, s.fault(alertRecordOverflow, "a record longer than 16,640 bytes")
	}
	return headerSize + length, nil
}

// open removes the protection of a record, in place (RFC 8446 §5.2).
func (s *session13) open(record []byte) (data []byte, err error) {
	s.warm.touch(s)
	nonce := s.in.nonce(&s.warm.nonce)
	inner, err := s.in.cipher(s.suite).Open(record[headerSize:headerSize], nonce, record[headerSize:], record[:headerSize])
	if err != nil {
		return nil, s.fault(alertBadRecordMAC, "a record that was changed on its way")
	}
	if len(inner) > maxPlaintext+1 { // with type and padding, RFC 8446 §5.4
		return nil, s.fault(alertRecordOverflow, "a record of more than 16,384 bytes")
	}
	end := len(inner) - 1
	for end >= 0 && inner[end] == 0 { // padding, RFC 8446 §5.4
		end--
	}
	if end < 0 {
		return nil, s.fault(alertUnexpectedMessage, "a record without a type")
	}
	content := inner[:end:end]
	kind := contentType(inner[end])
	if s.begun > 0 && kind != typeHandshake { // RFC 8446 §5.1
		return nil, s.fault(alertUnexpectedMessage, "a record amid a handshake message")
	}
	switch kind {
	case typeData:
		if len(content) > 0 {
			s.useless = 0
			return content, nil
		}
		return nil, s.countUseless()
	case typeAlert:
		return nil, s.alerted(content)
	case typeHandshake:
		return nil, s.keyUpdate(content)
	}
	return nil, s.fault(alertUnexpectedMessage, "a record of a type that has no place here")
}

// countUseless ends a session whose peer keeps it busy with nothing.
func (s *session13) countUseless() error {
	if s.useless++; s.useless > maxUseless {
		return s.fault(alertUnexpectedMessage, "too many records without data")
	}
	return nil
}

// alerted handles an alert (RFC 8446 §6): of those only close_notify, and
// user_canceled, which Java clients send in front of it, are not the end in failure.
func (s *session13) alerted(content []byte) error {
	switch len(content) {
	case 2:
	case 0: // RFC 8446 §5.4
		return s.fault(alertUnexpectedMessage, "an alert of no bytes")
	default:
		return s.fault(alertDecodeError, "an alert that is not 2 bytes long")
	}
	switch tls.AlertError(content[1]) {
	case alertCloseNotify:
		s.ended = true
		return io.EOF
	case alertUserCanceled:
		return s.countUseless()
	}
	return ErrAborted
}

// keyUpdate changes the peer's keys, and ours before the next data if it asks for
// that (RFC 8446 §4.6.3). One change answers all that asked before: a peer that reads
// nothing could otherwise have answers queued without end. The message may be cut into
// several records (§5.1).
func (s *session13) keyUpdate(content []byte) error {
	if len(content) == 0 { // RFC 8446 §5.4
		return s.fault(alertUnexpectedMessage, "a handshake record of no bytes")
	}
	for ; len(content) > 0 && int(s.begun) < len(keyUpdateHeader); content = content[1:] {
		switch {
		case content[0] == keyUpdateHeader[s.begun]:
			s.begun++
		case s.begun == 0:
			return s.fault(alertUnexpectedMessage, "a handshake message that has no place here")
		default:
			return s.fault(alertDecodeError, "a key update that is not 1 byte long")
		}
	}
	switch {
	case len(content) == 0:
		return s.countUseless()
	case len(content) > 1: // RFC 8446 §5.1
		return s.fault(alertUnexpectedMessage, "a key update that does not end its record")
	case content[0] > 1:
		return s.fault(alertIllegalParameter, "a key update that asks for what there is not")
	}
	s.begun = 0
	s.in.update(s.suite)
	s.rekey = s.rekey || content[0] == 1
	return s.countUseless()
}

// changeKeys appends the message that announces new keys, and uses them.
func (s *session13) changeKeys(dst []byte) []byte {
	dst = s.seal(dst, typeHandshake, [][]byte{{handshakeKeyUpdate, 0, 0, 1, 0}}, 5)
	s.out.update(s.suite)
	s.rekey = false
	return dst
}

// fault ends the session for what its peer did, and tells it (RFC 8446 §6.2).
func (s *session13) fault(alert tls.AlertError, problem string) error {
	s.fatal, s.alert = true, uint8(alert)
	return &Fault{alert, problem}
}

// Ended implements [Session].
func (s *session13) Ended() bool { return s.ended }

// Reply implements [Session].
func (s *session13) Reply(dst []byte) []byte {
	if s.fatal && !s.closed {
		dst = s.seal(dst, typeAlert, [][]byte{{2, s.alert}}, 2)
		s.closed = true
	}
	s.fatal = false
	return dst
}

// Seal implements [Session].
func (s *session13) Seal(dst []byte, pieces [][]byte) []byte {
	size := 0
	for _, p := range pieces {
		size += len(p)
	}
	for size > 0 && !s.closed {
		if s.rekey || s.out.seq >= s.suite.records {
			dst = s.changeKeys(dst)
		}
		n := min(size, maxPlaintext)
		dst = s.seal(dst, typeData, pieces, n)
		pieces = skip(pieces, n)
		size -= n
	}
	return dst
}

// seal appends one record with the first n bytes of pieces.
func (s *session13) seal(dst []byte, t contentType, pieces [][]byte, n int) []byte {
	s.warm.touch(s)
	aead := s.out.cipher(s.suite)
	length := n + 1 + aead.Overhead()
	dst = slices.Grow(dst, headerSize+length)
	start := len(dst)
	dst = append(dst, byte(typeData), 3, 3, byte(length>>8), byte(length))
	for _, p := range pieces {
		p = p[:min(n, len(p))]
		dst = append(dst, p...)
		n -= len(p)
	}
	dst = append(dst, byte(t))
	header, inner := dst[start:start+headerSize], dst[start+headerSize:]
	aead.Seal(inner[:0], s.out.nonce(&s.warm.nonce), inner, header) // in place: there is room for the tag
	return dst[:start+headerSize+length]
}

// skip returns pieces without their first n bytes. It leaves pieces as they are.
func skip(pieces [][]byte, n int) [][]byte {
	for len(pieces) > 0 && n >= len(pieces[0]) {
		n -= len(pieces[0])
		pieces = pieces[1:]
	}
	if n == 0 {
		return pieces
	}
	rest := append([][]byte(nil), pieces...)
	rest[0] = rest[0][n:]
	return rest
}

// Close implements [Session].
func (s *session13) Close(dst []byte) []byte {
	if s.closed {
		return dst
	}
	dst = s.seal(dst, typeAlert, [][]byte{{1, byte(alertCloseNotify)}}, 2)
	s.closed = true
	return dst
}

var errNoKeys = errors.New("tls: the handshake left no keys")

// ConnectionState implements [Session].
func (s *session13) ConnectionState() tls.ConnectionState {
	return tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, CipherSuite: s.suite.id}
}
