package crowd

import (
	"slices"
	"testing"
)

func TestCrowd(t *testing.T) {
	all := New[int]()
	others := func(than int) []int {
		var got []int
		all.Others(than, func(c int) { got = append(got, c) })
		slices.Sort(got)
		return got
	}
	for c := range 5 {
		all.Join(c)
	}
	all.Leave(1)
	all.Leave(1)
	all.Leave(4)
	all.Leave(9)
	if got := others(2); !slices.Equal(got, []int{0, 3}) {
		t.Errorf("got %v, want 0 and 3", got)
	}
	if got := others(9); !slices.Equal(got, []int{0, 2, 3}) {
		t.Errorf("got %v, want 0, 2 and 3", got)
	}
	for _, c := range []int{3, 0, 2} {
		all.Leave(c)
	}
	if got := others(9); len(got) != 0 {
		t.Errorf("an empty crowd has %v", got)
	}
}
