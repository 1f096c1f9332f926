package conformance_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec/codectest"
)

// compressing is an endpoint whose server must accept the first of the offers.
func compressing(offers ...string) endpoint {
	return endpoint{path: "/deflate", offers: []string{strings.Join(offers, ", ")}, accepts: offers[0]}
}

// The offer of group 12, and what group 13 adds to it.
const (
	plainOffer  = "permessage-deflate; client_no_context_takeover; client_max_window_bits"
	noContext   = "; server_no_context_takeover"
	window9     = "; server_max_window_bits=9"
	window15    = "; server_max_window_bits=15"
	eachMessage = 1000 // messages in a row of the suite's
)

// deflatePayloads is group 12.
func deflatePayloads() (rows []row) {
	for i, c := range []corpus{jsonText, bitmap, prose, htmlText, pdfObjects} {
		rows = append(rows, exchanges(fmt.Sprintf("12.%d", i+1), compressing(plainOffer), c)...)
	}
	return rows
}

// deflateParameters is group 13.
func deflateParameters() (rows []row) {
	for i, e := range []endpoint{
		compressing(plainOffer),
		compressing(plainOffer + noContext),
		compressing(plainOffer + window9),
		compressing(plainOffer + window15),
		compressing(plainOffer + noContext + window9),
		compressing(plainOffer + noContext + window15),
		compressing(plainOffer+noContext+window9, plainOffer+noContext, plainOffer),
	} {
		rows = append(rows, exchanges(fmt.Sprintf("13.%d", i+1), e, jsonText)...)
	}
	return rows
}

// exchanges are the 18 rows of each payload and each offer.
func exchanges(number string, e endpoint, c corpus) (rows []row) {
	for i, size := range []int{16, 64, 256, kib, 4 * kib, 8 * kib, 16 * kib, 32 * kib, 64 * kib, 128 * kib} {
		limit := 480 * time.Second
		if size <= kib {
			limit = []time.Duration{60, 60, 120, 240}[i] * time.Second
		}
		rows = append(rows, exchange{e, c, size, 0, limit}.row(number, i+1))
	}
	for i, cut := range []struct{ size, fragment int }{
		{8 * kib, 256}, {16 * kib, 256}, {32 * kib, 256}, {64 * kib, 256}, {128 * kib, 256},
		{128 * kib, kib}, {128 * kib, 4 * kib}, {128 * kib, 32 * kib},
	} {
		rows = append(rows, exchange{e, c, cut.size, cut.fragment, 480 * time.Second}.row(number, i+11))
	}
	return rows
}

// exchange is many messages, each sent after the echo of the one before, and
// compressed into frames of fragment octets; 0: one frame.
type exchange struct {
	endpoint endpoint
	corpus   corpus
	size     int // of a message, in the corpus's units
	fragment int
	limit    time.Duration
}

func (e exchange) row(number string, i int) row {
	r := normalAt(e.endpoint, e.limit*slack, fmt.Sprintf("%s.%d", number, i), nil)
	r.choppings = unfragmented
	if e.fragment > 0 {
		r.choppings = everyChopping
	}
	r.octets = e.count(octetWise, sampled)*e.size/e.corpus.ratio + 20*e.size/max(256, e.fragment)
	r.play = func(at *site, c chopping) outcome {
		x, err := open(at.node.Addr(), e.endpoint, c)
		if err != nil {
			return failure(err)
		}
		script := []step{{0, func(x *client, c chopping) { e.play(x, c, e.count(c, at.extent)) }}, sendClosing(bye(1000, ""))}
		return x.follow(script, c, expectation{handshake: true, codes: []ws.StatusCode{1000}})
	}
	return r
}

// count is how many messages are played: all of the suite's if everything is
// asked for, otherwise some small ones or a few large ones.
func (e exchange) count(c chopping, x extent) int {
	switch {
	case c == octetWise:
		return max(1, min(50, 4*kib/e.size))
	case x == full:
		return eachMessage
	case x == bounded:
		return max(2, min(100, 128*kib/e.size))
	}
	return max(1, min(20, 16*kib/e.size))
}

// play sends the messages and checks each echo when it comes: those of a row
// together take up to 128 MiB.
func (e exchange) play(x *client, c chopping, count int) {
	deadline := time.Now().Add(e.limit * slack)
	for k := range count {
		payload := e.corpus.message(k, e.size)
		x.send(c, compressed(e.corpus.opcode, codectest.Deflate([]byte(payload)), e.fragment))
		x.until(time.Until(deadline), func() bool { return len(x.seen.events) > 0 || x.over() })
		switch {
		case x.over():
			return
		case len(x.seen.events) == 0:
			x.seen.fault = fmt.Sprintf("no echo of message %d within the limit of the row", k)
			return
		case !sameEvent(x.seen.events[0], echoOf(e.corpus.opcode, payload)):
			x.seen.fault = fmt.Sprintf("message %d came back as %v", k, x.seen.events[0])
			return
		case e.corpus.ratio > 1 && e.size >= kib && x.inflated <= k:
			x.seen.fault = fmt.Sprintf("message %d was agreed to be compressed, and is worth it, but came back as it is", k)
			return
		}
		x.seen.events = x.seen.events[:0]
	}
}

// compressed are the frames of a compressed message: RSV1 is set on the first
// (RFC 7692 §6.1).
func compressed(op ws.OpCode, message []byte, fragment int) [][]byte {
	if fragment == 0 {
		fragment = max(1, len(message))
	}
	frames := fragments(op, string(message), fragment)
	frames[0][0] |= 4 << 4
	return frames
}
