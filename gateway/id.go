package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/sluicegate/sluice/poller"
)

// A session's id is its handle and a code that proves that this gateway gave
// it out: nobody can guess the id of another session, and no map from ids to
// sessions is needed.
const (
	idHandleLen = 10
	idProofLen  = 8
)

var idEncoding = base64.RawURLEncoding

// ID returns the session's connection id: 24 characters, unique in the life of
// the gateway, and not to be guessed.
func (s Session) ID() string {
	if s.shard == nil {
		return ""
	}
	return s.shard.gateway.connectionID(s.handle)
}

func (g *Gateway) connectionID(h poller.Handle) string {
	id := make([]byte, 0, idHandleLen+idProofLen)
	id = binary.BigEndian.AppendUint16(id, h.Loop)
	id = binary.BigEndian.AppendUint32(id, h.Slot)
	id = binary.BigEndian.AppendUint32(id, h.Generation)
	return idEncoding.EncodeToString(append(id, g.prove(id)...))
}

// Session returns the session with a connection id. It reports false for an id
// that this gateway did not give out; whether the session still lives, only its
// loop knows.
func (g *Gateway) Session(id string) (Session, bool) {
	var raw [idHandleLen + idProofLen]byte
	// The length is checked first: the decoder skips line breaks.
	if len(id) != idEncoding.EncodedLen(len(raw)) {
		return Session{}, false
	}
	if n, err := idEncoding.Decode(raw[:], []byte(id)); err != nil || n != len(raw) {
		return Session{}, false
	}
	if !hmac.Equal(raw[idHandleLen:], g.prove(raw[:idHandleLen])) {
		return Session{}, false
	}
	h := poller.Handle{
		Loop:       binary.BigEndian.Uint16(raw[:]),
		Slot:       binary.BigEndian.Uint32(raw[2:]),
		Generation: binary.BigEndian.Uint32(raw[6:]),
	}
	return Session{g.shards[h.Loop], h}, true
}

func (g *Gateway) prove(handle []byte) []byte {
	mac := hmac.New(sha256.New, g.idKey[:])
	mac.Write(handle)
	return mac.Sum(nil)[:idProofLen]
}
