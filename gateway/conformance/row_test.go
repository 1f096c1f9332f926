package conformance_test

import (
	"errors"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// row is one case.
type row struct {
	number string
	title  string // of the rows that have no number of the suite's
	// choppings are the ways it is played.
	choppings []chopping
	// octets is about how much it sends.
	octets int
	// long rows are played for one engine and dispatch, unless all are asked for.
	long bool
	// waits: it mostly waits, and is played beside the others that do.
	waits bool
	// play plays it, from any goroutine.
	play func(at *site, c chopping) outcome
}

// site is what rows are played against.
type site struct {
	// node echoes at /, speaks subprotocols at /sub, closes at /close, and
	// compresses at /deflate, with a window of 10 bits at /deflate/10. It has the
	// default timeouts and takes messages of 16 MiB.
	node *gatewaytest.Node
	// hasty has the same routes, short timeouts and the default limits.
	hasty *gatewaytest.Node
	// watch sees the sessions at /watched and /watched/close, of both.
	watch *watch
	// extent says how many messages rows of many messages play.
	extent extent
}

// outcome is what a row came to, once.
type outcome struct {
	behaviour verdict
	closing   verdict
	note      string
	// lag is how long after the close handshake or failure TCP ended.
	lag time.Duration
}

func (o outcome) worst() verdict { return max(o.behaviour, o.closing) }

// failure is the outcome of a row that could not be played.
func failure(err error) outcome {
	if errors.Is(err, errNotAgreed) {
		return outcome{behaviour: unimplemented, note: err.Error()}
	}
	return outcome{behaviour: failed, closing: failed, note: err.Error()}
}

// step is a part of a row's script.
type step struct {
	octets int
	play   func(*client, chopping)
}

// send sends frames at once.
func send(frames ...[]byte) step {
	return step{octetsOf(frames), func(x *client, c chopping) { x.send(c, frames) }}
}

// sendClosing sends frames of which one is a close frame that begins the
// handshake.
func sendClosing(frames ...[]byte) step {
	return step{octetsOf(frames), func(x *client, c chopping) {
		x.sent = true
		x.send(c, frames)
	}}
}

// pause lets a second pass, unless the server ends the connection.
func pause() step { return step{0, func(x *client, _ chopping) { x.until(second, x.over) }} }

// awaitEvents waits until that many messages and pongs have come in all.
func awaitEvents(count int, limit time.Duration) step {
	return step{0, func(x *client, _ chopping) {
		x.until(limit, func() bool { return len(x.seen.events) >= count || x.over() })
	}}
}

func octetsOf(frames [][]byte) (sum int) {
	for _, frame := range frames {
		sum += len(frame)
	}
	return sum
}

// scripted is a row that plays steps on one connection and is then judged.
func scripted(number string, want expectation, script ...step) row {
	return on(echo, number, want, script...)
}

// echo is the endpoint of rows that do not ask for another.
var echo = endpoint{path: "/"}

// on is scripted on another endpoint.
func on(e endpoint, number string, want expectation, script ...step) row {
	return behind(e, number, nil, want, script...)
}

// behind is on with the first frames sent together with the request of the
// opening handshake.
func behind(e endpoint, number string, early [][]byte, want expectation, script ...step) row {
	r := row{number: number, choppings: everyChopping}
	for _, s := range script {
		r.octets += s.octets
	}
	r.play = func(s *site, c chopping) outcome {
		x, err := open(s.node.Addr(), e, c, early...)
		if err != nil {
			return failure(err)
		}
		return x.follow(script, c, want)
	}
	return r
}

// titled names a row that has no case in the suite.
func titled(title string, r row) row {
	r.title = title
	return r
}

// follow plays script to its end, or the connection's, and judges.
func (x *client) follow(script []step, c chopping, want expectation) outcome {
	for _, s := range script {
		x.step++
		if s.play(x, c); x.gone {
			break
		}
	}
	x.finish()
	return judged(x.seen, want, x.lag)
}

func judged(seen transcript, want expectation, lag time.Duration) outcome {
	o := outcome{lag: lag}
	var how string
	o.behaviour, o.note = behaviour(seen, want)
	if o.closing, how = closing(seen, want); how != "" {
		if o.note != "" {
			o.note += "; "
		}
		o.note += how
	}
	return o
}

// normal is a row in which the events come back and the client then closes
// with 1000.
func normal(number string, events []event, script ...step) row {
	return normalWithin(patience, number, events, script...)
}

// normalWithin is normal with a time limit of its own.
func normalWithin(limit time.Duration, number string, events []event, script ...step) row {
	return normalAt(echo, limit, number, events, script...)
}

// normalAt is normalWithin on another endpoint.
func normalAt(e endpoint, limit time.Duration, number string, events []event, script ...step) row {
	want := expectation{events: events, handshake: true, codes: []ws.StatusCode{1000}}
	script = append(script[:len(script):len(script)], awaitEvents(len(events), limit), sendClosing(bye(1000, "")))
	return on(e, number, want, script...)
}

// violation is a row that the server must fail with 1002, before anything
// comes back.
func violation(number string, script ...step) row {
	return scripted(number, expectation{codes: []ws.StatusCode{1002}}, script...)
}

// violationAfter is a row that the server must fail with 1002 after the events;
// to fail without them is NON-STRICT.
func violationAfter(number string, events []event, script ...step) row {
	want := expectation{events: events, tolerated: &[]event{}, codes: []ws.StatusCode{1002}}
	return scripted(number, want, script...)
}

// invalidText is a row that the server must fail with 1007.
func invalidText(number string, script ...step) row {
	return scripted(number, expectation{codes: []ws.StatusCode{1007}}, script...)
}
