package bench

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// crowd is the connections of a server that sends each message to the others.
type crowd struct {
	// Guarded by mu.
	mu      sync.Mutex
	members map[*peer]bool
}

// newCrowd serves a crowd. tell writes message n of a publisher to one of the
// others; nil writes it as it is.
func newCrowd(t *testing.T, tell func(to *peer, n int, f ws.Frame) error) *server {
	c := &crowd{members: make(map[*peer]bool)}
	if tell == nil {
		tell = func(to *peer, _ int, f ws.Frame) error { return to.write(f) }
	}
	return newMeeting(t, c.enter, func(p *peer) {
		p.serve(func(n int, f ws.Frame) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			for member := range c.members {
				if member == p {
					continue
				}
				if err := tell(member, n, ws.NewFrame(f.Header.OpCode, true, f.Payload)); err != nil {
					member.Close()
				}
			}
			return nil
		})
	}, c.leave)
}

func (c *crowd) enter(p *peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members[p] = true
}

func (c *crowd) leave(p *peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.members, p)
}

func runBroadcast(t *testing.T, b Broadcast) *Report {
	t.Helper()
	if b.Connections == 0 {
		b.Connections = 5
	}
	// On a busy machine a server may need longer for one message.
	for b.Warmup, b.Duration = shortly, shortly; ; b.Duration *= 4 {
		r, err := b.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if r.Broadcast == nil || r.Broadcast.Messages > 0 || len(r.Failures) > 0 || b.Duration > time.Second {
			return r
		}
	}
}

func TestBroadcastToHonestServers(t *testing.T) {
	byByte := func(to *peer, _ int, f ws.Frame) error {
		return ws.WriteFrame(bytewise{to.out}, f)
	}
	cut := func(to *peer, _ int, f ws.Frame) error {
		for _, part := range []ws.Frame{
			ws.NewFrame(f.Header.OpCode, false, f.Payload[:3]),
			ws.NewFrame(ws.OpContinuation, false, f.Payload[3:15]),
			ws.NewPingFrame(nil),
			ws.NewFrame(ws.OpContinuation, true, f.Payload[15:]),
		} {
			if err := to.write(part); err != nil {
				return err
			}
		}
		return nil
	}
	for _, test := range []struct {
		name string
		tell func(*peer, int, ws.Frame) error
		b    Broadcast
	}{
		{"closed loop", nil, Broadcast{}},
		{"several in flight", nil, Broadcast{Publishing: Publishing{InFlight: 5}}},
		{"text of the least size", nil, Broadcast{Publishing: Publishing{Text: true, Size: MinMessage}}},
		{"many loops", nil, Broadcast{Load: Load{Connections: 11, Loops: 3}}},
		{"open loop", nil, Broadcast{Publishing: Publishing{PerSecond: 500}}},
		{"bursts", nil, Broadcast{Load: Load{Connections: 7, Loops: 2}, Publishing: Publishing{PerSecond: 1000, Burst: 10, Spread: 5 * time.Millisecond}}},
		{"long messages", nil, Broadcast{Load: Load{Connections: 2}, Publishing: Publishing{Size: 300_000}}},
		{"byte by byte", byByte, Broadcast{}},
		{"cut in the stamp", cut, Broadcast{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newCrowd(t, test.tell)
			test.b.URL = s.url
			r := runBroadcast(t, test.b)
			f := r.Broadcast
			if !r.OK() || len(r.Failures) > 0 {
				t.Fatalf("not OK: %+v, %+v, %v", r.Connections, f, r.Failures)
			}
			members := uint64(r.Connections.Opened - 1)
			if f.Messages == 0 || f.Expected != f.Messages*members || f.Deliveries != f.Expected {
				t.Errorf("got %d messages, %d deliveries of %d to %d members", f.Messages, f.Deliveries, f.Expected, members)
			}
			if f.Latency.Count != int64(f.Deliveries) || f.LastLatency.Count != int64(f.Messages) || f.PerRead == 0 {
				t.Errorf("got %d and %d latencies, %v in a read", f.Latency.Count, f.LastLatency.Count, f.PerRead)
			}
			if want := test.b.PerSecond * shortly.Seconds(); want > 0 && float64(f.Messages) < want/2 {
				t.Errorf("%d messages of an open loop in %v, want some %v", f.Messages, f.Measured, want)
			}
		})
	}
}

