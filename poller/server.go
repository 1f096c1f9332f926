package poller

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"

	"github.com/sluicegate/sluice/poller/buf"
	"github.com/sluicegate/sluice/poller/fdtable"
)

// Server is a number of loops that listen on one address. Its methods may be
// called from any goroutine.
type Server struct {
	// Fixed after Listen.
	config    Config
	addr      netip.AddrPort
	loops     []*Loop
	equipment []*equipment
	pool      buf.Pool
	listeners listeners

	// Safe for concurrent use.
	running sync.WaitGroup

	// Guarded by life, which is held while the loops are started or ended.
	life             sync.Mutex
	started, stopped bool
}

// Listen opens a listener for each loop. Nothing is accepted before
// [Server.Start], but connections may queue.
func Listen(config Config) (*Server, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	opened, addr, err := openListeners(config)
	if err != nil {
		return nil, err
	}
	equipment, err := equip(config, opened)
	if err != nil {
		closeAll(opened)
		return nil, fmt.Errorf("poller: make the loops: %w", err)
	}
	s := &Server{config: config, addr: addr, equipment: equipment, listeners: listeners{open: opened}}
	now := monotonic()
	for i, e := range equipment {
		l := newLoop(i, config, now, e.engine.wake, &s.pool)
		l.porter = e.porter
		s.loops = append(s.loops, l)
	}
	return s, nil
}

// Addr returns the address listened on.
func (s *Server) Addr() netip.AddrPort { return s.addr }

// Loop returns loop i; what may be called on it from other goroutines is said
// there.
func (s *Server) Loop(i int) *Loop { return s.loops[i] }

// Loops returns the number of loops.
func (s *Server) Loops() int { return len(s.loops) }

// SegmentsInUse returns how many input segments are held, by loops (at most
// one each) and by messages not yet handled.
func (s *Server) SegmentsInUse() int { return s.pool.Outstanding() }

// Start runs the loops, each with the handler that newHandler makes for it,
// and returns when all of them accept. On an error none of them runs, and the
// server is of no further use.
func (s *Server) Start(newHandler func(*Loop) Handler) error {
	s.life.Lock()
	defer s.life.Unlock()
	if s.started {
		return ErrStarted
	}
	s.started = true
	entered := make(chan error, len(s.loops))
	proceed := make(chan struct{})
	var failed error
	for i, l := range s.loops {
		l.handler = newHandler(l)
		if s.config.Gate != nil {
			l.gate = s.config.Gate(l)
		}
		e := s.equipment[i]
		s.running.Go(func() { e.porter.deliver(s.config.Adopt) })
		s.goLoop(func() {
			defer e.porter.close()
			err := s.enter(l, e)
			entered <- err
			<-proceed
			switch {
			case err != nil:
				l.mailbox.close()
				e.failed()
			case failed != nil:
				l.teardown()
			default:
				l.run()
			}
		})
	}
	for range s.loops {
		if err := <-entered; err != nil && failed == nil {
			failed = fmt.Errorf("poller: start a loop: %w", err)
		}
	}
	for _, e := range s.equipment {
		e.entered()
	}
	close(proceed)
	if failed != nil {
		s.finish()
	}
	return failed
}

// goLoop runs a loop, on a thread of its own if the loop has a table of its own.
func (s *Server) goLoop(loop func()) {
	if !s.config.PrivateFDTables {
		s.running.Go(loop)
		return
	}
	s.running.Add(1)
	fdtable.Run(func() {
		defer s.running.Done()
		loop()
	})
}

// enter readies a loop, on its own goroutine.
func (s *Server) enter(l *Loop, e *equipment) error {
	l.watched.goroutine = goroutineID()
	if s.config.PrivateFDTables {
		if err := e.leaveSharedTable(s.equipment); err != nil {
			return err
		}
	}
	engine, err := e.engine.open()
	if err != nil {
		return err
	}
	l.engine, l.sockets = engine, e.sockets
	l.security = newSecurity(net.TCPAddrFromAddrPort(s.addr), s.running.Go)
	l.acceptor = acceptor{listeners: e.listeners, reserve: e.reserve, table: e.table, open: true, ready: true, spare: -1}
	for _, listener := range e.listeners {
		if err := engine.Add(listener, listenerToken); err != nil {
			return errors.Join(err, engine.Close())
		}
	}
	return nil
}

// Listeners returns the listening sockets for another process to accept from,
// as its [Config].Inherited; the caller owns the files. What queues at a socket
// is lost only when the last process that has it closes it.
func (s *Server) Listeners() ([]*os.File, error) { return s.listeners.files() }

// StopAccepting closes the listeners once the connections that queue at them
// have been accepted. Those that are not secured yet may go on; see
// [Loop.EndHandshakes]. It does not wait.
func (s *Server) StopAccepting() {
	s.listeners.close()
	for _, l := range s.loops {
		l.Do(TaskFunc((*Loop).stopAccepting))
	}
}

// Stop ends every loop and every connection that is left, and waits. It may be
// called more than once.
func (s *Server) Stop() {
	s.life.Lock()
	defer s.life.Unlock()
	s.listeners.close()
	switch {
	case s.stopped:
	case s.started:
		for _, l := range s.loops {
			l.Do(TaskFunc(func(l *Loop) { l.stopping = true }))
		}
		s.finish()
	default:
		s.started, s.stopped = true, true
		for i, e := range s.equipment {
			s.loops[i].mailbox.close()
			e.abandon()
		}
	}
}

// finish waits for loops that end. It is called with life held.
func (s *Server) finish() {
	s.stopped = true
	s.listeners.close()
	s.running.Wait()
	for _, e := range s.equipment {
		e.engine.close()
	}
}
