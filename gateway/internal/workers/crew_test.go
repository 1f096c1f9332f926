package workers

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// patient is a job that notes that it has begun, and waits to be released.
type patient struct {
	number int
	began  chan<- int
	until  <-chan struct{}
}

func (p patient) Run() {
	p.began <- p.number
	<-p.until
}

func TestCrewRunsSoManyAtOnceAndTheOthersInOrder(t *testing.T) {
	const most, jobs = 3, 2000
	synctest.Test(t, func(t *testing.T) {
		c := NewCrew(most)
		began, until := make(chan int, jobs), make(chan struct{})
		for i := range jobs {
			c.Submit(patient{i, began, until})
		}
		synctest.Wait()
		if len(began) != most || c.Busy() != most {
			t.Errorf("%d jobs have begun and %d run, want %d", len(began), c.Busy(), most)
		}
		for range most { // in any order: each on a goroutine of its own
			if i := <-began; i >= most {
				t.Errorf("job %d is among the first %d", i, most)
			}
		}
		for i := most; i < jobs; i++ {
			until <- struct{}{}
			if got := <-began; got != i {
				t.Fatalf("job %d begins, job %d is due", got, i)
			}
		}
		close(until)
		synctest.Wait()
		if c.Busy() != 0 || c.line != nil {
			t.Errorf("with nothing to do %d are busy, and a line of %d is kept", c.Busy(), cap(c.line))
		}
		c.Submit(patient{jobs, began, until})
		synctest.Wait()
		if len(began) != 1 {
			t.Error("a crew that was idle runs nothing")
		}
	})
}

func TestCrewStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCrew(1)
		began, until := make(chan int, 3), make(chan struct{})
		c.Submit(patient{0, began, until})
		c.Submit(patient{1, began, until})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Stop with a job that blocks: %v", err)
		}
		close(until)
		if err := c.Stop(t.Context()); err != nil || len(began) != 2 {
			t.Errorf("Stop: %v, with %d of 2 jobs begun", err, len(began))
		}
		c.Submit(patient{2, began, until})
		synctest.Wait()
		if len(began) != 2 {
			t.Error("a crew that has stopped takes a job")
		}
	})
}

func TestAJobOfACrewMayEndItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCrew(1)
		var ran atomic.Int32
		for range 3 {
			c.Submit(job(runtime.Goexit))
			c.Submit(job(func() { ran.Add(1) }))
		}
		synctest.Wait()
		if ran.Load() != 3 || c.Busy() != 0 {
			t.Errorf("%d of 3 jobs ran behind those that ended theirs, and %d are run", ran.Load(), c.Busy())
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Errorf("Stop() = %v", err)
		}
	})
}
