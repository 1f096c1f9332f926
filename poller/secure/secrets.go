package secure

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
)

// secrets are those of one handshake, which crypto/tls gives out in one form
// only: as lines of a key log.
type secrets struct {
	client, server []byte
}

// Write takes a line of the key log (tls.Config.KeyLogWriter).
func (s *secrets) Write(line []byte) (int, error) {
	fields := bytes.Fields(line)
	if len(fields) != 3 {
		return len(line), nil
	}
	var to *[]byte
	switch string(fields[0]) {
	case "CLIENT_TRAFFIC_SECRET_0":
		to = &s.client
	case "SERVER_TRAFFIC_SECRET_0":
		to = &s.server
	default:
		return len(line), nil
	}
	secret, err := hex.DecodeString(string(fields[2]))
	if err != nil {
		return 0, err
	}
	*to = secret
	return len(line), nil
}

// session returns the session that goes on where the handshake has ended. sent
// is what the server has written.
func (s *secrets) session(id uint16, sent []byte) (*session13, error) {
	suite := suiteOf(id)
	if suite == nil || len(s.client) != suite.hash().Size() || len(s.server) != len(s.client) {
		return nil, errNoKeys
	}
	made := &session13{suite: suite}
	made.in.use(suite, s.client)
	made.out.use(suite, s.server)
	made.out.seq = made.out.countIn(suite, sent)
	made.out.aead = nil
	return made, nil
}

// countIn returns how many records of sent are protected by t: session tickets,
// which crypto/tls sends with the keys that are ours from now on. The keys of
// the handshake protect the others, so each record says by itself which it is.
func (t *traffic) countIn(s *suite, sent []byte) (count uint64) {
	var nonce [nonceSize]byte
	aead := t.cipher(s)
	for len(sent) >= headerSize {
		end := headerSize + int(sent[3])<<8 + int(sent[4])
		if end > len(sent) {
			return count
		}
		record := sent[:end]
		sent = sent[end:]
		t.seq = count
		protected := append([]byte(nil), record[headerSize:]...) // a failed Open leaves garbage
		if _, err := aead.Open(protected[:0], t.nonce(&nonce), protected, record[:headerSize]); err == nil {
			count++
		}
	}
	return count
}

// observed is config with the secrets of one handshake noted.
func observed(config *tls.Config, s *secrets) *tls.Config {
	config = config.Clone()
	config.KeyLogWriter = s
	return config
}
