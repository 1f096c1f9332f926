// Package workers runs jobs that may block, on a bounded number of goroutines: a
// [Pool] for short ones that come all the time, a [Crew] for those that wait for
// others.
//
// It knows nothing of sessions. Order is its callers' affair: a job that must
// not run beside another is submitted after that one has ended.
package workers

import (
	"context"
	"sync"
)

// Job is a piece of work. Run is called once for each submission.
type Job interface{ Run() }

// Pool is a fixed number of workers behind one queue. Its methods may be
// called from any goroutine. The queue itself is not bounded: whoever submits
// bounds what is under way.
type Pool struct {
	// Fixed after Start.
	size int

	// Guarded by mu.
	mu      sync.Mutex
	work    sync.Cond // signalled when an idle worker should look
	queue   []Job     // a ring
	first   int
	waiting int
	idle    int
	ran     uint64
	stopped bool

	// Safe for concurrent use.
	running sync.WaitGroup
}

const (
	// leastJobs is for how many jobs a queue has room at first, and keptJobs for how
	// many one that is empty keeps it, 16 bytes each.
	leastJobs = 64
	keptJobs  = 1 << 14
)

// Start returns a pool of size workers, at least 1, that run until Stop.
func Start(size int) *Pool {
	p := &Pool{size: size, queue: make([]Job, leastJobs)}
	p.work.L = &p.mu
	for range size {
		p.running.Go(p.serve)
	}
	return p
}

// Submit queues jobs, in order; it takes each job, and borrows the slice. One
// idle worker is woken for all of them: a worker that leaves work behind wakes
// the next, so short jobs are not paid for with a wake-up each.
func (p *Pool) Submit(jobs []Job) {
	if len(jobs) == 0 {
		return
	}
	p.mu.Lock()
	for _, job := range jobs {
		p.push(job)
	}
	wake := p.idle > 0
	p.mu.Unlock()
	if wake {
		p.work.Signal()
	}
}

func (p *Pool) push(job Job) {
	if p.waiting == len(p.queue) {
		grown := make([]Job, 2*len(p.queue))
		n := copy(grown, p.queue[p.first:])
		copy(grown[n:], p.queue[:p.first])
		p.queue, p.first = grown, 0
	}
	p.queue[(p.first+p.waiting)&(len(p.queue)-1)] = job
	p.waiting++
}

// serve is a worker. One that a job ends with runtime.Goexit has a successor.
func (p *Pool) serve() {
	stopped := false
	defer func() {
		if !stopped {
			p.running.Go(p.serve)
		}
	}()
	for {
		job := p.take()
		if job == nil {
			stopped = true
			return
		}
		job.Run()
	}
}

// take waits for a job; nil says that the pool has stopped and is empty.
func (p *Pool) take() Job {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.waiting == 0 {
		if p.stopped {
			return nil
		}
		p.idle++
		p.work.Wait()
		p.idle--
	}
	job := p.queue[p.first]
	p.queue[p.first] = nil
	p.first = (p.first + 1) & (len(p.queue) - 1)
	p.waiting--
	p.ran++
	if p.waiting == 0 && len(p.queue) > keptJobs {
		p.queue, p.first = make([]Job, leastJobs), 0 // what a storm has taken is given back
	}
	if p.waiting > 0 && p.idle > 0 {
		p.work.Signal()
	}
	return job
}

// Stop lets the workers finish what is queued, and waits for them until ctx
// ends; it returns ctx's error if jobs still run then. Nothing may be submitted
// afterwards.
func (p *Pool) Stop(ctx context.Context) error {
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.work.Broadcast()
	return await(ctx, &p.running)
}

// await waits for goroutines until ctx ends, and returns ctx's error if some still
// run then.
func await(ctx context.Context, running *sync.WaitGroup) error {
	idle := make(chan struct{})
	go func() {
		running.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stats are the figures of a pool.
type Stats struct {
	// Workers is the size of the pool, Busy how many run a job, Waiting how
	// many jobs are queued.
	Workers, Busy, Waiting int
	// Ran counts the jobs begun.
	Ran uint64
}

// Stats returns the pool's figures.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{Workers: p.size, Busy: p.size - p.idle, Waiting: p.waiting, Ran: p.ran}
}
