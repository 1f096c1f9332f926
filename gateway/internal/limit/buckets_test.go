package limit

import (
	"testing"
	"time"
)

func TestBucketsHoldEachKeyToTheRate(t *testing.T) {
	var b Buckets[string]
	rate := Rate{PerSecond: 2, Burst: 3}
	for i, want := range []bool{true, true, true, false} {
		if got := b.Take("a", rate, 0, 1); got != want {
			t.Errorf("take %d of a: %v", i+1, got)
		}
	}
	if !b.Take("b", rate, 0, 1) {
		t.Error("a's takes count for b")
	}
	for i, want := range []bool{true, true, false} {
		if got := b.Take("a", rate, time.Second, 1); got != want {
			t.Errorf("take %d of a, a second later: %v", i+1, got)
		}
	}
	if !b.Take("c", Rate{}, 0, 1) || b.Len() != 2 {
		t.Errorf("no rate is no limit and keeps nothing; %d keys are kept", b.Len())
	}
}

func TestBucketsForgetKeys(t *testing.T) {
	rate := Rate{PerSecond: 1}
	var b Buckets[int]
	for key := range 200_000 {
		if !b.Take(key, rate, 0, 1) {
			t.Fatalf("the first take of %d is refused", key)
		}
	}
	if n := b.Len(); n > 64*keysPerPart {
		t.Errorf("%d keys are kept, at most %d may be", n, 64*keysPerPart)
	}
	// All are full again: the next keys push them out, and no other.
	for key := range 64 * 100 {
		b.Take(-1-key, rate, time.Hour, 1)
	}
	refused := 0
	for key := range 64 * 100 {
		if !b.Take(-1-key, rate, time.Hour, 1) {
			refused++
		}
	}
	if refused != 64*100 {
		t.Errorf("%d of %d keys are known that have no token left", refused, 64*100)
	}
}
