//go:build !race

package fairqueue

import "testing"

func TestPushAndPopAllocateNothing(t *testing.T) {
	for _, waiting := range []int{0, 1, 1000} {
		q := New[int, int](waiting + 1)
		for i := range waiting {
			q.Push(i%7, i)
		}
		key := 0
		if n := testing.AllocsPerRun(1000, func() {
			q.Push(key%10, key)
			q.Pop()
			key++
		}); n != 0 {
			t.Errorf("%v allocations with %d waiting, want 0", n, waiting)
		}
	}
}
