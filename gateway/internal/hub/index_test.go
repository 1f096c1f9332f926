package hub

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
)

func TestAGroupIsThereWhileItIsHeld(t *testing.T) {
	var x Index
	loops := func(name string) (loops []int) {
		x.Tell(name, func(_ *Group, loop int) { loops = append(loops, loop) })
		return loops
	}
	room := x.Hold("room", 5)
	if x.Hold("room", 2) != room || x.Hold("room", 5) != room {
		t.Error("one name, two groups")
	}
	x.Hold("other", 9)
	if got := loops("room"); !slices.Equal(got, []int{2, 5}) {
		t.Errorf("the group is on loops %v, want 2 and 5", got)
	}
	x.Drop(room, 5)
	if got := loops("room"); !slices.Equal(got, []int{2, 5}) {
		t.Errorf("the group is on loops %v after one of two drops, want 2 and 5", got)
	}
	x.Drop(room, 5)
	if got := loops("room"); !slices.Equal(got, []int{2}) {
		t.Errorf("the group is on loops %v, want 2", got)
	}
	if got := x.Names("", 10); !slices.Equal(got, []string{"other", "room"}) {
		t.Errorf("Names() = %v", got)
	}
	if got := x.Names("other", 10); !slices.Equal(got, []string{"room"}) {
		t.Errorf("Names() after other = %v", got)
	}
	x.Drop(room, 2)
	if x.Find("room") != nil || x.Len() != 1 || loops("room") != nil {
		t.Error("the empty group is still there")
	}
	if x.Hold("room", 1) == room {
		t.Error("the group that was forgotten came back")
	}
}

func TestNamesPageByPage(t *testing.T) {
	var x Index
	var want []string
	for i := range 1000 {
		name := fmt.Sprint(i)
		x.Hold(name, 0)
		want = append(want, name)
	}
	slices.Sort(want)
	for _, limit := range []int{1, 2, 7, 499, 500, 999, 1000, 5000} {
		var got []string
		for after := ""; ; after = got[len(got)-1] {
			page := x.Names(after, limit)
			if got = append(got, page...); len(page) < limit {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %d names, want %d in order", limit, len(got), len(want))
		}
	}
	if got := x.Names("", 0); len(got) != 0 {
		t.Errorf("a page of none has %v", got)
	}
}

// TestNamesWhileGroupsComeAndGo has more groups than are looked at at once.
func TestNamesWhileGroupsComeAndGo(t *testing.T) {
	var x Index
	const steady = 2*namesAtOnce + 10
	for i := range steady {
		x.Hold(fmt.Sprintf("steady %05d", i), 0)
	}
	done := make(chan struct{})
	var churning sync.WaitGroup
	for loop := range 2 {
		churning.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
					x.Drop(x.Hold(fmt.Sprintf("passing %d", i), loop), loop)
				}
			}
		})
	}
	for range 5 {
		names := x.Names("steady", steady)
		if len(names) != steady || names[0] != "steady 00000" || !slices.IsSorted(names) || len(slices.Compact(names)) != steady {
			t.Errorf("%d names, beginning with %s; want %d", len(names), names[0], steady)
		}
	}
	close(done)
	churning.Wait()
}

// TestTellKeepsOneOrder has many goroutines tell a group at once: every loop
// hears the same sequence.
func TestTellKeepsOneOrder(t *testing.T) {
	var x Index
	const tellers, each = 8, 500
	loops := []int{0, 1, 2}
	for _, loop := range loops {
		x.Hold("room", loop)
	}
	var mu [3]sync.Mutex
	var heard [3][]string
	var telling sync.WaitGroup
	for teller := range tellers {
		telling.Go(func() {
			for i := range each {
				word := fmt.Sprint(teller, ".", i)
				x.Tell("room", func(_ *Group, loop int) {
					mu[loop].Lock()
					heard[loop] = append(heard[loop], word)
					mu[loop].Unlock()
				})
			}
		})
	}
	telling.Wait()
	for _, loop := range loops {
		if len(heard[loop]) != tellers*each || !slices.Equal(heard[loop], heard[0]) {
			t.Errorf("loop %d heard %d words, not what loop 0 heard", loop, len(heard[loop]))
		}
	}
}

// settledHeap returns the bytes in use once everything is collected that can be.
func settledHeap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestIndexGivesItsMemoryBack has many groups come and go, as of a game with one for
// each match.
func TestIndexGivesItsMemoryBack(t *testing.T) {
	const groups = 200_000
	var x Index
	held := make([]*Group, groups)
	before := settledHeap()
	for i := range held {
		held[i] = x.Hold(fmt.Sprint(i), 0)
	}
	full := settledHeap() - before
	for i, g := range held {
		x.Drop(g, 0)
		held[i] = nil
	}
	if kept := settledHeap() - before; kept > full/20 {
		t.Errorf("%d bytes are kept of the %d that %d groups took", kept, full, groups)
	}
	runtime.KeepAlive(&x)
}
