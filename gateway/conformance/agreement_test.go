package conformance_test

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec/codectest"
)

// agreement is what a server's answer says of permessage-deflate (RFC 7692 §7.1).
// Sluice never takes a context over and always says so, which leaves the window.
type agreement struct {
	window int // in bits: how far back its messages may refer
}

// errNotAgreed: the server accepted no offer, though there was a good one.
var errNotAgreed = errors.New("permessage-deflate was not agreed on")

// agreementOn holds the server's Sec-WebSocket-Extensions to the offer that must
// be accepted; empty: none. It returns nil if there is no agreement.
func agreementOn(offer string, answers []string) (*agreement, error) {
	switch {
	case offer == "" && len(answers) > 0:
		return nil, fmt.Errorf("opening handshake: extensions %q, of which none can be had", answers)
	case offer == "":
		return nil, nil
	case len(answers) == 0:
		return nil, errNotAgreed
	case len(answers) > 1:
		return nil, fmt.Errorf("opening handshake: several answers %q to one offer", answers)
	}
	asked, _ := parameters(offer)
	given, err := parameters(answers[0])
	if err != nil {
		return nil, fmt.Errorf("opening handshake: %w", err)
	}
	window, err := agreedWindow(asked, given)
	if err != nil {
		return nil, fmt.Errorf("opening handshake: %q in answer to %q: %w", answers[0], offer, err)
	}
	return &agreement{window}, nil
}

// agreedWindow checks the rules of RFC 7692 §7.1 for an answer.
func agreedWindow(asked, given map[string]string) (int, error) {
	window := 15
	for name, value := range given {
		switch name {
		case "server_no_context_takeover", "client_no_context_takeover":
			if value != "" {
				return 0, fmt.Errorf("%s has a value", name) // §7.1.1
			}
		case "server_max_window_bits":
			if window = bits(value); window == 0 {
				return 0, fmt.Errorf("%s is not 8 to 15", name) // §7.1.2.1
			}
		default: // Sluice reads any window, so client_max_window_bits is for nothing
			return 0, fmt.Errorf("%s is not wanted", name)
		}
	}
	limit, limited := asked["server_max_window_bits"]
	_, repeated := given["server_max_window_bits"]
	_, server := given["server_no_context_takeover"]
	_, client := given["client_no_context_takeover"]
	switch {
	case limited && (!repeated || window > bits(limit)):
		return 0, errors.New("a window larger than asked for") // §7.1.2.1
	case !server || !client:
		return 0, errors.New("a context taken over") // allowed if not asked for, but not promised
	}
	return window, nil
}

// bits reads a window of 8 to 15 bits, 0 if it is none.
func bits(value string) int {
	n, err := strconv.Atoi(strings.Trim(value, `"`))
	if err != nil || n < 8 || n > 15 {
		return 0
	}
	return n
}

// parameters are those of a permessage-deflate extension, each with its value.
func parameters(extension string) (map[string]string, error) {
	parts := strings.Split(extension, ";")
	if strings.TrimSpace(parts[0]) != "permessage-deflate" {
		return nil, fmt.Errorf("extension %q, which was not offered", extension)
	}
	all := make(map[string]string)
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("parameter %s twice in %q", name, extension)
		}
		all[name] = value
	}
	return all, nil
}

// allows reports whether the RSV bits of a server's frame have a meaning: RSV1 on
// the first frame of a message, once that is agreed on (RFC 7692 §6).
func (a *agreement) allows(h ws.Header) bool {
	return a != nil && h.Rsv == 4 && h.OpCode.IsData() && h.OpCode != ws.OpContinuation
}

// inflate inflates a message of the server's, by itself, and holds it to the
// window.
func (a *agreement) inflate(message []byte) ([]byte, error) {
	text, err := codectest.Inflate(message)
	if err != nil {
		return nil, fmt.Errorf("a compressed message of %d octets does not inflate: %w", len(message), err)
	}
	if a.window == 15 {
		return text, nil // DEFLATE has no larger one
	}
	traced, farthest, err := codectest.Trace(message)
	switch {
	case err != nil || !bytes.Equal(traced, text):
		return nil, fmt.Errorf("a compressed message of %d octets inflates in two ways (%v)", len(message), err)
	case farthest > 1<<a.window:
		return nil, fmt.Errorf("a compressed message refers %d octets back, beyond a window of %d bits", farthest, a.window)
	}
	return text, nil
}
