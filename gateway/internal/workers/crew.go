package workers

import (
	"context"
	"sync"
)

// Crew runs jobs that may wait for long, each on a goroutine that is there only
// while there are jobs. Its methods may be called from any goroutine. The line of
// jobs is not bounded: whoever submits bounds what is under way.
type Crew struct {
	// Fixed after NewCrew.
	most int

	// Guarded by mu.
	mu      sync.Mutex
	line    []Job
	first   int // of line: those before it have begun
	members int
	stopped bool

	// Safe for concurrent use.
	running sync.WaitGroup
}

// NewCrew returns a crew that runs at most so many jobs at once, at least 1.
func NewCrew(most int) *Crew { return &Crew{most: most} }

// Submit runs job, which it takes, as soon as there is a goroutine for it. After
// Stop it does nothing.
func (c *Crew) Submit(job Job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.stopped:
	case c.members < c.most:
		c.members++
		c.running.Go(func() { c.serve(job) })
	default:
		c.line = append(c.line, job)
	}
}

// serve runs a job, and then those that wait. A member that a job ends with
// runtime.Goexit has a successor.
func (c *Crew) serve(job Job) {
	defer func() {
		if job != nil {
			c.running.Go(func() { c.serve(c.next()) })
		}
	}()
	for job != nil {
		job.Run()
		job = c.next()
	}
}

// next takes the job that has waited longest. With none, the member leaves.
func (c *Crew) next() Job {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first == len(c.line) {
		c.line, c.first = nil, 0 // what a storm has taken is given back
		c.members--
		return nil
	}
	job := c.line[c.first]
	c.line[c.first] = nil
	c.first++
	if 2*c.first > len(c.line) && c.first >= compactFrom {
		c.line, c.first = append(c.line[:0], c.line[c.first:]...), 0
	}
	return job
}

// compactFrom is how many jobs must have begun before the line is moved up.
const compactFrom = 256

// Stop has no further job taken, and waits until those taken before have been run
// or ctx ends; it returns ctx's error if jobs are left then.
func (c *Crew) Stop(ctx context.Context) error {
	c.mu.Lock()
	c.stopped = true
	c.mu.Unlock()
	return await(ctx, &c.running)
}

// Busy returns how many jobs are run now.
func (c *Crew) Busy() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.members
}
