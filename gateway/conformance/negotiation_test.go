package conformance_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec/codectest"
)

// negotiations are the rules of RFC 7692 §5 and §7.1 on offers, which the suite's
// client does not check. An offer is honoured exactly or declined.
func negotiations() (rows []row) {
	number := func() string { return fmt.Sprintf("N.%d", len(rows)+1) }
	for _, tc := range goodOffers {
		e := endpoint{path: "/deflate", offers: tc.offers, accepts: tc.offers[tc.header]}
		if tc.path != "" {
			e.path = tc.path
		}
		if tc.accepts != "" {
			e.accepts = tc.accepts
		}
		rows = append(rows, titled(tc.title, agreed(number(), e, tc.window)))
	}
	for _, offer := range declinedOffers {
		e := endpoint{path: "/deflate", offers: []string{offer}}
		rows = append(rows, titled("declined: "+offer, agreed(number(), e, 0)))
	}
	for _, bad := range malformedOffers {
		r := denied(number(), asking("/deflate", "Sec-WebSocket-Extensions: "+bad), http.StatusBadRequest)
		rows = append(rows, titled("malformed: "+bad, r))
	}
	return rows
}

// goodOffers are headers of which the server must accept the offer that one of
// them is, or accepts.
var goodOffers = []struct {
	title   string
	path    string // /deflate if empty
	offers  []string
	header  int
	accepts string // if the header has several offers
	window  int
}{
	{title: "nothing asked", offers: []string{"permessage-deflate"}, window: 15},
	{title: "what browsers offer", offers: []string{"permessage-deflate; client_max_window_bits"}, window: 15},
	{title: "server's window of 8 bits", offers: []string{"permessage-deflate; server_max_window_bits=8"}, window: 8},
	{title: "server's window of 9 bits", offers: []string{"permessage-deflate; server_max_window_bits=9"}, window: 9},
	{title: "server's window of 10 bits", offers: []string{"permessage-deflate; server_max_window_bits=10"}, window: 10},
	{title: "server's window of 11 bits", offers: []string{"permessage-deflate; server_max_window_bits=11"}, window: 11},
	{title: "server's window of 12 bits", offers: []string{"permessage-deflate; server_max_window_bits=12"}, window: 12},
	{title: "server's window of 13 bits", offers: []string{"permessage-deflate; server_max_window_bits=13"}, window: 13},
	{title: "server's window of 14 bits", offers: []string{"permessage-deflate; server_max_window_bits=14"}, window: 14},
	{title: "server's window of 15 bits", offers: []string{"permessage-deflate; server_max_window_bits=15"}, window: 15},
	{title: "window in quotes", offers: []string{`permessage-deflate; server_max_window_bits="11"`}, window: 11},
	{title: "client's window of 8 bits", offers: []string{"permessage-deflate; client_max_window_bits=8"}, window: 15},
	{title: "client's window of 15 bits", offers: []string{"permessage-deflate; client_max_window_bits=15"}, window: 15},
	{title: "server takes no context over", offers: []string{"permessage-deflate; server_no_context_takeover"}, window: 15},
	{title: "client takes no context over", offers: []string{"permessage-deflate; client_no_context_takeover"}, window: 15},
	{title: "all parameters", offers: []string{"permessage-deflate; client_max_window_bits=12; server_max_window_bits=12; client_no_context_takeover; server_no_context_takeover"}, window: 12},
	{title: "spaces and tabs", offers: []string{"permessage-deflate\t;  server_max_window_bits=10 ; client_no_context_takeover"}, window: 10},
	{title: "empty members of the list", offers: []string{", ,permessage-deflate; server_max_window_bits=9,"}, accepts: "permessage-deflate; server_max_window_bits=9", window: 9},
	{title: "client's preference", offers: []string{"permessage-deflate; server_max_window_bits=12, permessage-deflate"}, accepts: "permessage-deflate; server_max_window_bits=12", window: 12},
	{title: "client's preference in two headers", offers: []string{"permessage-deflate; server_max_window_bits=13", "permessage-deflate; server_max_window_bits=9"}, window: 13},
	{title: "fallback from an illegal value", offers: []string{"permessage-deflate; server_max_window_bits=16, permessage-deflate; server_max_window_bits=10"}, accepts: "permessage-deflate; server_max_window_bits=10", window: 10},
	{title: "fallback from an unknown parameter", offers: []string{"permessage-deflate; x-unheard-of", "permessage-deflate; server_max_window_bits=14"}, header: 1, window: 14},
	{title: "fallback from a parameter twice", offers: []string{"permessage-deflate; client_max_window_bits; client_max_window_bits", "permessage-deflate"}, header: 1, window: 15},
	{title: "fallback to the third", offers: []string{"permessage-deflate; server_max_window_bits", "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; server_max_window_bits=9"}, header: 2, window: 9},
	{title: "another extension first", offers: []string{"x-webkit-deflate-frame, permessage-deflate"}, accepts: "permessage-deflate", window: 15},
	{title: "another extension behind", offers: []string{"permessage-deflate", "x-unheard-of; a=1"}, window: 15},
	{title: "the server's own window, unasked", path: "/deflate/10", offers: []string{"permessage-deflate"}, window: 10},
	{title: "the server's own window, and a larger one", path: "/deflate/10", offers: []string{"permessage-deflate; server_max_window_bits=14"}, window: 10},
	{title: "the server's own window, and a smaller one", path: "/deflate/10", offers: []string{"permessage-deflate; server_max_window_bits=9"}, window: 9},
}

