package conformance_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/gobwas/ws"
)

// verdict is what a row comes to, from best to worst.
type verdict uint8

const (
	ok verdict = iota
	// informational: recorded, and never a fault.
	informational
	// inexact: conformant, but not with the close code that Sluice promises.
	inexact
	// nonStrict: conformant, but not the preferred behaviour.
	nonStrict
	// unimplemented: an extension that the row needs was not agreed on.
	unimplemented
	// wrongCode: a close code outside the accepted set.
	wrongCode
	// unclean: a close handshake was due, and no close frame came.
	unclean
	// notDropped: TCP was still open 1 s after the close handshake or failure.
	notDropped
	failed
)

func (v verdict) String() string {
	return [...]string{"OK", "INFORMATIONAL", "INEXACT", "NON-STRICT", "UNIMPLEMENTED", "WRONG CODE", "UNCLEAN", "FAILED BY CLIENT", "FAILED"}[v]
}

// deviates reports whether v is to be answered for.
func (v verdict) deviates() bool { return v > informational }

// event is a message or a pong.
type event struct {
	op      ws.OpCode
	payload []byte
}

func (e event) String() string {
	return fmt.Sprintf("%x:%d:%.20q", byte(e.op), len(e.payload), e.payload)
}

func sameEvent(a, b event) bool { return a.op == b.op && bytes.Equal(a.payload, b.payload) }

func describe(events []event) string {
	if len(events) > 6 {
		return fmt.Sprintf("%d events from %v to %v", len(events), events[0], events[len(events)-1])
	}
	var all []string
	for _, e := range events {
		all = append(all, e.String())
	}
	return "[" + strings.Join(all, " ") + "]"
}

// expectation is what a row must come to.
type expectation struct {
	events []event
	// tolerated, if set, is another list of events, which is NON-STRICT.
	tolerated *[]event
	// handshake: a close handshake that the client begins. Otherwise the server
	// must fail the connection.
	handshake bool
	// codes are the accepted close codes, the promised one first; 1005 is a
	// close frame without one.
	codes []ws.StatusCode
	// strictCode: a wrong code fails the behaviour too.
	strictCode bool
	// informs: whatever is seen is recorded, and nothing is judged.
	informs bool
	// failsAt, if not 0, is the step whose octets are the first illegal ones:
	// failure must come during it or the next, which is a pause.
	failsAt int
}

// transcript is what a client saw of a connection.
type transcript struct {
	events []event
	// strays came after the server's close frame.
	strays []event
	// fault is what was illegal in the server's frames, or empty.
	fault string
	// closed: a close frame came, with code.
	closed bool
	code   ws.StatusCode
	// clientFirst: the client had sent a close frame by then.
	clientFirst bool
	// dropped: the server ended TCP, in order or by reset; late: it took longer
	// than it may after its close frame.
	dropped, late bool
	// step is the one, from 1, during which the server closed or dropped.
	step int
}

// behaviour judges the events.
func behaviour(seen transcript, want expectation) (verdict, string) {
	switch {
	case want.informs:
		return informational, fmt.Sprintf("events %s, code %d", describe(seen.events), seen.code)
	case seen.fault != "":
		return failed, seen.fault
	case len(seen.strays) > 0:
		return failed, "after the close frame came " + describe(seen.strays)
	case want.strictCode && seen.closed && !accepts(want, seen.code):
		return failed, fmt.Sprintf("close code %d, want one of %d", seen.code, want.codes)
	case want.failsAt != 0 && seen.step < want.failsAt:
		return failed, fmt.Sprintf("ended in step %d, before the fault in step %d", seen.step, want.failsAt)
	}
	if !slices.EqualFunc(seen.events, want.events, sameEvent) {
		note := fmt.Sprintf("events %s, want %s", describe(seen.events), describe(want.events))
		if want.tolerated != nil && slices.EqualFunc(seen.events, *want.tolerated, sameEvent) {
			return nonStrict, note
		}
		return failed, note
	}
	if want.failsAt != 0 && seen.step > want.failsAt+1 {
		return nonStrict, fmt.Sprintf("ended in step %d, the fault was in step %d", seen.step, want.failsAt)
	}
	return ok, ""
}

// closing judges how the connection ended.
func closing(seen transcript, want expectation) (verdict, string) {
	switch {
	case want.informs:
		return informational, ""
	case want.handshake && !seen.clientFirst:
		return failed, fmt.Sprintf("the server began the end, close frame %v with %d", seen.closed, seen.code)
	case want.handshake && !seen.closed && seen.dropped:
		return unclean, "the server dropped TCP without a close frame"
	case want.handshake && !seen.closed:
		return unclean, "no close frame in answer to the client's"
	case !seen.closed && !seen.dropped:
		return failed, "the client had to end the connection"
	case seen.closed && !accepts(want, seen.code):
		return wrongCode, fmt.Sprintf("close code %d, want one of %d", seen.code, want.codes)
	case !seen.dropped:
		return notDropped, "TCP is still open"
	case seen.late:
		return notDropped, "TCP ended too late"
	case !seen.closed:
		return inexact, fmt.Sprintf("TCP dropped without a close frame, promised is %d", want.codes[0])
	case seen.code != want.codes[0]:
		return inexact, fmt.Sprintf("close code %d, promised is %d", seen.code, want.codes[0])
	}
	return ok, ""
}

func accepts(want expectation, code ws.StatusCode) bool {
	return code == ws.StatusNoStatusRcvd || slices.Contains(want.codes, code)
}
