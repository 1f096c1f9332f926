package webhook_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// hang answers nothing until the client has gone, which a server notices once it
// has read the body.
func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func TestAHangingHandlerIsGivenUp(t *testing.T) {
	for _, tc := range []struct {
		name                  string
		timeout, total, after time.Duration
	}{
		{"by the default", 0, 0, 5 * time.Second},
		{"by the timeout of a request", time.Second, 0, time.Second},
		{"by the timeout of all", 0, 3 * time.Second, 3 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				u := open(t, func(w http.ResponseWriter, r *http.Request) {
					requests++
					hang(w, r)
				}, func(c *webhook.Config) { c.Timeout, c.TotalTimeout = tc.timeout, tc.total })
				began := time.Now()
				err := say(t, u)
				took := time.Since(began)
				synctest.Wait()
				if took != tc.after || !errors.Is(err, context.DeadlineExceeded) || requests != 1 {
					t.Errorf("after %v and %d requests: %v", took, requests, err)
				}
			})
		})
	}
}

func TestTheCallerCanLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := open(t, hang, func(c *webhook.Config) { c.BreakerFailures = 1 })
		ctx, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		if _, err := u.Connect(ctx, &webhook.Connection{ID: "c1"}, webhook.ConnectRequest{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want that the context has ended", err)
		}
		left, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		began := time.Now()
		_, err := u.Connect(left, &webhook.Connection{ID: "c2"}, webhook.ConnectRequest{})
		if took := time.Since(began); took != time.Second || !errors.Is(err, context.Canceled) {
			t.Errorf("after %v: %v", took, err)
		}
		if state := u.Stats().Handlers[0].Breaker; state != "closed" {
			t.Errorf("the breaker is %s: clients that leave say nothing of the handler", state)
		}
	})
}

func TestConcurrencyIsBoundedAndOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		u := open(t, func(w http.ResponseWriter, r *http.Request) { <-release },
			func(c *webhook.Config) { c.Concurrency = 2 })
		var calls sync.WaitGroup
		for range 5 {
			calls.Go(func() {
				if err := say(t, u); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if h := u.Stats().Handlers[0]; h.InFlight != 2 || h.Waiting != 3 {
			t.Errorf("%d in flight and %d waiting, want 2 and 3", h.InFlight, h.Waiting)
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := u.UserEvent(impatient, &webhook.Connection{ID: "c2"}, webhook.UserEvent{Name: "say"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while waiting for a turn: %v", err)
		}
		close(release)
		calls.Wait()
		if h := u.Stats().Handlers[0]; h.InFlight != 0 || h.Waiting != 0 || h.Latency.Count() != 5 {
			t.Errorf("at the end: %+v", h)
		}
	})
}

// unreachable refuses some connections before it lets them through.
func unreachable(to *pipes, refusals int, dials *int) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if *dials++; *dials <= refusals {
			return nil, errors.New("connection refused")
		}
		return to.dial(ctx, network, address)
	}
}

func TestWhatSurelyDidNotArriveIsSentAgain(t *testing.T) {
	for _, tc := range []struct {
		name     string
		refusals int
		arrives  bool
	}{
		{"two refusals", 2, true},
		{"three refusals", 3, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler := serve(t, allowing(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Connection", "close") }))
				dials, dial := 0, handler.dial
				u := openTo(t, handler, func(c *webhook.Config) {
					c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
						return dial(ctx, network, address)
					}
				})
				if err := say(t, u); err != nil {
					t.Fatal(err)
				}
				dial = unreachable(handler, tc.refusals, &dials)
				if err := say(t, u); (err == nil) != tc.arrives || dials != 3 {
					t.Errorf("after %d dials: %v", dials, err)
				}
			})
		})
	}
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests, status := 0, http.StatusBadGateway
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			w.WriteHeader(status)
		})
		for _, step := range []struct {
			name     string
			after    time.Duration
			status   int
			requests int // so far
			open     bool
			state    string
		}{
			{"first failure", 0, 502, 1, false, "closed"},
			{"second", 0, 503, 2, false, "closed"},
			{"success", 0, 200, 3, false, "closed"},
			{"failures begin anew", 0, 504, 4, false, "closed"},
			{"second", 0, 502, 5, false, "closed"},
			{"third", 0, 502, 6, false, "closed"},
			{"fourth", 0, 502, 7, false, "closed"},
			{"fifth in a row", 0, 502, 8, false, "open"},
			{"left alone", 0, 200, 8, true, "open"},
			{"still", 800 * time.Millisecond, 200, 8, true, "open"},
			{"the probe fails", 400 * time.Millisecond, 502, 9, false, "open"},
			{"left alone again", 0, 200, 9, true, "open"},
			{"the probe succeeds", 1200 * time.Millisecond, 200, 10, false, "closed"},
			{"as before", 0, 200, 11, false, "closed"},
		} {
			pass(step.after)
			status = step.status
			err := say(t, u)
			if errors.Is(err, webhook.ErrBreakerOpen) != step.open || requests != step.requests {
				t.Fatalf("%s: %v after %d requests, want %d", step.name, err, requests, step.requests)
			}
			if state := u.Stats().Handlers[0].Breaker; state != step.state {
				t.Fatalf("%s: the breaker is %s, want %s", step.name, state, step.state)
			}
		}
	})
}

func TestOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			hang(w, r)
		}, func(c *webhook.Config) { c.BreakerFailures = 1 })
		say(t, u)
		pass(6 * time.Second)
		var calls sync.WaitGroup
		for range 10 {
			calls.Go(func() { say(t, u) })
		}
		calls.Wait()
		synctest.Wait()
		if requests != 2 {
			t.Errorf("%d requests, want the first and one probe", requests)
		}
	})
}

// Whoever can make a handler answer 500 must not shut everybody out.
func TestAnswersToOneClientLeaveTheBreakerAlone(t *testing.T) {
	for _, status := range []int{400, 404, 429, 500, 501} {
		synctest.Test(t, func(t *testing.T) {
			u := open(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })
			for range 20 {
				say(t, u)
			}
			if state := u.Stats().Handlers[0].Breaker; state != "closed" {
				t.Errorf("%d: the breaker is %s", status, state)
			}
		})
	}
}
