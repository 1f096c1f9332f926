package slab

import (
	"math/rand/v2"
	"testing"
)

func TestSlotsHandOutTheLowestFreeIndex(t *testing.T) {
	var s Slots
	for want := range uint32(3 * PageSize) {
		if got := s.Take(); got != want {
			t.Fatalf("Take() = %d, want %d", got, want)
		}
	}
	for _, i := range []uint32{1400, 7, 600} {
		s.Put(i)
	}
	for _, want := range []uint32{7, 600, 1400, 3 * PageSize} {
		if got := s.Take(); got != want {
			t.Fatalf("Take() = %d, want %d", got, want)
		}
	}
}

func TestSlotsAgainstAModel(t *testing.T) {
	var s Slots
	taken := map[uint32]bool{}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		if rng.IntN(5) < 3 || len(taken) == 0 {
			i := s.Take()
			if taken[i] {
				t.Fatalf("index %d handed out twice", i)
			}
			taken[i] = true
		} else {
			for i := range taken {
				delete(taken, i)
				s.Put(i)
				break
			}
		}
		if s.Used() != len(taken) {
			t.Fatalf("Used() = %d, want %d", s.Used(), len(taken))
		}
	}
}

func TestSlotsPanicOnADoublePut(t *testing.T) {
	var s Slots
	i := s.Take()
	s.Put(i)
	defer func() {
		if recover() == nil {
			t.Error("the second Put did not panic")
		}
	}()
	s.Put(i)
}

func TestTableKeepsAddressesAndDropsEmptyPages(t *testing.T) {
	var table Table[int]
	const n = 3 * PageSize
	addresses := make([]*int, n)
	for i := range uint32(n) {
		addresses[i] = table.Claim(i)
		*addresses[i] = int(i)
	}
	for i := range uint32(n) {
		if got := table.At(i); got != addresses[i] || *got != int(i) {
			t.Fatalf("At(%d) moved or changed", i)
		}
	}
	if got := table.Held(); got != n {
		t.Errorf("Held() = %d, want %d", got, n)
	}
	for i := range uint32(PageSize) {
		table.Release(PageSize + i)
	}
	if table.At(PageSize) != nil || table.Page(1) != nil {
		t.Error("the emptied page is still held")
	}
	if got := table.Held(); got != 2*PageSize {
		t.Errorf("Held() = %d, want %d", got, 2*PageSize)
	}
	if got := *table.Claim(PageSize + 5); got != 0 {
		t.Errorf("a claimed value is %d, want 0", got)
	}
	if table.At(9*PageSize) != nil {
		t.Error("At past the end is not nil")
	}
}

func TestTableZeroesReleasedValues(t *testing.T) {
	var table Table[*int]
	keep, gone := table.Claim(0), table.Claim(1)
	*keep, *gone = new(int), new(int)
	table.Release(1)
	if *table.At(1) != nil {
		t.Error("a released value still holds its pointer")
	}
}
