package secure

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
)

// session12 is a session of TLS 1.2, which crypto/tls goes on with: it takes
// some 8 KB.
type session12 struct {
	conn *tls.Conn
	wire *wire
	out  []byte // what conn has written
	end  error  // what follows the data that was returned last
}

func newSession12(conn *tls.Conn, w *wire) *session12 {
	s := &session12{conn: conn, wire: w}
	w.send = func(p []byte) { s.out = append(s.out, p...) }
	return s
}

// Open implements [Session].
func (s *session12) Open(wire []byte) (data []byte, n int, err error) {
	if s.end != nil {
		return nil, len(wire), s.end
	}
	s.wire.feed(wire)
	var room [4 << 10]byte
	for {
		got, err := s.conn.Read(room[:])
		data = append(data, room[:got]...)
		var temporary net.Error
		switch {
		case err == nil:
		case errors.As(err, &temporary) && temporary == errNoInput:
			return data, len(wire), nil
		default:
			if s.end = opened(err); len(data) > 0 {
				return data, 0, nil // there is another call, for wire is left
			}
			return nil, len(wire), s.end
		}
	}
}

// opened names the errors of a read as [Session] does. crypto/tls gives alerts a type
// that it keeps to itself.
func opened(err error) error {
	alert, isAlert := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case isAlert && alert.Op == "remote error":
		return ErrAborted
	case isAlert:
		err = alert.Err
	}
	return &Fault{problem: strings.TrimPrefix(err.Error(), "tls: ")}
}

// Ended implements [Session].
func (s *session12) Ended() bool { return s.end == io.EOF }

// Reply implements [Session].
func (s *session12) Reply(dst []byte) []byte {
	dst = append(dst, s.out...)
	s.out = nil
	return dst
}

// Seal implements [Session].
func (s *session12) Seal(dst []byte, pieces [][]byte) []byte {
	if len(pieces) == 1 {
		s.conn.Write(pieces[0])
	} else {
		s.conn.Write(bytes.Join(pieces, nil))
	}
	return s.Reply(dst)
}

// Close implements [Session].
func (s *session12) Close(dst []byte) []byte {
	s.conn.CloseWrite()
	return s.Reply(dst)
}

// ConnectionState implements [Session].
func (s *session12) ConnectionState() tls.ConnectionState { return s.conn.ConnectionState() }
