package webhook

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// Pauses before an event is sent again.
var (
	// unsentPauses are for blocking events that surely reached no handler: no
	// connection was made. They bridge the restart of a handler.
	unsentPauses = []time.Duration{100 * time.Millisecond, 400 * time.Millisecond}
	// notifyPauses are for notifications, which handlers must take twice. In an outage
	// the last is taken again and again.
	notifyPauses = []time.Duration{time.Second, 3 * time.Second, 5 * time.Second}
)

// notifyPause returns after which pause a notification is sent again that has failed
// so, after as many tries before and that long after it has happened; 0: it is not. An
// outage may last for the window. A handler that fails without being away may do so for
// ever, and is given the times that the protocol has.
func notifyPause(failure error, tries int, age, window time.Duration) time.Duration {
	last := len(notifyPauses) - 1
	more := passing(failure) && tries <= last
	if isOutage(failure) {
		more = age < window
	}
	if !more {
		return 0
	}
	return jittered(notifyPauses[min(tries, last)])
}

// jittered spreads d over ±20 %, so that what failed together does not come back
// together.
func jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// pause waits for d or the end of ctx, whose error it returns.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// unconnected is the failure to connect to a handler.
type unconnected struct{ error }

func (u *unconnected) Unwrap() error { return u.error }

// unsent reports whether the request surely reached no handler.
func unsent(err error) bool {
	var failed *unconnected
	return errors.As(err, &failed)
}

// isOutage reports whether an event has failed because its handler is away or too
// slow, as it may be no more in a second. What a handler has answered is no outage,
// but for 502, 503 and 504, which a proxy says of a handler that does not.
func isOutage(err error) bool {
	if rejected, is := errors.AsType[*Rejected](err); is {
		return unmanned(rejected.Status)
	}
	return err != nil && !errors.Is(err, ErrNoHandler) &&
		!errors.As(err, new(*Invalid)) && !errors.As(err, new(*BadAnswer)) && !errors.As(err, new(*NotAllowed))
}

// passing reports whether a notification that failed so may do better later: on
// 408, 5xx, and without an answer. A handler that refuses, or answers nonsense,
// has got it.
func passing(err error) bool {
	var rejected *Rejected
	if errors.As(err, &rejected) {
		return rejected.Status == http.StatusRequestTimeout || rejected.Status >= 500
	}
	var bad *BadAnswer
	return !errors.As(err, &bad)
}
