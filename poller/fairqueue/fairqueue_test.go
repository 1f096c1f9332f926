package fairqueue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestKeysTakeTurns(t *testing.T) {
	q := New[string, int](10)
	for i, key := range []string{"a", "a", "a", "b", "c", "c"} {
		if !q.Push(key, i) {
			t.Fatalf("item %d is refused", i)
		}
	}
	var order []string
	for q.Len() > 0 {
		key, item, _ := q.Pop()
		order = append(order, fmt.Sprint(key, item))
	}
	if want := []string{"a0", "b3", "c4", "a1", "c5", "a2"}; !slices.Equal(order, want) {
		t.Errorf("popped %v, want %v", order, want)
	}
	if key, item, ok := q.Pop(); ok {
		t.Errorf("an empty queue gave %v under %v", item, key)
	}
}

func TestKeysThatMayNotArePassedOver(t *testing.T) {
	q := New[string, int](10)
	for i, key := range []string{"a", "a", "b", "c"} {
		q.Push(key, i)
	}
	not := func(barred ...string) func(string) bool {
		return func(key string) bool { return !slices.Contains(barred, key) }
	}
	for _, step := range []struct {
		may  func(string) bool
		want string // "" is none
	}{
		{not("a", "b", "c"), ""},
		{not("a"), "b2"},
		{not("a"), "c3"},
		{not("a"), ""},
		{not(), "a0"},
		{not(), "a1"},
		{not(), ""},
	} {
		got := ""
		if key, item, ok := q.PopWhere(step.may); ok {
			got = fmt.Sprint(key, item)
		}
		if got != step.want {
			t.Errorf("popped %q, want %q", got, step.want)
		}
	}
}

func TestRoomIsExact(t *testing.T) {
	for room, want := range map[int]int{5: 5, 1: 1, 0: 0, -1: 0} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			q := New[int, int](room)
			for i := range 10 {
				if left := q.Room(); left != max(0, want-i) {
					t.Errorf("room for %d behind %d items", left, i)
				}
				if got, fits := q.Push(i%3, i), i < want; got != fits {
					t.Errorf("item %d: %v", i+1, got)
				}
			}
			if q.Len() != want || q.Keys() != min(want, 3) {
				t.Errorf("%d items of %d keys, want %d", q.Len(), q.Keys(), want)
			}
			if _, _, ok := q.Pop(); ok != (want > 0) {
				t.Errorf("pop: %v", ok)
			}
			if got := q.Push(100, 0); got != (want > 0) {
				t.Errorf("a push after a pop: %v", got)
			}
		})
	}
}

// TestAFloodDelaysOthersByOneItem has one address with 10,000 connections, and
// others that come with one each, some while the flood is under way and goes on.
func TestAFloodDelaysOthersByOneItem(t *testing.T) {
	const flood, others = 10_000, 100
	q := New[string, int](2 * flood)
	for i := range flood {
		q.Push("flood", i)
	}
	for i := range others {
		q.Push(fmt.Sprint("early ", i), i)
	}
	for i := range 1 + others {
		want := "flood"
		if i > 0 {
			want = fmt.Sprint("early ", i-1)
		}
		if key, _, _ := q.Pop(); key != want {
			t.Fatalf("turn %d is of %s, want %s", i+1, key, want)
		}
	}
	for i := range others {
		q.Push("flood", flood+i)
		late := fmt.Sprint("late ", i)
		q.Push(late, i)
		first, _, _ := q.Pop()
		second, _, _ := q.Pop()
		if first != "flood" || second != late {
			t.Fatalf("the turns of %s are of %s and %s", late, first, second)
		}
	}
	if want := flood - 1; q.Len() != want || q.Keys() != 1 {
		t.Errorf("%d items of %d keys are left, want %d of the flood", q.Len(), q.Keys(), want)
	}
}

// model is the same queue in a few lines, slow and plain.
type model struct {
	room  int
	keys  []int
	items map[int][]*int
	count int
}

func (m *model) push(key int, item *int) bool {
	if m.count >= m.room {
		return false
	}
	if len(m.items[key]) == 0 {
		m.keys = append(m.keys, key)
	}
	m.items[key] = append(m.items[key], item)
	m.count++
	return true
}

func (m *model) pop() (key int, item *int, ok bool) {
	if m.count == 0 {
		return 0, nil, false
	}
	key = m.keys[0]
	m.keys = m.keys[1:]
	item, m.items[key] = m.items[key][0], m.items[key][1:]
	if len(m.items[key]) > 0 {
		m.keys = append(m.keys, key)
	}
	m.count--
	return key, item, true
}

func TestQueueAgainstAModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	refused, emptied := 0, 0
	for range 50 {
		room := 1 + rng.IntN(300)
		q := New[int, *int](room)
		m := model{room: room, items: map[int][]*int{}}
		keys := 1 + rng.IntN(100)
		for step := range 2000 {
			filling := step/500%2 == 0
			if rng.IntN(4) > 0 == filling {
				key, item := min(rng.IntN(keys), rng.IntN(keys)), new(int)
				got, want := q.Push(key, item), m.push(key, item)
				if got != want {
					t.Fatalf("step %d: push of %d: %v, want %v", step, key, got, want)
				}
				if !got {
					refused++
				}
			} else {
				key, item, ok := q.Pop()
				if wantKey, want, wantOK := m.pop(); key != wantKey || item != want || ok != wantOK {
					t.Fatalf("step %d: popped %p under %d, %v; want %p under %d, %v", step, item, key, ok, want, wantKey, wantOK)
				}
				if !ok {
					emptied++
				}
			}
			if q.Len() != m.count || q.Keys() != len(m.keys) {
				t.Fatalf("step %d: %d items of %d keys, want %d of %d", step, q.Len(), q.Keys(), m.count, len(m.keys))
			}
		}
	}
	if refused < 1000 || emptied < 1000 {
		t.Errorf("%d refused and %d pops of nothing show little", refused, emptied)
	}
}

func TestAnEmptyQueueGivesItsMemoryBack(t *testing.T) {
	const n = 10_000
	for _, keys := range []int{1, n} {
		q := New[int, int](n)
		for range 3 {
			for i := range n {
				q.Push(i%keys, i)
			}
			if q.items.grown() < n || q.lanes.grown() < keys {
				t.Fatalf("with %d keys, a full queue has memory for %d items and %d keys", keys, q.items.grown(), q.lanes.grown())
			}
			for q.Len() > 0 {
				q.Pop()
			}
			if q.items.grown() > maxKept || q.lanes.grown() > maxKept || (keys > maxKept && q.byKey != nil) {
				t.Errorf("with %d keys, an empty queue has memory for %d items and %d keys", keys, q.items.grown(), q.lanes.grown())
			}
		}
	}
}

// TestWhatWasPoppedIsForgotten looks into the memory that an empty queue keeps.
func TestWhatWasPoppedIsForgotten(t *testing.T) {
	q := New[string, *int](10)
	for range 10 {
		q.Push("key", new(int))
	}
	for q.Len() > 0 {
		q.Pop()
	}
	for i, c := range q.items.list {
		if c.value != nil {
			t.Errorf("item %d is kept from the garbage collector", i)
		}
	}
	for _, c := range q.lanes.list {
		if c.value.key != "" {
			t.Error("a key is kept from the garbage collector")
		}
	}
}

func BenchmarkPushPop(b *testing.B) {
	for _, keys := range []int{1, 100, 10_000} {
		for _, waiting := range []int{0, 10_000} {
			b.Run(fmt.Sprintf("keys=%d/waiting=%d", keys, waiting), func(b *testing.B) {
				q := New[uint64, [3]uint32](waiting + 1)
				for i := range waiting {
					q.Push(uint64(i%keys), [3]uint32{})
				}
				b.ReportAllocs()
				key := uint64(0)
				for b.Loop() {
					q.Push(key%uint64(keys), [3]uint32{})
					q.Pop()
					key++
				}
			})
		}
	}
}

func TestRoomCanChange(t *testing.T) {
	q := New[string, int](0)
	if q.Push("a", 1) {
		t.Error("a queue without room takes an item")
	}
	q.SetRoom(2)
	for i, want := range []bool{true, true, false} {
		if got := q.Push("a", i); got != want {
			t.Errorf("push %d: %v", i, got)
		}
	}
	q.SetRoom(1)
	if q.Push("b", 3) || q.Len() != 2 || q.Room() != 0 {
		t.Errorf("with less room than items there are %d and room for %d, want those 2 and none", q.Len(), q.Room())
	}
	for want := range 2 {
		if _, got, ok := q.Pop(); !ok || got != want {
			t.Errorf("popped %d, %v; want %d", got, ok, want)
		}
	}
	if !q.Push("b", 3) {
		t.Error("no room where there is some again")
	}
}
