package conformance_test

import (
	"testing"

	"github.com/gobwas/ws"
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
