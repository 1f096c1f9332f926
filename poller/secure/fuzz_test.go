package secure

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzOpen has a peer that holds the keys send any records, and bytes that are
// none, cut anywhere: what is opened does not depend on the cut, and nothing
// follows an error.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("\x17\x05hello\x17\x00\x16\x05\x18\x00\x00\x01\x01\x17\x05again\x15\x02\x01\x00"), []byte{}, uint8(3))
	f.Add([]byte("\x17\x01a"), []byte("\x17\x03\x03\x40\x00"), uint8(1))
	f.Add([]byte("\x00\x04\x00\x00\x00\x00"), []byte("GET / HTTP/1.1\r\n"), uint8(200))
	f.Fuzz(func(t *testing.T, script, raw []byte, cut uint8) {
		client, whole := pair(suites[int(cut)%len(suites)])
		_, pieces := pair(whole.suite)
		wire := append(records(client, script), raw...)

		want, wantErr := open(whole, bytes.Clone(wire), len(wire))
		got, gotErr := open(pieces, bytes.Clone(wire), 1+int(cut))
		if !bytes.Equal(got, want) || !sameError(gotErr, wantErr) {
			t.Errorf("in one piece: %q, %v; in pieces of %d: %q, %v", want, wantErr, 1+int(cut), got, gotErr)
		}
		if !bytes.Equal(whole.Reply(nil), pieces.Reply(nil)) {
			t.Error("the replies differ")
		}
	})
}

// records makes records of a script: for each a type, a length and so many bytes.
func records(s *session13, script []byte) (wire []byte) {
	for len(script) >= 2 {
		content := script[2:min(len(script), 2+int(script[1]))]
		kind := contentType(script[0])
		wire = s.seal(wire, kind, [][]byte{content}, len(content))
		if kind == typeHandshake && len(content) == 5 && content[0] == handshakeKeyUpdate {
			s.out.update(s.suite)
		}
		script = script[2+len(content):]
	}
	return wire
}

// open opens wire in pieces of one size.
func open(s *session13, wire []byte, size int) (data []byte, err error) {
	for len(wire) > 0 {
		piece := wire[:min(size, len(wire))]
		wire = wire[len(piece):]
		for len(piece) > 0 {
			part, n, err := s.Open(piece)
			data, piece = append(data, part...), piece[n:]
			if err != nil {
				return data, err
			}
		}
	}
	return data, nil
}

func sameError(a, b error) bool {
	var x, y *Fault
	switch {
	case errors.As(a, &x) && errors.As(b, &y):
		return x.Alert == y.Alert
	case a == nil || b == nil:
		return a == b
	}
	return errors.Is(a, io.EOF) == errors.Is(b, io.EOF) && errors.Is(a, ErrAborted) == errors.Is(b, ErrAborted)
}
