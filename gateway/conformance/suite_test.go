package conformance_test

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// group is rows that belong together; their numbers begin with its name.
type group struct {
	name  string
	title string
	rows  func() []row
}

func (g group) has(r row) bool {
	name, _, _ := strings.Cut(r.number, ".")
	return name == g.name
}

var suite = []group{
	{"1", "framing", framing},
	{"2", "pings and pongs", pings},
	{"3", "reserved bits", reservedBits},
	{"4", "opcodes", opcodes},
	{"5", "fragmentation", fragmentation},
	{"6", "UTF-8", texts},
	{"7", "closing", closings},
	{"9", "limits and volume", volume},
	{"10", "fragmentation by the sender", senderFragmentation},
	{"12", "compressed payloads", deflatePayloads},
	{"13", "parameters of compression", deflateParameters},
	{"H", "opening handshake", handshakes},
	{"P", "frames behind the request", pipelined},
	{"F", "illegal frames", illegalFrames},
	{"N", "negotiation of compression", negotiations},
	{"D", "compressed messages", compressedMessages},
	{"C", "close codes", closeCodes},
	{"E", "endings by the server", endings},
	{"M", "many connections", crowds},
	{"S", "stalled peers", stalls},
}

// variants are the ways a gateway can serve. The first plays the long rows.
var variants = []struct {
	name     string
	engine   string
	dispatch gateway.Dispatch
}{
	{"epoll inline", "epoll", gateway.Inline},
	{"epoll pooled", "epoll", gateway.Pooled},
	{"easygo inline", "easygo", gateway.Inline},
	{"easygo pooled", "easygo", gateway.Pooled},
}

// Bounds on what is played by default; a write and the read that it causes take
// 10 µs, and 20 µs under the race detector.
const (
	mostWrites = 100_000 / slack // in a row
	fewWrites  = 5_000           // in a row, beyond the first variant
	fullWrites = 300_000         // in a row, if everything is asked for
)

func TestConformance(t *testing.T) {
	if os.Getenv("CONFORMANCE") == "" {
		t.Skip("its rows are timed to the second: `make conformance` plays them on a machine that does nothing else")
	}
	full := os.Getenv("CONFORMANCE_FULL") == "1"
	var rows []row
	for _, g := range suite {
		rows = append(rows, g.rows()...)
	}
	var results []result
	leftOut := 0
	for i, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			p := player{site: serve(t, v.engine, v.dispatch), variant: v.name, long: full || i == 0, full: full}
			p.play(rows)
			if n := deviating(p.results); n > 0 {
				t.Errorf("%d of %d runs deviate; the table has them", n, len(p.results))
			}
			results = append(results, p.results...)
			leftOut += p.leftOut
		})
	}
	fmt.Print(table(suite, results))
	if leftOut > 0 {
		fmt.Printf("%d runs were left out: %s.\n", leftOut, bounds(full))
	}
	fmt.Print(remarks(results))
}

// bounds says what is left out.
func bounds(full bool) string {
	if full {
		return fmt.Sprintf("rows cut into more than %d writes", fullWrites)
	}
	return fmt.Sprintf("rows cut into more than %d writes; beyond %s also group 9, and more than %d writes. CONFORMANCE_FULL=1 plays them",
		mostWrites, variants[0].name, fewWrites)
}

// serve starts the gateways of a site.
func serve(t *testing.T, engine string, dispatch gateway.Dispatch) *site {
	closes := gateway.HandlerFunc(func(s gateway.Session, _ gateway.Message) { s.Close(4000, "enough") })
	watch := newWatch()
	config := gateway.Config{
		Engine: engine,
		Loops:  2,
		Routes: []gateway.Route{
			{Path: "/", Handler: gateway.Echo(), Dispatch: dispatch},
			{Path: "/sub", Handler: gateway.Echo(), Dispatch: dispatch, Subprotocols: []string{"v2.chat", "v1.chat"}},
			{Path: "/close", Handler: closes, Dispatch: dispatch},
			{Path: "/watched", Handler: watched{gateway.Echo(), watch}, Dispatch: dispatch},
			{Path: "/watched/close", Handler: watched{closes, watch}, Dispatch: dispatch},
			{Path: "/deflate", Handler: gateway.Echo(), Dispatch: dispatch, Compression: &gateway.Compression{Enabled: true}},
			{Path: "/deflate/10", Handler: gateway.Echo(), Dispatch: dispatch, Compression: &gateway.Compression{Enabled: true, WindowBits: 10}},
		},
		Logger: slog.New(slog.DiscardHandler),
	}
	roomy, hasty := config, config
	roomy.Limits = gateway.Limits{Message: mostOctets, Inflated: mostInflated, Outbound: 8 * mib}
	hasty.Limits.Message = 8 * mib
	hasty.Timeouts = gateway.Timeouts{Handshake: hastyHandshake, Close: hastyClose, WriteStall: hastyStall}
	return &site{node: gatewaytest.Start(t, roomy), hasty: gatewaytest.Start(t, hasty), watch: watch}
}

// mostOctets is the message limit, and mostInflated that of compressed messages.
const (
	mostOctets   = 16 * mib
	mostInflated = mib
)

// Timeouts of the hasty gateway. Each fires within a quarter of itself.
const (
	hastyHandshake = 3 * time.Second
	hastyClose     = 400 * time.Millisecond
	hastyStall     = 600 * time.Millisecond
)

// player plays rows for one variant.
type player struct {
	// Fixed.
	site    *site
	variant string
	long    bool // long rows too
	full    bool // everything within reach

	// Set by play.
	results []result
	leftOut int
}

// play plays first the rows that wait, all at once, and then the others one
// after the other: those that wait are timed, and the others leave them no
// processor.
func (p *player) play(rows []row) {
	for _, r := range rows {
		for _, c := range r.choppings {
			if p.plays(r, c) {
				p.results = append(p.results, result{row: r, variant: p.variant, chopping: c})
			} else {
				p.leftOut++
			}
		}
	}
	var waiting sync.WaitGroup
	for i := range p.results {
		if r := &p.results[i]; r.row.waits {
			waiting.Go(func() { r.outcome = r.row.play(p.site, r.chopping) })
		}
	}
	waiting.Wait()
	for i := range p.results {
		if r := &p.results[i]; !r.row.waits {
			r.outcome = r.row.play(p.site, r.chopping)
		}
	}
}

// plays reports whether a row is played at all.
func (p *player) plays(r row, c chopping) bool {
	writes := c.count(r.octets)
	switch {
	case p.full:
		return writes <= fullWrites
	case p.long:
		return writes <= mostWrites
	}
	return !r.long && writes <= fewWrites
}