// What a dishonest server does to the members is found out.
func TestBroadcastFindsFaults(t *testing.T) {
	altered := func(change func(p []byte)) func(*peer, int, ws.Frame) error {
		return func(to *peer, _ int, f ws.Frame) error {
			f.Payload = append([]byte(nil), f.Payload...)
			change(f.Payload)
			return to.write(f)
		}
	}
	for _, test := range []struct {
		name string
		tell func(*peer, int, ws.Frame) error
		want failure
	}{
		{"another byte", altered(func(p []byte) { p[len(p)-1] ^= 1 }), errBytes},
		{"no stamp", altered(func(p []byte) { p[sequenceFrom] = 'x' }), errBytes},
		{"another room", altered(func(p []byte) { p[0] = '1' }), errForeign},
		{"shorter", func(to *peer, _ int, f ws.Frame) error {
			return to.write(ws.NewFrame(f.Header.OpCode, true, f.Payload[:100]))
		}, errTooShort},
		{"longer", func(to *peer, _ int, f ws.Frame) error {
			return to.write(ws.NewFrame(f.Header.OpCode, true, append(f.Payload[:len(f.Payload):len(f.Payload)], 'x')))
		}, errTooLong},
		{"another opcode", func(to *peer, _ int, f ws.Frame) error { return to.write(ws.NewTextFrame(f.Payload)) }, errOtherKind},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newCrowd(t, test.tell)
			r := runBroadcast(t, Broadcast{Load: Load{URL: s.url}})
			want := FailureCount{test.want.stage, test.want.cause, 5}
			if r.OK() || len(r.Failures) != 1 || r.Failures[0] != want {
				t.Errorf("OK: %t, got %v, want %v", r.OK(), r.Failures, want)
			}
		})
	}
}

func TestBroadcastCountsLossAndDisorder(t *testing.T) {
	t.Run("lost", func(t *testing.T) {
		s := newCrowd(t, func(to *peer, n int, f ws.Frame) error {
			if n%2 == 1 {
				return nil
			}
			return to.write(f)
		})
		r := runBroadcast(t, Broadcast{Load: Load{URL: s.url, FinishTimeout: shortly}, Publishing: Publishing{PerSecond: 1000}})
		f := r.Broadcast
		if r.OK() || f.Lost == 0 || f.Lost+f.Deliveries != f.Expected || f.OutOfOrder != 0 {
			t.Errorf("OK: %t, %+v", r.OK(), f)
		}
		if f.Slow != nil {
			t.Errorf("nobody was slow: %+v", f.Slow)
		}
		if f.LastLatency.Count >= int64(f.Messages) {
			t.Errorf("%d of %d messages reached the last member", f.LastLatency.Count, f.Messages)
		}
	})
	t.Run("lost to the slow", func(t *testing.T) {
		s := newCrowd(t, func(to *peer, n int, f ws.Frame) error {
			if n%2 == 1 {
				return nil
			}
			return to.write(f)
		})
		r := runBroadcast(t, Broadcast{Load: Load{URL: s.url, FinishTimeout: shortly}, Publishing: Publishing{PerSecond: 1000, Slow: 20}})
		if f := r.Broadcast.Slow; f == nil || f.Missed == 0 || f.Gaps == 0 || f.Gaps > f.Missed {
			t.Errorf("got %+v", f)
		}
	})
	t.Run("lost to some of the slow", func(t *testing.T) {
		var mu sync.Mutex
		told := make(map[string]uint64) // by the member's address; guarded by mu
		s := newCrowd(t, func(to *peer, n int, f ws.Frame) error {
			mu.Lock()
			defer mu.Unlock()
			address := to.RemoteAddr().String()
			if told[address] > 0 && n%3 == int(address[len(address)-1])%3 {
				return nil
			}
			told[address]++
			return to.write(f)
		})
		r := runBroadcast(t, Broadcast{Load: Load{URL: s.url, Connections: 12, Loops: 2, FinishTimeout: shortly}, Publishing: Publishing{PerSecond: 1000, Slow: 50}})
		f := r.Broadcast.Slow
		if f == nil || len(f.Each) != 6 {
			t.Fatalf("got %+v, want each of 6", f)
		}
		mu.Lock()
		defer mu.Unlock()
		var received, missed uint64
		for _, m := range f.Each {
			if want := told[m.Address.String()]; m.Received != want || m.Missed != f.Each[0].Received+f.Each[0].Missed-want {
				t.Errorf("got %+v, where %d of %d were told", m, want, f.Each[0].Received+f.Each[0].Missed)
			}
			received += m.Received
			missed += m.Missed
		}
		if received != f.Received || missed != f.Missed {
			t.Errorf("%d received and %d missed by each, %+v by all", received, missed, f)
		}
	})
	t.Run("twice", func(t *testing.T) {
		s := newCrowd(t, func(to *peer, n int, f ws.Frame) error {
			if n == 3 {
				_ = to.write(f)
			}
			return to.write(f)
		})
		r := runBroadcast(t, Broadcast{Load: Load{URL: s.url}, Publishing: Publishing{PerSecond: 1000}})
		if f := r.Broadcast; r.OK() || f.OutOfOrder != 5 || f.Lost != 0 {
			t.Errorf("OK: %t, %+v", r.OK(), f)
		}
	})
	t.Run("exchanged", func(t *testing.T) {
		held := make(map[*peer]ws.Frame) // guarded by the crowd's lock
		s := newCrowd(t, func(to *peer, n int, f ws.Frame) error {
			if n%2 == 0 {
				held[to] = ws.NewFrame(f.Header.OpCode, true, append([]byte(nil), f.Payload...))
				return nil
			}
			_ = to.write(f)
			return to.write(held[to])
		})
		r := runBroadcast(t, Broadcast{Load: Load{URL: s.url, FinishTimeout: shortly}, Publishing: Publishing{PerSecond: 1000}})
		if f := r.Broadcast; r.OK() || f.OutOfOrder == 0 || f.Lost == 0 {
			t.Errorf("OK: %t, %+v", r.OK(), f)
		}
	})
}

