package conformance_test

import (
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec/codectest"
)

// The suite must be able to fail: each way to deviate gets its verdict.
func TestVerdicts(t *testing.T) {
	hello, pong := event{ws.OpText, []byte("hello")}, event{ws.OpPong, nil}
	normal := expectation{events: []event{hello}, handshake: true, codes: []ws.StatusCode{1000}}
	failure := expectation{events: []event{hello}, tolerated: &[]event{}, codes: []ws.StatusCode{1002}}
	late := expectation{codes: []ws.StatusCode{1007}, failsAt: 3}
	clean := transcript{events: []event{hello}, closed: true, code: 1000, clientFirst: true, dropped: true}
	broken := transcript{events: []event{hello}, closed: true, code: 1002, dropped: true}
	with := func(seen transcript, change func(*transcript)) transcript {
		change(&seen)
		return seen
	}
	for _, tc := range []struct {
		name      string
		want      expectation
		seen      transcript
		behaviour verdict
		closing   verdict
	}{
		{"clean", normal, clean, ok, ok},
		{"no code", normal, with(clean, func(s *transcript) { s.code = 1005 }), ok, inexact},
		{"nothing came", normal, with(clean, func(s *transcript) { s.events = nil }), failed, ok},
		{"one too many", normal, with(clean, func(s *transcript) { s.events = append(s.events, pong) }), failed, ok},
		{"wrong type", normal, with(clean, func(s *transcript) { s.events = []event{{ws.OpBinary, []byte("hello")}} }), failed, ok},
		{"wrong order", expectation{events: []event{pong, hello}, handshake: true, codes: normal.codes},
			with(clean, func(s *transcript) { s.events = []event{hello, pong} }), failed, ok},
		{"after the close", normal, with(clean, func(s *transcript) { s.strays = []event{pong} }), failed, ok},
		{"illegal frame of the server's", normal, with(clean, func(s *transcript) { s.fault = "masked" }), failed, ok},
		{"wrong code", normal, with(clean, func(s *transcript) { s.code = 1001 }), ok, wrongCode},
		{"wrong code where it counts", expectation{events: normal.events, handshake: true, codes: normal.codes, strictCode: true},
			with(clean, func(s *transcript) { s.code = 1001 }), failed, wrongCode},
		{"no close frame", normal, with(clean, func(s *transcript) { s.closed = false }), ok, unclean},
		{"left open without a close frame", normal, with(clean, func(s *transcript) { s.closed, s.dropped = false, false }), ok, unclean},
		{"TCP left open", normal, with(clean, func(s *transcript) { s.dropped = false }), ok, notDropped},
		{"TCP ended late", normal, with(clean, func(s *transcript) { s.late = true }), ok, notDropped},
		{"server closes first", normal, with(clean, func(s *transcript) { s.clientFirst = false }), ok, failed},
		{"fails as it must", failure, broken, ok, ok},
		{"fails without the echo", failure, with(broken, func(s *transcript) { s.events = nil }), nonStrict, ok},
		{"fails with another code", failure, with(broken, func(s *transcript) { s.code = 1007 }), ok, wrongCode},
		{"fails by dropping TCP", failure, with(broken, func(s *transcript) { s.closed = false }), ok, inexact},
		{"does not fail", failure, with(broken, func(s *transcript) { s.closed, s.dropped = false, false }), ok, failed},
		{"fails and leaves TCP open", failure, with(broken, func(s *transcript) { s.dropped = false }), ok, notDropped},
		{"fails too early", late, transcript{closed: true, code: 1007, dropped: true, step: 2}, failed, ok},
		{"fails at once", late, transcript{closed: true, code: 1007, dropped: true, step: 3}, ok, ok},
		{"fails in the pause", late, transcript{closed: true, code: 1007, dropped: true, step: 4}, ok, ok},
		{"fails late", late, transcript{closed: true, code: 1007, dropped: true, step: 5}, nonStrict, ok},
		{"echoes what is invalid", late, transcript{events: []event{hello}, closed: true, code: 1007, dropped: true, step: 5}, failed, ok},
		{"informs", expectation{informs: true}, transcript{code: 4}, informational, informational},
	} {
		if got, note := behaviour(tc.seen, tc.want); got != tc.behaviour {
			t.Errorf("%s: behaviour %v (%s), want %v", tc.name, got, note, tc.behaviour)
		}
		if got, note := closing(tc.seen, tc.want); got != tc.closing {
			t.Errorf("%s: closing %v (%s), want %v", tc.name, got, note, tc.closing)
		}
	}
}

// The rows on compression must be able to fail, too.
func TestAgreements(t *testing.T) {
	const kept = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, tc := range []struct {
		name, offer string
		answers     []string
		window      int // 0: a fault
	}{
		{"all is well", "permessage-deflate", []string{kept}, 15},
		{"a window", "permessage-deflate; server_max_window_bits=10", []string{kept + "; server_max_window_bits=10"}, 10},
		{"a smaller window", "permessage-deflate; server_max_window_bits=10", []string{kept + "; server_max_window_bits=9"}, 9},
		{"a larger window", "permessage-deflate; server_max_window_bits=10", []string{kept + "; server_max_window_bits=11"}, 0},
		{"no window", "permessage-deflate; server_max_window_bits=10", []string{kept}, 0},
		{"an illegal window", "permessage-deflate", []string{kept + "; server_max_window_bits=16"}, 0},
		{"the client's window, unasked", "permessage-deflate", []string{kept + "; client_max_window_bits=10"}, 0},
		{"a context taken over", "permessage-deflate", []string{"permessage-deflate; client_no_context_takeover"}, 0},
		{"a parameter twice", "permessage-deflate", []string{kept + "; client_no_context_takeover"}, 0},
		{"a value too many", "permessage-deflate", []string{kept[:len(kept)-1] + "r=1"}, 0},
		{"declined", "permessage-deflate", nil, 0},
		{"answered twice", "permessage-deflate", []string{kept, kept}, 0},
		{"another extension", "permessage-deflate", []string{"x-webkit-deflate-frame"}, 0},
		{"accepted what cannot be", "", []string{kept}, 0},
	} {
		got, err := agreementOn(tc.offer, tc.answers)
		if (err == nil) != (tc.window > 0) || err == nil && got.window != tc.window {
			t.Errorf("%s: agreed on %v, %v; want a window of %d", tc.name, got, err, tc.window)
		}
	}
	if got, err := agreementOn("", nil); got != nil || err != nil {
		t.Errorf("no offer, no answer: agreed on %v, %v", got, err)
	}
}

func TestAgreedWindowIsHeld(t *testing.T) {
	payload := farReaching()
	message := codectest.Deflate([]byte(payload))
	for window := 8; window <= 15; window++ {
		text, err := (&agreement{window}).inflate(message)
		if within := window == 15; (err == nil) != within || within && string(text) != payload {
			t.Errorf("a message that needs 15 bits, in a window of %d: %d octets, %v", window, len(text), err)
		}
	}
	if _, err := (&agreement{15}).inflate(message[:len(message)/2]); err == nil {
		t.Error("half a message inflates")
	}
}
