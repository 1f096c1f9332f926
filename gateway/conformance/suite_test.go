package conformance_test

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

// extent is how much of the suite is played.
type extent uint8

const (
	// sampled: each row cut in one way for each variant, in turn, and those that
	// take long for one variant only, in turn too.
	sampled extent = iota
	// bounded: each row cut in every way, and the long ones for the first
	// variant.
	bounded
	// full: everything, with as many messages as the suite has.
	full
)

// asked is what the environment asks for.
func asked() extent {
	switch {
	case os.Getenv("CONFORMANCE_FULL") == "1":
		return full
	case os.Getenv("CONFORMANCE") == "1":
		return bounded
	}
	return sampled
}

// Bounds on how many writes a row is cut into: a write and the read that it causes
// take 10 µs, and 20 µs under the race detector.
const (
	mostWrites = 100_000 / slack // for the first variant
	fewWrites  = 5_000           // beyond it, or if rows are sampled
	fullWrites = 300_000         // if everything is asked for
	fewOctets  = 1_500           // of a row for all variants, if rows are sampled
)

func TestConformance(t *testing.T) {
	var rows []row
	for _, g := range suite {
		rows = append(rows, g.rows()...)
	}
	var results []result
	leftOut := 0
	for i, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			p := player{site: serve(t, v.engine, v.dispatch), variant: i, extent: asked()}
			p.site.extent = p.extent
			p.play(rows)
			if n := deviating(p.results); n > 0 {
				t.Errorf("%d of %d runs deviate:\n%s", n, len(p.results), remarks(slices.DeleteFunc(slices.Clone(p.results), conforms)))
			}
			results = append(results, p.results...)
			leftOut += p.leftOut
		})
	}
	fmt.Print(table(suite, results))
	if leftOut > 0 {
		fmt.Printf("%d runs were left out: %s.\n", leftOut, asked().omits())
	}
	fmt.Print(remarks(results))
}

// omits says what is left out.
func (e extent) omits() string {
	switch e {
	case full:
		return fmt.Sprintf("rows cut into more than %d writes", fullWrites)
	case bounded:
		return fmt.Sprintf("rows cut into more than %d writes; beyond %s also group 9, and more than %d writes. CONFORMANCE_FULL=1 plays them",
			mostWrites, variants[0].name, fewWrites)
	}
	return "all ways but one to cut each row. make conformance plays them"
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
	hastyHandshake = 2 * time.Second
	hastyClose     = 400 * time.Millisecond
	hastyStall     = 600 * time.Millisecond
)

// player plays rows for one variant.
type player struct {
	// Fixed.
	site    *site
	variant int
	extent  extent

	// Set by play.
	results []result
	leftOut int
}

const (
	// enough is after how many deviations the player gives up: a server that ends
	// no connection would have each row wait for as long as its patience lasts.
	enough = 100
	// sampledAtOnce is how many rows are played at once if rows are sampled. Beside
	// other tests a row waits for a processor, not for its work.
	sampledAtOnce = 4
)

// play plays first the rows that wait, all at once, and then the others: those
// that wait are timed, and the others leave them no processor.
func (p *player) play(rows []row) {
	var waiting, others []*result
	for i, r := range rows {
		choppings := p.choppings(i, r)
		p.leftOut += len(r.choppings) - len(choppings)
		for _, c := range choppings {
			played := &result{row: r, variant: variants[p.variant].name, chopping: c}
			if r.waits {
				waiting = append(waiting, played)
			} else {
				others = append(others, played)
			}
		}
	}
	atOnce := 1
	if p.extent == sampled {
		atOnce = sampledAtOnce
	}
	p.playAll(waiting, len(waiting))
	p.playAll(others, atOnce)
	for _, played := range append(waiting, others...) {
		p.results = append(p.results, *played)
	}
}

// playAll plays so many at once, in order.
func (p *player) playAll(results []*result, atOnce int) {
	var next, deviations atomic.Int64
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(results)); i = next.Add(1) - 1 {
				r := results[i]
				if deviations.Load() >= enough {
					r.outcome = outcome{behaviour: failed, note: fmt.Sprintf("not played after %d deviations", enough)}
					continue
				}
				if r.outcome = r.row.play(p.site, r.chopping); !conforms(*r) {
					deviations.Add(1)
				}
			}
		})
	}
	all.Wait()
}

// choppings are the ways in which row number i is played.
func (p *player) choppings(i int, r row) []chopping {
	within := func(most int) []chopping {
		return slices.DeleteFunc(slices.Clone(r.choppings), func(c chopping) bool { return c.count(r.octets) > most })
	}
	first := p.variant == 0
	switch {
	case p.extent == full:
		return within(fullWrites)
	case p.extent == bounded && first:
		return within(mostWrites)
	case p.extent == bounded && r.long, p.extent == sampled && r.octets > fewOctets && i%len(variants) != p.variant:
		return nil
	case p.extent == bounded:
		return within(fewWrites)
	}
	some := within(fewWrites)
	if len(some) == 0 {
		some = within(mostWrites)
	}
	if len(some) == 0 {
		return nil
	}
	return some[(i+p.variant)%len(some):][:1]
}
