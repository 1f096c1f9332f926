package limit

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

func TestBucketStandsInASession(t *testing.T) {
	if size := unsafe.Sizeof(Bucket{}); size > 16 {
		t.Errorf("a bucket takes %d bytes, more than 16", size)
	}
}

func TestTake(t *testing.T) {
	type take struct {
		now  time.Duration
		n    int
		want bool
	}
	const hour = time.Hour
	for _, test := range []struct {
		name  string
		rate  Rate
		takes []take
	}{
		{"no limit", Rate{}, []take{{0, math.MaxInt, true}, {0, math.MaxInt, true}}},
		{"full at first", Rate{PerSecond: 1, Burst: 3}, []take{{0, 3, true}, {0, 1, false}}},
		{"full at first, whenever that is", Rate{PerSecond: 1, Burst: 3}, []take{{hour, 3, true}, {hour, 1, false}}},
		{"the burst is a second's worth by default", Rate{PerSecond: 5}, []take{{0, 5, true}, {0, 1, false}}},
		{"to the nanosecond", Rate{PerSecond: 4, Burst: 1}, []take{{hour, 1, true},
			{hour + 250*time.Millisecond - 1, 1, false}, {hour + 250*time.Millisecond, 1, true}}},
		{"a third of a second is not lost", Rate{PerSecond: 3, Burst: 3}, []take{{0, 3, true},
			{time.Second / 3, 1, false}, {time.Second/3 + 1, 1, true}, {time.Second, 2, true}, {time.Second, 1, false}}},
		{"nor given", Rate{PerSecond: 3, Burst: 1}, []take{{0, 1, true}, {time.Second / 3, 1, false}, {time.Second/3 + 1, 1, true}}},
		{"never more than the burst", Rate{PerSecond: 10, Burst: 2}, []take{{0, 2, true}, {hour, 3, false}, {hour, 2, true}, {hour, 1, false}}},
		{"a refusal costs nothing", Rate{PerSecond: 1, Burst: 2}, []take{{0, 3, false}, {0, 2, true}}},
		{"a clock that goes back", Rate{PerSecond: 1, Burst: 1}, []take{{hour, 1, true}, {0, 1, false}, {hour, 1, false}, {hour + time.Second, 1, true}}},
		{"a clock that goes back takes none away", Rate{PerSecond: 1, Burst: 2}, []take{{hour, 1, true}, {0, 1, true}, {hour, 1, false}}},
		{"nothing for nothing", Rate{PerSecond: 1, Burst: 1}, []take{{0, -5, true}, {0, 1, true}, {0, 1, false}}},
		{"the largest there is", Rate{PerSecond: math.MaxInt, Burst: math.MaxInt}, []take{{0, MaxTokens + 1, false}, {0, MaxTokens, true},
			{0, 1, false}, {1, 1, true}, {1, 1, false}, {math.MaxInt64, MaxTokens, true}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var own Bucket
			var shared SharedBucket
			for i, x := range test.takes {
				if got := own.Take(test.rate, x.now, x.n); got != x.want {
					t.Errorf("take %d, of %d at %v: %v", i+1, x.n, x.now, got)
				}
				if got := shared.Take(test.rate, x.now, x.n); got != x.want {
					t.Errorf("take %d, of %d at %v, shared: %v", i+1, x.n, x.now, got)
				}
			}
		})
	}
}

func TestCharge(t *testing.T) {
	rate := Rate{PerSecond: 100, Burst: 50}
	var b Bucket
	for i, x := range []struct {
		now  time.Duration
		n    int
		want time.Duration
	}{
		{0, 50, 0},
		{0, 1, 10 * time.Millisecond},
		{10 * time.Millisecond, 0, 0},
		{10 * time.Millisecond, 500, 5 * time.Second},
		{4 * time.Second, 0, 1010 * time.Millisecond},
		{time.Minute, 50, 0},
	} {
		if got := b.Charge(rate, x.now, x.n); got != x.want {
			t.Errorf("charge %d, of %d at %v: pause of %v, want %v", i+1, x.n, x.now, got, x.want)
		}
	}
	if pause := b.Charge(Rate{}, 0, 1<<20); pause != 0 {
		t.Errorf("a pause of %v without a limit", pause)
	}
}

