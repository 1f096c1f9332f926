package outbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// model is a queue as a list that is searched.
type model struct {
	messages []Message
	dropped  []string
}

func (o *model) bytes() (sum int) {
	for _, m := range o.messages {
		sum += len(m.Frame)
	}
	return sum
}

func (o *model) drop(at int) {
	o.dropped = append(o.dropped, string(o.messages[at].Frame))
	o.messages = slices.Delete(o.messages, at, at+1)
}

func (o *model) offer(m Message, room Room) Verdict {
	fits := func() bool { return o.bytes()+len(m.Frame) <= room.Bytes && len(o.messages) < room.Messages }
	if m.Policy == Conflate && m.Key.Name != "" {
		if at := slices.IndexFunc(o.messages, func(w Message) bool { return w.Policy == Conflate && w.Key == m.Key }); at >= 0 {
			o.drop(at)
		}
	}
	for m.Policy == DropOldest && len(m.Frame) <= room.Bytes && !fits() {
		at := slices.IndexFunc(o.messages, func(w Message) bool { return w.Policy == DropOldest })
		if at < 0 {
			break
		}
		o.drop(at)
	}
	switch {
	case fits():
		o.messages = append(o.messages, m)
		return Queued
	case m.Policy == Close || m.Policy == Conflate:
		return Overflow
	}
	o.dropped = append(o.dropped, string(m.Frame))
	return Dropped
}

// names are those of keys; one is none.
var names = []string{"", "a", "b", "c", "d", "e"}

// TestQueueAgainstAModel offers and pops at random. Every message is different,
// so order and identity are compared, not only counts.
func TestQueueAgainstAModel(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		room := Room{Bytes: 50 + rng.IntN(2000), Messages: 1 + rng.IntN(200)}
		only := Policy(rng.IntN(8))             // half of the runs mix the policies
		total := Total{Messages: 5, Bytes: 500} // of other queues
		q := NewQueue(&total)
		var want model
		var dropped []string
		note := func(m Message) { dropped = append(dropped, string(m.Frame)) }
		for step := range 2000 {
			if rng.IntN(3) == 0 {
				m, ok := q.Pop()
				if ok != (len(want.messages) > 0) {
					t.Fatalf("seed %d, step %d: Pop reports %v with %d messages", seed, step, ok, len(want.messages))
				}
				if ok && string(m.Frame) != string(want.messages[0].Frame) {
					t.Fatalf("seed %d, step %d: Pop returns %s, want %s", seed, step, m.Frame, want.messages[0].Frame)
				}
				want.messages = want.messages[min(1, len(want.messages)):]
			} else {
				m := Message{Frame: fmt.Appendf(make([]byte, 0, 80), "%d.%0*d", step, rng.IntN(40), 0), Policy: only, Key: Key{Scope: uint64(rng.IntN(2)), Name: names[rng.IntN(len(names))]}}
				if only > Conflate {
					m.Policy = Policy(rng.IntN(4))
				}
				if got, expected := q.Offer(m, room, note), want.offer(m, room); got != expected {
					t.Fatalf("seed %d, step %d: Offer of policy %d returns %d, want %d", seed, step, m.Policy, got, expected)
				}
			}
			if q.Len() != len(want.messages) || q.Bytes() != want.bytes() {
				t.Fatalf("seed %d, step %d: %d messages and %d bytes, want %d and %d", seed, step, q.Len(), q.Bytes(), len(want.messages), want.bytes())
			}
			if total != (Total{5 + q.Len(), 500 + q.Bytes()}) {
				t.Fatalf("seed %d, step %d: the total is %+v with %d messages and %d bytes in the queue", seed, step, total, q.Len(), q.Bytes())
			}
		}
		if !slices.Equal(dropped, want.dropped) {
			t.Fatalf("seed %d: dropped %q, want %q", seed, dropped, want.dropped)
		}
		if q.Discard(); total != (Total{5, 500}) {
			t.Fatalf("seed %d: the total is %+v after the queue was discarded", seed, total)
		}
	}
}

// TestConflationOfOneKeyKeepsTheQueueSmall: a reader that has stopped is sent a
// million positions of one player.
func TestConflationOfOneKeyKeepsTheQueueSmall(t *testing.T) {
	var q Queue
	drops := 0
	q.Push(Message{Frame: []byte("first, of another policy")})
	for range 1_000_000 {
		q.Offer(Message{Frame: []byte("position"), Policy: Conflate, Key: Key{Name: "player"}}, Room{1000, 1000}, func(Message) { drops++ })
	}
	if q.Len() != 2 || drops != 999_999 || cap(q.messages) > 4*minCompacted {
		t.Errorf("%d messages wait after %d drops, in room for %d; want 2 after 999999 in little", q.Len(), drops, cap(q.messages))
	}
}

// BenchmarkDropOldest is a stopped reader's share of a broadcast.
func BenchmarkDropOldest(b *testing.B) {
	var q Queue
	frame := make([]byte, 100)
	room := Room{Bytes: 1 << 20, Messages: 4096}
	for range room.Messages {
		q.Push(Message{Frame: frame})
	}
	b.ReportAllocs()
	for b.Loop() {
		q.Offer(Message{Frame: frame, Policy: DropOldest}, Room{2 << 20, 8192}, func(Message) {})
	}
}

func TestPoliciesHaveNames(t *testing.T) {
	for p, want := range []string{"close", "drop-newest", "drop-oldest", "conflate", "policy 4"} {
		if got := Policy(p).String(); got != want {
			t.Errorf("policy %d is called %q, want %q", p, got, want)
		}
	}
}