// declinedOffers are of legal grammar, and none can be accepted: the session goes
// without compression.
var declinedOffers = []string{
	"permessage-deflate; x-unheard-of",
	"permessage-deflate; x-unheard-of=1; client_max_window_bits",
	"permessage-deflate; server_no_context_takeover; server_no_context_takeover",
	"permessage-deflate; client_no_context_takeover; client_no_context_takeover",
	"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
	"permessage-deflate; client_max_window_bits; client_max_window_bits=10",
	"permessage-deflate; server_no_context_takeover=1",
	"permessage-deflate; client_no_context_takeover=true",
	"permessage-deflate; server_max_window_bits",
	"permessage-deflate; server_max_window_bits=7",
	"permessage-deflate; server_max_window_bits=16",
	"permessage-deflate; server_max_window_bits=0",
	"permessage-deflate; server_max_window_bits=08",
	"permessage-deflate; server_max_window_bits=+9",
	"permessage-deflate; server_max_window_bits=9.0",
	"permessage-deflate; server_max_window_bits=wide",
	"permessage-deflate; server_max_window_bits=4294967305",
	"permessage-deflate; client_max_window_bits=7",
	"permessage-deflate; client_max_window_bits=16",
	"permessage-deflate; client_max_window_bits=010",
	"permessage-deflate; Server_Max_Window_Bits=10",
	"PerMessage-Deflate",
	"permessage-bzip2, x-webkit-deflate-frame",
	"permessage-deflate; server_max_window_bits=16, permessage-deflate; x-unheard-of",
}

// malformedOffers break the grammar of RFC 6455 §9.1.
var malformedOffers = []string{
	"permessage-deflate;",
	"permessage-deflate; =10",
	"permessage-deflate; server_max_window_bits=",
	`permessage-deflate; server_max_window_bits="10`,
	`permessage-deflate; server_max_window_bits=""`,
	"permessage-deflate; server max window bits",
	"permessage-deflate; client_max_window_bits; ; server_no_context_takeover",
	"permessage deflate",
	"permessage-deflate, ; server_no_context_takeover",
}

// agreed is a row that opens a session and must find that window agreed on, or,
// if it is 0, no compression. Then messages go both ways.
func agreed(number string, e endpoint, window int) row {
	payload := farReaching()
	plain, small := text(payload), compressed(ws.OpText, codectest.Deflate([]byte(payload)), 0)[0]
	sent := [][]byte{plain}
	if window > 0 {
		sent = append(sent, small, plain)
	}
	echoes := slices.Repeat([]event{echoOf(ws.OpText, payload)}, len(sent))
	check := step{0, func(x *client, _ chopping) {
		switch {
		case x.agreed == nil:
		case x.agreed.window != window:
			x.seen.fault = fmt.Sprintf("agreed on a window of %d bits, want %d", x.agreed.window, window)
		case !x.over() && x.inflated != len(sent):
			x.seen.fault = fmt.Sprintf("%d of %d messages came back compressed, want all", x.inflated, len(sent))
		}
	}}
	r := normalAt(e, patience, number, echoes, send(sent...), awaitEvents(len(sent), patience), check)
	r.choppings = unfragmented
	return r
}

// farReaching is text that every window can refer back in, and would be shorter
// for each larger one: random numbers, and pieces of them again at distances
// around each window's size.
var farReaching = sync.OnceValue(func() string {
	random := rand.New(rand.NewPCG(7692, 15))
	numbers := func(octets int) string {
		var b strings.Builder
		for b.Len() < octets {
			fmt.Fprint(&b, random.IntN(1000), ",")
		}
		return b.String()[:octets]
	}
	content := numbers(1 << 15)
	for bits := 8; bits <= 15; bits++ {
		for _, distance := range []int{1<<bits - 1, 1 << bits, 1<<bits + 1} {
			content += content[len(content)-distance:][:40] + numbers(20)
		}
	}
	return content
})
