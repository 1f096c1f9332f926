package webhook

import (
	"fmt"
	"strings"
)

// Kind says what an event is about.
type Kind uint8

// The kinds of events. A handler answers [Connect] and [User], and the client
// waits; of the others it is only told.
const (
	// Connect: a client asks to be let in.
	Connect Kind = iota
	// Connected: its WebSocket is open.
	Connected
	// Disconnected: a connection whose Connect was accepted has ended.
	Disconnected
	// Joined: it is now in a group.
	Joined
	// Left: it is no longer in a group.
	Left
	// User: it sends an event of the application's own.
	User

	kindCount
)

// kinds has each kind's name in configurations and metrics, and what its ce-type
// begins with.
var kinds = [kindCount]struct{ name, family string }{
	Connect:      {"connect", "azure.webpubsub.sys."},
	Connected:    {"connected", "azure.webpubsub.sys."},
	Disconnected: {"disconnected", "azure.webpubsub.sys."},
	Joined:       {"joined", "azure.webpubsub.gp."},
	Left:         {"left", "azure.webpubsub.gp."},
	User:         {"user", "azure.webpubsub.user."},
}

// SystemKinds returns all kinds but [User]: what a [Handler] can list. The caller
// owns the slice.
func SystemKinds() []Kind { return []Kind{Connect, Connected, Disconnected, Joined, Left} }

// String returns the kind's name, for example "connected".
func (k Kind) String() string {
	if k >= kindCount {
		return fmt.Sprintf("kind %d", k)
	}
	return kinds[k].name
}

// MarshalText is [Kind.String].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the name of a kind that a [Handler] can list.
func (k *Kind) UnmarshalText(text []byte) error {
	names := make([]string, 0, kindCount)
	for _, kind := range SystemKinds() {
		if kind.String() == string(text) {
			*k = kind
			return nil
		}
		names = append(names, kind.String())
	}
	return fmt.Errorf("webhook: %q is no system event: use %s", text, strings.Join(names, ", "))
}

// notified reports whether handlers are told of the kind and not asked.
func (k Kind) notified() bool { return k >= Connected && k <= Left }
