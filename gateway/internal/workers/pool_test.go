package workers

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type job func()

func (j job) Run() { j() }

func TestPoolRunsEveryJobOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Start(4)
		var ran [1000]atomic.Int32
		for i := 0; i < len(ran); i += 10 {
			var batch []Job
			for k := range 10 {
				batch = append(batch, job(func() { ran[i+k].Add(1) }))
			}
			p.Submit(batch)
		}
		p.Stop(t.Context())
		for i := range ran {
			if n := ran[i].Load(); n != 1 {
				t.Fatalf("job %d ran %d times", i, n)
			}
		}
		if got := p.Stats().Ran; got != uint64(len(ran)) {
			t.Errorf("Stats().Ran = %d, want %d", got, len(ran))
		}
	})
}

func TestPoolOfOneKeepsOrder(t *testing.T) {
	p := Start(1)
	var order []int
	for i := range 200 {
		p.Submit([]Job{job(func() { order = append(order, i) })})
	}
	p.Stop(t.Context())
	for i, got := range order {
		if got != i {
			t.Fatalf("position %d: job %d", i, got)
		}
	}
}

// TestSlowJobsHoldOneWorkerEach blocks all workers but one, and expects the
// last to serve everyone else.
func TestSlowJobsHoldOneWorkerEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Start(4)
		defer p.Stop(context.Background())
		hold := make(chan struct{})
		var slow []Job
		for range 3 {
			slow = append(slow, job(func() { <-hold }))
		}
		p.Submit(slow)
		synctest.Wait()
		if s := p.Stats(); s.Busy != 3 {
			t.Fatalf("%d workers are busy, want 3", s.Busy)
		}
		var quick sync.WaitGroup
		for range 100 {
			quick.Add(1)
			p.Submit([]Job{job(quick.Done)})
		}
		quick.Wait()
		close(hold)
		synctest.Wait()
		if s := p.Stats(); s.Busy != 0 || s.Waiting != 0 {
			t.Errorf("at rest: %d busy, %d waiting", s.Busy, s.Waiting)
		}
	})
}

// TestEveryIdleWorkerIsWoken submits as many blocking jobs as there are
// workers, in one batch: the chain of wake-ups must reach all of them.
func TestEveryIdleWorkerIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Start(8)
		hold := make(chan struct{})
		batch := make([]Job, 8)
		for i := range batch {
			batch[i] = job(func() { <-hold })
		}
		synctest.Wait()
		p.Submit(batch)
		synctest.Wait()
		if s := p.Stats(); s.Busy != 8 {
			t.Errorf("%d workers are busy, want 8", s.Busy)
		}
		close(hold)
		p.Stop(t.Context())
	})
}

func BenchmarkSubmit(b *testing.B) {
	p := Start(2)
	defer p.Stop(context.Background())
	var done sync.WaitGroup
	batch := make([]Job, 64)
	for i := range batch {
		batch[i] = job(done.Done)
	}
	b.ReportAllocs()
	for b.Loop() {
		done.Add(len(batch))
		p.Submit(batch)
		done.Wait()
	}
}

func TestStopGivesUpOnAJobThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Start(1)
		hang := make(chan struct{})
		p.Submit([]Job{job(func() { <-hang })})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Stop(ctx); err != context.DeadlineExceeded {
			t.Errorf("Stop() = %v, want the deadline", err)
		}
		close(hang)
	})
}

func TestAJobMayEndItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Start(1)
		var ran atomic.Int32
		for range 3 {
			p.Submit([]Job{job(runtime.Goexit), job(func() { ran.Add(1) })})
		}
		synctest.Wait()
		if ran.Load() != 3 || p.Stats().Busy != 0 {
			t.Errorf("%d of 3 jobs ran behind those that ended theirs, and %d workers are busy", ran.Load(), p.Stats().Busy)
		}
		if err := p.Stop(t.Context()); err != nil {
			t.Errorf("Stop() = %v", err)
		}
	})
}

func TestTheQueueOfAStormIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Start(1)
		var ran atomic.Int32
		storm := make([]Job, 2*keptJobs)
		for i := range storm {
			storm[i] = job(func() { ran.Add(1) })
		}
		for round := range int32(2) {
			p.Submit(storm)
			synctest.Wait()
			if want := (round + 1) * int32(len(storm)); ran.Load() != want {
				t.Errorf("%d of %d jobs ran", ran.Load(), want)
			}
			if len(p.queue) > keptJobs {
				t.Errorf("room for %d jobs is kept", len(p.queue))
			}
		}
		p.Stop(t.Context())
	})
}
