package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// ledger notes what arrives, "connection/number", and answers as it is told to.
type ledger struct {
	mu      sync.Mutex
	arrived []string
	answer  func(entry string) int
}

func (l *ledger) handle(w http.ResponseWriter, r *http.Request) {
	entry := r.Header.Get("ce-connectionId") + "/" + r.Header.Get("ce-id")
	l.mu.Lock()
	l.arrived = append(l.arrived, entry)
	l.mu.Unlock()
	if l.answer != nil {
		w.WriteHeader(l.answer(entry))
	}
}

func (l *ledger) of(connection string) (entries []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, entry := range l.arrived {
		if strings.HasPrefix(entry, connection+"/") {
			entries = append(entries, entry)
		}
	}
	return entries
}

// notify sends count notifications of one connection.
func notify(t *testing.T, u *webhook.Upstream, connection string, count int) {
	t.Helper()
	client := &webhook.Connection{ID: connection}
	for range count {
		if err := u.Notify(client, webhook.Notification{Kind: webhook.Joined, Group: "g"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNotificationsKeepTheOrderOfTheirConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed sync.Map
		book := &ledger{answer: func(entry string) int {
			if _, again := failed.LoadOrStore(entry, true); !again && strings.HasSuffix(entry, "3") {
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		}}
		u := open(t, book.handle, func(c *webhook.Config) { c.BreakerFailures = 1 << 20 })
		for i := range 50 {
			notify(t, u, fmt.Sprint("c", i), 8)
		}
		if err := u.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			connection := fmt.Sprint("c", i)
			var want []string
			for _, n := range []int{0, 1, 2, 3, 3, 4, 5, 6, 7} {
				want = append(want, fmt.Sprintf("%s/%d", connection, n))
			}
			if got := book.of(connection); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		if got, want := u.Stats().Events[webhook.Joined], (webhook.EventStats{Answered: 400, Retried: 50}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestFailedNotificationsAreRepeated(t *testing.T) {
	for _, tc := range []struct {
		status, tries int
		want          webhook.EventStats
	}{
		{204, 1, webhook.EventStats{Answered: 1}},
		{400, 1, webhook.EventStats{Rejected: 1}},
		{429, 1, webhook.EventStats{Rejected: 1}},
		{302, 1, webhook.EventStats{Failed: 1}},
		{408, 4, webhook.EventStats{Rejected: 1, Retried: 3}},
		{500, 4, webhook.EventStats{Rejected: 1, Retried: 3}},
		{599, 4, webhook.EventStats{Rejected: 1, Retried: 3}},
	} {
		t.Run(fmt.Sprint(tc.status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var times []time.Time
				u := open(t, func(w http.ResponseWriter, r *http.Request) {
					times = append(times, time.Now())
					w.WriteHeader(tc.status)
				})
				notify(t, u, "c1", 1)
				pass(time.Minute)
				if len(times) != tc.tries {
					t.Fatalf("sent %d times, want %d", len(times), tc.tries)
				}
				for i, after := range []time.Duration{time.Second, 3 * time.Second, 5 * time.Second}[:tc.tries-1] {
					if took := times[i+1].Sub(times[i]); took < after*8/10 || took > after*12/10 {
						t.Errorf("try %d came after %v, want %v give or take a fifth", i+2, took, after)
					}
				}
				if got := u.Stats().Events[webhook.Joined]; got != tc.want {
					t.Errorf("got %+v, want %+v", got, tc.want)
				}
			})
		})
	}
}

// Notifications outlast an outage that is shorter than the window, in their order, and
// are given up once it is longer. Meanwhile they take no more room than the queue has.
func TestNotificationsOutlastAnOutage(t *testing.T) {
	for _, tc := range []struct {
		name           string
		away           func(w http.ResponseWriter, r *http.Request)
		window, outage time.Duration
		want           webhook.EventStats // but for Retried
	}{
		{"no answer", hang, 0, 50 * time.Second, webhook.EventStats{Answered: 3, Dropped: 2}},
		{"of a proxy", answerWith(503), 0, 50 * time.Second, webhook.EventStats{Answered: 3, Dropped: 2}},
		{"longer than the window", answerWith(503), 20 * time.Second, 50 * time.Second, webhook.EventStats{Rejected: 3, Dropped: 2}},
		{"within a longer window", answerWith(503), 10 * time.Minute, 9 * time.Minute, webhook.EventStats{Answered: 3, Dropped: 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, book := time.Now(), new(ledger)
				u := open(t, func(w http.ResponseWriter, r *http.Request) {
					if time.Since(began) < tc.outage {
						tc.away(w, r)
						return
					}
					book.handle(w, r)
				}, func(c *webhook.Config) { c.Queue, c.RetryWindow, c.BreakerFailures = 3, tc.window, 1<<20 })
				client := &webhook.Connection{ID: "c1"}
				for range 5 {
					u.Notify(client, webhook.Notification{Kind: webhook.Joined, Group: "g"})
				}
				pass(tc.outage + 20*time.Second)
				stats := u.Stats()
				got := stats.Events[webhook.Joined]
				got.Retried = 0
				if got != tc.want || stats.Queued != 0 {
					t.Errorf("%d queued, %+v, want %+v", stats.Queued, got, tc.want)
				}
				if arrived := book.of("c1"); uint64(len(arrived)) != tc.want.Answered || !slices.IsSorted(arrived) {
					t.Errorf("arrived: %q", arrived)
				}
			})
		})
	}
}

func answerWith(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// A connection whose notification pauses holds up neither others nor a delivery.
func TestConnectionsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &ledger{answer: func(entry string) int {
			if strings.HasPrefix(entry, "slow") {
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}}
		u := open(t, book.handle, func(c *webhook.Config) { c.Deliveries = 1 })
		notify(t, u, "slow", 2)
		notify(t, u, "quick", 3)
		synctest.Wait()
		if got := book.of("quick"); len(got) != 3 {
			t.Errorf("%d notifications arrived, want 3", len(got))
		}
		if got := book.of("slow"); len(got) != 1 {
			t.Errorf("%d tries of the first that fails, want 1", len(got))
		}
	})
}

func TestAFullQueueDropsAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		u := open(t, func(w http.ResponseWriter, r *http.Request) { <-release },
			func(c *webhook.Config) { c.Queue = 3 })
		client := &webhook.Connection{ID: "c1"}
		full := 0
		for range 5 {
			if err := u.Notify(client, webhook.Notification{Kind: webhook.Connected}); errors.Is(err, webhook.ErrQueueFull) {
				full++
			}
		}
		if stats := u.Stats(); full != 2 || stats.Queued != 3 || stats.Events[webhook.Connected].Dropped != 2 {
			t.Errorf("%d refused, %d queued, %+v", full, stats.Queued, stats.Events[webhook.Connected])
		}
		close(release)
		synctest.Wait()
		if stats := u.Stats(); stats.Queued != 0 || stats.Events[webhook.Connected].Answered != 3 {
			t.Errorf("at the end: %d queued, %+v", stats.Queued, stats.Events[webhook.Connected])
		}
	})
}

func TestCloseGivesUpAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := open(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.Header.Get("ce-connectionId"), "hangs") {
				hang(w, r)
			}
			w.WriteHeader(http.StatusInternalServerError)
		}, func(c *webhook.Config) { c.Timeout = time.Minute })
		notify(t, u, "hangs", 3)
		notify(t, u, "pauses", 3)
		blocked := make(chan error, 1)
		go func() {
			_, err := u.UserEvent(context.Background(), &webhook.Connection{ID: "hangs too"}, webhook.UserEvent{Name: "say"})
			blocked <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		began := time.Now()
		if err := u.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 500*time.Millisecond {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if err := <-blocked; !errors.Is(err, context.Canceled) {
			t.Errorf("the event under way: %v", err)
		}
		stats := u.Stats()
		if got := stats.Events[webhook.Joined]; stats.Queued != 0 || got.Dropped != 6 || got.Answered+got.Failed+got.Rejected != 0 {
			t.Errorf("%d queued, %+v, want 6 dropped", stats.Queued, got)
		}
		if err := say(t, u); !errors.Is(err, webhook.ErrClosed) {
			t.Errorf("an event afterwards: %v", err)
		}
		if err := u.Notify(&webhook.Connection{ID: "c1"}, webhook.Notification{Kind: webhook.Connected}); !errors.Is(err, webhook.ErrClosed) {
			t.Errorf("a notification afterwards: %v", err)
		}
	})
}
