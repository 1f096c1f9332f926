package secure

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// Sizes of records (RFC 8446 §5.1, §5.2).
const (
	headerSize   = 5
	maxPlaintext = 1 << 14
	maxProtected = maxPlaintext + 256
	// maxCiphertext is what crypto/tls takes before the version is known (RFC 5246 §6.2.3).
	maxCiphertext = maxPlaintext + 2048
	// maxUseless is how many records without data a peer may send in a row: each
	// costs as much as one with some.
	maxUseless = 16
)

type contentType byte

const (
	typeChangeCipherSpec contentType = 20
	typeAlert            contentType = 21
	typeHandshake        contentType = 22
	typeData             contentType = 23
)

// Alerts that are sent, or do not end a session (RFC 8446 §6).
const (
	alertCloseNotify       tls.AlertError = 0
	alertUnexpectedMessage tls.AlertError = 10
	alertBadRecordMAC      tls.AlertError = 20
	alertRecordOverflow    tls.AlertError = 22
	alertIllegalParameter  tls.AlertError = 47
	alertDecodeError       tls.AlertError = 50
	alertUserCanceled      tls.AlertError = 90
)

// handshakeKeyUpdate is the only handshake message that a client may send once
// the handshake is over (RFC 8446 §4.6).
const handshakeKeyUpdate = 24

// keyUpdateHeader is what each of them begins with: the type, and the length of the one
// byte that follows.
const keyUpdateHeader = string(rune(handshakeKeyUpdate)) + "\x00\x00\x01"

// Fault is why a connection cannot go on: the peer broke the protocol, or what
// came is not what it sent. The alert, of which the peer is told, says which; it is 0
// where crypto/tls has chosen it.
type Fault struct {
	Alert   tls.AlertError
	problem string
}

func (f *Fault) Error() string {
	if f.Alert == 0 {
		return "tls: " + f.problem
	}
	return fmt.Sprintf("tls: %s (%v)", f.problem, f.Alert)
}

// ErrAborted is returned when the peer has ended the connection with an alert.
var ErrAborted = errors.New("tls: the peer has ended the connection with an alert")
