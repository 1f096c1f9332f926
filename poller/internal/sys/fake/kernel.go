package fake

import (
	"net/netip"
	"slices"
	"sync"
	"syscall"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

const (
	// firstFD is the lowest number given out: 0-2 are the standard streams.
	firstFD = 3
	// defaultBuffer is the capacity of a socket buffer in bytes.
	defaultBuffer = 64 << 10
	// defaultLimit is the number of descriptors that may be open.
	defaultLimit = 1 << 20
)

// Kernel is the kernel of one loop. [New] and [NewBlocking] make one.
type Kernel struct {
	// Fixed after New.
	pace pace

	// Guarded by mu.
	mu       sync.Mutex
	table    []*descriptor // by descriptor number; nil is free
	limit    int
	ready    []report // first to be reported first
	woken    bool
	closed   bool // the engine is
	faults   faults
	trace    trace
	wrongs   []string
	send     int // capacity of new send buffers
	receive  int // capacity of new receive buffers
	nextPort uint16
}

// descriptor is one open entry of the table.
type descriptor struct {
	fd         int
	file       file
	registered bool
	queued     bool
	token      sys.Token
}

// file is what a descriptor stands for.
type file interface {
	// state is the readiness now, whatever was reported before.
	state() sys.Ready
}

// report is one entry of the ready queue: a descriptor, reported with its state
// at the time of the Wait, or an injected event, reported as it is.
type report struct {
	descriptor *descriptor // nil for an injected event
	injected   sys.Event
}

// New returns a kernel for a loop that the test steps turn by turn. Its Wait
// never blocks: with nothing to report it moves clock by the timeout, and
// returns 0 at once when the timeout is negative. A nil clock is a new one.
func New(clock *Clock) *Kernel {
	if clock == nil {
		clock = NewClock()
	}
	return newKernel(&stepped{clock})
}

// NewBlocking returns a kernel for a loop on a goroutine of its own. Its Wait
// blocks as a real one does, for a time told by package time: run it inside
// testing/synctest to have no test wait for real.
func NewBlocking() *Kernel {
	return newKernel(&blocking{changed: make(chan struct{}, 1)})
}

func newKernel(p pace) *Kernel {
	return &Kernel{
		pace:     p,
		table:    make([]*descriptor, firstFD),
		limit:    defaultLimit,
		send:     defaultBuffer,
		receive:  defaultBuffer,
		nextPort: 10000,
	}
}

// Engine returns the kernel's engine. There is one.
func (k *Kernel) Engine() sys.Engine { return (*engine)(k) }

// Sockets returns the kernel's socket calls.
func (k *Kernel) Sockets() sys.Sockets { return (*sockets)(k) }

// SetLimit sets how many descriptors may be open at once; beyond it accepting
// fails with EMFILE, as at RLIMIT_NOFILE. Default 1,048,576.
func (k *Kernel) SetLimit(descriptors int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.limit = descriptors
}

// SetBuffers sets the capacities in bytes, at least 1, of the send and the
// receive buffers of connections made from now on. Default 64 KiB each.
func (k *Kernel) SetBuffers(send, receive int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.send, k.receive = max(send, 1), max(receive, 1)
}

// Pending reports whether a Wait now would return events or end early: while
// it does, a stepped loop has work.
func (k *Kernel) Pending() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.woken || slices.ContainsFunc(k.ready, func(r report) bool { return r.event().Ready != 0 })
}

// Listen opens a listener and returns its descriptor, or EMFILE.
func (k *Kernel) Listen() (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.open(&listener{})
}

// Connect opens an established connection that no listener has seen, and
// returns its descriptor with the peer at its other end, or EMFILE.
func (k *Kernel) Connect() (int, *Peer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.newConn(k.nextAddr())
	fd, err := k.open(c)
	if err != nil {
		return -1, nil, err
	}
	return fd, &Peer{c}, nil
}

// Reserve opens a descriptor that only holds a place in the table, as a file
// does, and returns it, or EMFILE.
func (k *Kernel) Reserve() (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.open(placeholder{})
}

// placeholder is a file that is never ready.
type placeholder struct{}

func (placeholder) state() sys.Ready { return 0 }

// open gives f the lowest free number. It returns EMFILE at the limit.
func (k *Kernel) open(f file) (int, error) {
	fd := slices.Index(k.table[firstFD:], nil) + firstFD
	if fd < firstFD {
		fd = len(k.table)
	}
	if fd-firstFD >= k.limit {
		return -1, syscall.EMFILE
	}
	if fd == len(k.table) {
		k.table = append(k.table, nil)
	}
	d := &descriptor{fd: fd, file: f}
	k.table[fd] = d
	if c, ok := f.(*conn); ok {
		c.descriptor = d
	}
	return fd, nil
}

// lookup returns the open descriptor fd; if there is none, that is a violation
// and EBADF.
func (k *Kernel) lookup(op Op, fd int) (*descriptor, error) {
	if fd < 0 || fd >= len(k.table) || k.table[fd] == nil {
		k.violation("%v of descriptor %d, which is not open", op, fd)
		return nil, syscall.EBADF
	}
	return k.table[fd], nil
}

// edge queues d to be reported: its state has changed.
func (k *Kernel) edge(d *descriptor) {
	if d == nil || !d.registered || d.queued {
		return
	}
	d.queued = true
	k.ready = append(k.ready, report{descriptor: d})
	k.pace.notify()
}

func (r report) event() sys.Event {
	if r.descriptor == nil {
		return r.injected
	}
	return sys.Event{Token: r.descriptor.token, Ready: r.descriptor.file.state()}
}

// nextAddr returns addresses of the documentation range (RFC 5737), a new one
// for each connection.
func (k *Kernel) nextAddr() netip.AddrPort {
	k.nextPort++
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), k.nextPort)
}
