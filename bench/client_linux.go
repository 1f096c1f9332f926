package bench

import (
	"crypto/tls"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/poller/fdtable"
)

// client is the loops of a run. Its methods belong to the goroutine that started
// it, but for each, which another may call until finish is.
type client struct {
	loops []*loop // fixed after startClient
}

// newTraffic makes the traffic of one loop, which has connections from number
// first on.
type newTraffic func(first uint32, connections int) traffic

// startClient starts the loops of load, which begin to connect at once. The
// caller must finish the client.
func startClient(load Load, target *Target, secured *tls.Config, from sources, traffic newTraffic) (*client, error) {
	if err := fdtable.Prepare(); err != nil {
		return nil, err
	}
	c := &client{}
	var first uint32
	for i := range load.Loops {
		n := load.Connections / load.Loops
		if i < load.Connections%load.Loops {
			n++
		}
		l, err := newLoop(i, first, n, newDialer(load, target, secured, from, n), traffic(first, n))
		if err != nil {
			c.finish(0)
			return nil, err
		}
		first += uint32(n)
		if err := l.start(load); err != nil {
			unix.Close(l.wakeFD)
			c.finish(0)
			return nil, err
		}
		c.loops = append(c.loops, l)
	}
	return c, nil
}

// start runs l on a thread of its own, and returns once that is prepared.
func (l *loop) start(load Load) error {
	prepared := make(chan error)
	fdtable.Run(func() {
		err := l.settle(load)
		prepared <- err
		if err == nil {
			l.run()
			close(l.ended)
		}
	})
	return <-prepared
}

// settle makes the calling thread the loop's.
func (l *loop) settle(load Load) error {
	if err := wakeOnTime(); err != nil {
		return err
	}
	if len(load.CPUs) > 0 {
		if err := pin(load.CPUs[l.index%len(load.CPUs)]); err != nil {
			return err
		}
	}
	if load.PrivateFDTables {
		if err := fdtable.Leave(l.wakeFD); err != nil {
			return err
		}
	}
	return l.prepare()
}

// each runs f on every loop, at once, and returns when all have run it.
func (c *client) each(f func(i int, l *loop)) {
	var running sync.WaitGroup
	for i, l := range c.loops {
		running.Add(1)
		l.post(func() {
			defer running.Done()
			f(i, l)
		})
	}
	running.Wait()
}

// finish closes what is open, for which it has patience, and ends the loops.
// Their fields may be read afterwards.
func (c *client) finish(patience time.Duration) {
	for _, l := range c.loops {
		l.post(func() { l.finish(patience) })
	}
	for _, l := range c.loops {
		<-l.ended
		unix.Close(l.wakeFD)
	}
}