// A closed loop does not wait for ever for a message that is lost.
func TestBroadcastGoesOnWithoutAMessage(t *testing.T) {
	s := newCrowd(t, func(to *peer, n int, f ws.Frame) error {
		if n == 0 {
			return nil
		}
		return to.write(f)
	})
	b := Broadcast{Load: Load{URL: s.url, Connections: 3}, Publishing: Publishing{Warmup: patience + shortly, Duration: shortly}}
	r, err := b.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Broadcast; !r.OK() || f.Messages == 0 {
		t.Errorf("%+v", f)
	}
}

func TestBroadcastInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	s := newCrowd(t, func(to *peer, n int, f ws.Frame) error {
		if n == 2 {
			interrupt()
		}
		return to.write(f)
	})
	r, err := Broadcast{Load: Load{URL: s.url, Connections: 3}, Publishing: Publishing{Duration: time.Hour}}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || r.Connections.Lost > 0 {
		t.Errorf("%+v, %v", r, r.Failures)
	}
}

// What the server's memory is like at rest shows what publishing leaves behind.
func TestBroadcastBetweenRests(t *testing.T) {
	s := newCrowd(t, nil)
	r := runBroadcast(t, Broadcast{Load: Load{URL: s.url, PID: os.Getpid()}, Publishing: Publishing{Rest: shortly}})
	var moments []string
	for _, sample := range r.Server {
		moments = append(moments, sample.At)
	}
	if want := []string{atStart, phaseRestBefore, atMeasure, atMeasured, atSettled, phaseRestAfter}; !r.OK() || !slices.Equal(moments, want) {
		t.Errorf("OK: %t, sampled at %q, want %q", r.OK(), moments, want)
	}
}

// A slow member that the server keeps misses nothing.
func TestBroadcastToSlowMembers(t *testing.T) {
	s := newCrowd(t, nil)
	r := runBroadcast(t, Broadcast{Load: Load{URL: s.url, Connections: 10}, Publishing: Publishing{Slow: 20}})
	f := r.Broadcast
	if !r.OK() || f.Slow == nil || f.Slow.Members != 2 || f.Slow.Open != 2 || f.Slow.Missed != 0 || f.Slow.Received == 0 {
		t.Fatalf("OK: %t, %+v, %+v", r.OK(), f, f.Slow)
	}
	if f.Expected != 8*f.Messages {
		t.Errorf("%d deliveries of %d messages are expected of 8 members", f.Expected, f.Messages)
	}
}

func TestBroadcastOverHTTP(t *testing.T) {
	silent := func(*peer, int, ws.Frame) error { return nil }
	for _, test := range []struct {
		name       string
		publishing Publishing
	}{
		{"closed loop", Publishing{}},
		{"open loop", Publishing{PerSecond: 200}},
		{"bursts", Publishing{PerSecond: 500, Burst: 5}},
		{"slow members", Publishing{Slow: 40}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, publishURL := newHall(t, silent, tellAll)
			test.publishing.Publish.URL = publishURL
			r := runBroadcast(t, Broadcast{Load: Load{URL: s.url, Loops: 2}, Publishing: test.publishing})
			f := r.Broadcast
			if !r.OK() || len(r.Failures) > 0 || f.Messages == 0 || f.Deliveries != f.Expected || f.Latency.Count != int64(f.Deliveries) {
				t.Errorf("OK: %t, %+v, %v", r.OK(), f, r.Failures)
			}
		})
	}
}

// A server that refuses to publish is an error, with a report of what is missing.
func TestBroadcastOverHTTPRefused(t *testing.T) {
	s := newCrowd(t, nil)
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	b := Broadcast{Load: Load{URL: s.url, Connections: 3}, Publishing: Publishing{PerSecond: 500, Duration: shortly, Publish: HTTPPublish{URL: web.URL}}}
	r, err := b.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "answered 404 Not Found") || r.OK() || r.Broadcast.Deliveries > 0 {
		t.Errorf("got %v, OK: %t, %+v", err, r.OK(), r.Broadcast)
	}
}
