package webhook

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"
)

// ConnectRequest is what a handler is told of a client that asks to be let in.
// [Upstream.Connect] borrows all of it.
type ConnectRequest struct {
	// Claims are those of its token.
	Claims map[string][]string
	// Query is that of the request. The parameter access_token is not sent on.
	Query map[string][]string
	// Headers are those of the request. Authorization is not sent on.
	Headers map[string][]string
	// Subprotocols are those it offers, in its order.
	Subprotocols []string
	// Certificate is the one it has shown in TLS, nil if none.
	Certificate *x509.Certificate
}

// shownCertificate is a client's certificate as handlers see it.
type shownCertificate struct {
	// Thumbprint is the SHA-1 of the certificate, as others name it too, in
	// hexadecimal digits. It names; it proves nothing.
	Thumbprint string `json:"thumbprint"`
	Content    string `json:"content"` // PEM
}

// shown returns the list of the client's certificates, which has one or none: [] and
// not null.
func (r ConnectRequest) shown() []shownCertificate {
	if r.Certificate == nil {
		return []shownCertificate{}
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate.Raw})
	return []shownCertificate{{fmt.Sprintf("%X", sha1.Sum(r.Certificate.Raw)), string(content)}}
}

// body returns the request in JSON. A token in it would let the handler's logs
// act for the client.
func (r ConnectRequest) body() ([]byte, error) {
	listed := func(list map[string][]string, secret string) map[string][]string {
		shown := make(map[string][]string, len(list))
		maps.Copy(shown, list)
		maps.DeleteFunc(shown, func(name string, _ []string) bool { return strings.EqualFold(name, secret) })
		return shown
	}
	return json.Marshal(struct {
		Claims       map[string][]string `json:"claims"`
		Query        map[string][]string `json:"query"`
		Headers      map[string][]string `json:"headers"`
		Subprotocols []string            `json:"subprotocols"`
		Certificates []shownCertificate  `json:"clientCertificates"`
	}{
		listed(r.Claims, ""),
		listed(r.Query, "access_token"),
		listed(r.Headers, "Authorization"),
		append([]string{}, r.Subprotocols...), // [] and not null
		r.shown(),
	})
}

// UserEvent is an event of the application's own.
type UserEvent struct {
	// Name is a letter, then letters, digits, _ - and dot; 128 at most.
	Name string
	// Type says what Data is.
	Type DataType
	// Data is the payload, sent as it is. [Upstream.UserEvent] borrows it.
	Data []byte
	// Metadata become headers of the request: 64 at most, 4 KiB together, keys
	// that are tokens.
	Metadata map[string]string
}

// Notification is an event of which a handler is told and not asked.
type Notification struct {
	// Kind is [Connected], [Disconnected], [Joined] or [Left].
	Kind Kind
	// Reason says why a connection was Disconnected; it may be empty.
	Reason string
	// Group is the one Joined or Left.
	Group string
}

// body returns the notification in JSON.
func (n Notification) body() ([]byte, error) {
	switch n.Kind {
	case Disconnected:
		return json.Marshal(map[string]string{"reason": n.Reason})
	case Joined, Left:
		return json.Marshal(map[string]string{"group": n.Group})
	default:
		return []byte("{}"), nil
	}
}

// DataType says what a payload is.
type DataType uint8

// The types of payloads.
const (
	Binary DataType = iota
	Text
	JSON
	Protobuf
)

var contentTypes = [...]string{
	Binary:   "application/octet-stream",
	Text:     "text/plain; charset=UTF-8",
	JSON:     "application/json; charset=UTF-8",
	Protobuf: "application/x-protobuf",
}
