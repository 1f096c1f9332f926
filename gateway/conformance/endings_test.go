package conformance_test

import (
	"fmt"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// endings are close handshakes that the server begins.
func endings() []row {
	enough := expectation{codes: []ws.StatusCode{4000}}
	return []row{
		titled("the client answers", ending("E.1", enough, send(text("close, please")))),
		titled("data follows", ending("E.2", enough, send(text("close, please"), text("too late")))),
		titled("amid a message of the client's", ending("E.3", enough, send(text("close, please"), begin(ws.OpText, "never ends")))),
		titled("the client never answers", neverAnswered("E.4")),
	}
}

// ending is a row in which a message makes the server close.
func ending(number string, want expectation, script ...step) row {
	r := scripted(number, want, script...)
	r.play = func(at *site, c chopping) outcome {
		x, err := open(at.node.Addr(), endpoint{path: "/close"}, c)
		if err != nil {
			return failure(err)
		}
		return x.follow(script, c, want)
	}
	return r
}

// neverAnswered is a row whose client reads the server's close frame and does
// not answer it. The server must wait for its limit, and no longer. Its wait
// begins between the moment when the client asks for the close and the one when
// it has the close frame.
func neverAnswered(number string) row {
	r := row{number: number, choppings: everyChopping, waits: true}
	r.play = func(at *site, c chopping) outcome {
		x, err := open(at.hasty.Addr(), endpoint{path: "/close"}, c)
		if err != nil {
			return failure(err)
		}
		x.mute, x.allowed = true, hastyClose*5/4+second
		asked := time.Now()
		o := x.follow([]step{send(text("close, please"))}, c, expectation{codes: []ws.StatusCode{4000}})
		if waited := x.last.Sub(asked); o.worst() == ok && waited < hastyClose {
			o.closing, o.note = failed, fmt.Sprintf("TCP ended %v after the message that asked for it, before the limit of %v", waited, hastyClose)
		}
		o.lag = 0 // by design
		return o
	}
	return r
}

// crowds are several connections at once. What one does must not show in
// another.
func crowds() []row {
	return []row{
		titled("32 at once", crowd("M.1", 32, func(int) bool { return false })),
		titled("every fourth of 32 breaks the protocol", crowd("M.2", 32, func(i int) bool { return i%4 == 0 })),
	}
}

// crowd is a row of many clients, each with a payload of its own in fragments;
// those that break say so in their last frame.
func crowd(number string, clients int, breaks func(int) bool) row {
	r := row{number: number, choppings: everyChopping, octets: 3000}
	r.play = func(at *site, c chopping) outcome {
		outcomes := make([]outcome, clients)
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				payload := printable(2000)[i : 1000+i]
				play := normal(number, []event{echoOf(ws.OpBinary, payload)}, send(fragments(ws.OpBinary, payload, 100)...)).play
				if breaks(i) {
					play = violation(number, send(begin(ws.OpBinary, payload), text("stray"))).play
				}
				outcomes[i] = play(at, c)
			})
		}
		all.Wait()
		worst := outcomes[0]
		for _, o := range outcomes[1:] {
			lag := max(worst.lag, o.lag)
			if o.worst() > worst.worst() {
				worst = o
			}
			worst.lag = lag
		}
		return worst
	}
	return r
}