// TestAPauseIsExact takes the pause that a charge asks for, and a nanosecond less.
func TestAPauseIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		rate := Rate{PerSecond: 1 + rng.IntN(MaxTokens), Burst: 1 + rng.IntN(1000)}
		var b Bucket
		pause := b.Charge(rate, 0, rate.Burst+1+rng.IntN(1<<20))
		early, late := b, b
		if early.Take(rate, pause-1, 0) || !late.Take(rate, pause, 0) {
			t.Fatalf("%+v: a pause of %v is not the shortest", rate, pause)
		}
	}
}

func TestDebtHasAnEnd(t *testing.T) {
	rate := Rate{PerSecond: 1, Burst: 1}
	var b Bucket
	var pause time.Duration
	for range 20 {
		pause = b.Charge(rate, 0, math.MaxInt)
	}
	if want := time.Duration(4*MaxTokens-1) * time.Second; pause != want {
		t.Errorf("a pause of %v after endless charges, want %v", pause, want)
	}
}

func TestANewRateTakesEffectAtOnce(t *testing.T) {
	var b Bucket
	if !b.Take(Rate{PerSecond: 10, Burst: 10}, 0, 10) {
		t.Fatal("not full at first")
	}
	faster := Rate{PerSecond: 1000, Burst: 10}
	if !b.Take(faster, 10*time.Millisecond, 10) || b.Take(faster, 10*time.Millisecond, 1) {
		t.Error("what was spent at the old rate does not come back at the new one")
	}
}

// TestBucketAgainstAModel compares with exact fractions, over rates and spans of
// all magnitudes.
func TestBucketAgainstAModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	magnitude := func(bits int) int64 { return rng.Int64N(1 << (1 + rng.IntN(bits))) }
	taken, refused := 0, 0
	for range 60 {
		rate := Rate{PerSecond: 1 + int(magnitude(30)), Burst: 1 + int(magnitude(30))}
		rate.PerSecond, rate.Burst = min(rate.PerSecond, MaxTokens), min(rate.Burst, MaxTokens)
		var b Bucket
		var now time.Duration
		there := big.NewRat(int64(rate.Burst), 1)
		for step := range 200 {
			elapsed := magnitude(40)
			now += time.Duration(elapsed)
			there.Add(there, new(big.Rat).Mul(big.NewRat(elapsed, int64(time.Second)), big.NewRat(int64(rate.PerSecond), 1)))
			if full := big.NewRat(int64(rate.Burst), 1); there.Cmp(full) > 0 {
				there = full
			}
			n := int(magnitude(30))
			cost := big.NewRat(int64(n), 1)
			if step%10 == 9 {
				b.Charge(rate, now, n%(1+rate.Burst))
				there.Sub(there, big.NewRat(int64(n%(1+rate.Burst)), 1))
				continue
			}
			want := there.Cmp(cost) >= 0
			if got := b.Take(rate, now, n); got != want {
				t.Fatalf("%+v, step %d, %d at %v: %v, with %v there", rate, step, n, now, got, there.FloatString(3))
			}
			if want {
				there.Sub(there, cost)
				taken++
			} else {
				refused++
			}
		}
	}
	if taken < 500 || refused < 500 {
		t.Errorf("%d taken and %d refused show little", taken, refused)
	}
}

func TestSharedBucketGivesEachTokenOnce(t *testing.T) {
	const takers, rounds = 8, 2000
	rate := Rate{PerSecond: 1000, Burst: 500}
	var b SharedBucket
	var clock, taken atomic.Int64
	var taking sync.WaitGroup
	for range takers {
		taking.Go(func() {
			for range rounds {
				now := time.Duration(clock.Add(int64(100 * time.Microsecond)))
				if b.Take(rate, now, 1) {
					taken.Add(1)
				}
			}
		})
	}
	taking.Wait()
	// The burst, and a token for each millisecond. That the goroutines come with
	// older times than others do must not bring more, and costs nothing.
	if got, most := taken.Load(), int64(500+takers*rounds/10); got > most || got < most-2 {
		t.Errorf("%d taken, want %d, or up to 2 less", got, most)
	}
}

func BenchmarkTake(b *testing.B) {
	for _, rate := range []Rate{{}, {PerSecond: 100, Burst: 200}, {PerSecond: 1 << 20}} {
		b.Run(fmt.Sprintf("rate=%d", rate.PerSecond), func(b *testing.B) {
			b.ReportAllocs()
			var bucket Bucket
			var now time.Duration
			for b.Loop() {
				now += time.Millisecond
				bucket.Take(rate, now, 1)
			}
		})
	}
}
