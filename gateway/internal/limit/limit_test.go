package limit

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestNeverMoreThanTheLimit has many goroutines take and give back at once.
func TestNeverMoreThanTheLimit(t *testing.T) {
	const most, takers, rounds = 5, 16, 2000
	var count Count
	var keyed Keyed[string]
	for _, test := range []struct {
		name string
		take func() bool
		put  func()
		left func() int
	}{
		{"Count", func() bool { return count.Take(most) }, count.Put, count.Load},
		{"Keyed", func() bool { return keyed.Take("k", most) }, func() { keyed.Put("k") }, keyed.Len},
	} {
		t.Run(test.name, func(t *testing.T) {
			var held, refused atomic.Int64
			var taking sync.WaitGroup
			for range takers {
				taking.Go(func() {
					for range rounds {
						if !test.take() {
							refused.Add(1)
							continue
						}
						if n := held.Add(1); n > most {
							t.Errorf("%d are held, more than %d", n, most)
						}
						held.Add(-1)
						test.put()
					}
				})
			}
			taking.Wait()
			if left := test.left(); left != 0 {
				t.Errorf("%d are left after all were given back", left)
			}
		})
	}
}

func TestTheLimitIsExact(t *testing.T) {
	var count Count
	var keyed Keyed[int]
	for i := range 5 {
		if got, want := count.Take(3), i < 3; got != want {
			t.Errorf("take %d of at most 3: %v", i+1, got)
		}
		if got, want := keyed.Take(1, 3), i < 3; got != want {
			t.Errorf("take %d of at most 3 of a key: %v", i+1, got)
		}
		if !keyed.Take(2, 10) {
			t.Error("one key's limit is another's")
		}
	}
	if !count.Take(0) || count.Load() != 4 {
		t.Errorf("without a limit: %d, want 4", count.Load())
	}
	keyed.Put(1)
	if !keyed.Take(1, 3) || keyed.Take(1, 3) {
		t.Error("what was given back cannot be taken once")
	}
}
