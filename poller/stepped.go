package poller

import (
	"net"
	"sync"
	"time"

	"github.com/sluicegate/sluice/poller/buf"
	"github.com/sluicegate/sluice/poller/internal/sys"
)

// Stepped is a loop whose turns are taken one by one, on a kernel that a test
// provides; see package pollertest, which is the way to get one. Its methods
// belong to one goroutine.
type Stepped struct {
	*Loop
	pool *buf.Pool
}

// Kernel is what a stepped loop runs on.
type Kernel struct {
	Engine   sys.Engine
	Sockets  sys.Sockets
	Listener int
	Reserve  func() (int, error)
	Clock    func() time.Duration
}

// NewStepped returns a loop that accepts from kernel's listener and hands its
// connections to the handler that newHandler makes.
func NewStepped(config Config, kernel Kernel, newHandler func(*Loop) Handler) (*Stepped, error) {
	pool := new(buf.Pool)
	l := newLoop(0, config, kernel.Clock, kernel.Engine.Wake, pool)
	l.engine, l.sockets, l.porter = kernel.Engine, kernel.Sockets, nowhere{}
	l.acceptor = acceptor{listeners: []int{kernel.Listener}, reserve: kernel.Reserve, table: new(sync.RWMutex), open: true, ready: true, spare: -1}
	l.security = newSecurity(&net.TCPAddr{}, func(handshake func()) { go handshake() })
	l.handler = newHandler(l)
	if config.Gate != nil {
		l.gate = config.Gate(l)
	}
	return &Stepped{l, pool}, l.engine.Add(kernel.Listener, listenerToken)
}

// Turn takes one turn. It may sleep, by the kernel's clock.
func (s *Stepped) Turn() { s.turn() }

// TickOver takes one turn that does not sleep.
func (s *Stepped) TickOver() {
	s.Do(TaskFunc(func(*Loop) {})) // a letter keeps the loop awake
	s.turn()
}

// Busy reports whether the next turn has work that no event announces.
func (s *Stepped) Busy() bool { return s.pending() }

// End ends the loop and its connections.
func (s *Stepped) End() { s.teardown() }

// SegmentsInUse returns how many input segments are held.
func (s *Stepped) SegmentsInUse() int { return s.pool.Outstanding() }

// nowhere is the porter of a loop that has nobody to hand off to.
type nowhere struct{ porter }

func (nowhere) carry(int, parcel) error { return ErrHandOffBusy }
