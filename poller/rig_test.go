package poller

import (
	"bytes"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/buf"
	"github.com/sluicegate/sluice/poller/internal/sys"
	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

// rig is a loop on the fake kernel. The test is its goroutine: it takes the
// turns one by one, and may use any connection in between.
type rig struct {
	*Loop
	t       testing.TB
	kernel  *fake.Kernel
	engine  *watchedEngine
	calls   *tally
	handler *recorder
	porter  *shelf
	pool    *buf.Pool
	advance func(time.Duration) // moves the clock
	ended   bool
}

// client is a peer and the connection it has on the loop.
type client struct {
	*fake.Peer
	handle Handle
}

func rigConfig() Config {
	return Config{Loops: 1, Pace: Pace{Sweep: time.Second, WriteStall: 5 * time.Second}, UserTimeout: 10 * time.Second, Linger: 2 * time.Second}
}

func newRig(t testing.TB) *rig { return newRigOf(t, rigConfig()) }

// newRigOf returns a rig with an open listener. Its end is checked: everything
// is given back, and every connection was announced and closed once.
func newRigOf(t testing.TB, config Config) *rig {
	t.Helper()
	clock := fake.NewClock()
	begin := clock.Now()
	kernel := fake.New(clock)
	r := &rig{
		t:       t,
		kernel:  kernel,
		engine:  &watchedEngine{Engine: kernel.Engine()},
		calls:   newTally(kernel.Sockets()),
		handler: newRecorder(),
		porter:  &shelf{room: 2},
		pool:    new(buf.Pool),
		advance: clock.Advance,
	}
	r.Loop = newLoop(0, config, func() time.Duration { return clock.Now().Sub(begin) }, r.engine.Wake, r.pool)
	r.Loop.engine, r.Loop.sockets, r.Loop.handler, r.Loop.porter = r.engine, r.calls, r.handler, r.porter
	listener, err := kernel.Listen()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Add(listener, listenerToken); err != nil {
		t.Fatal(err)
	}
	r.acceptor = acceptor{listeners: []int{listener}, reserve: kernel.Reserve, table: new(sync.RWMutex), open: true, ready: true, spare: -1}
	r.acceptor.holdReserve()
	t.Cleanup(r.end)
	return r
}

func (r *rig) end() {
	r.t.Helper()
	r.kernel.Heal()
	r.stop()
	for _, p := range r.porter.carried {
		r.calls.Close(p.fd)
	}
	r.kernel.Check(r.t)
	if got := r.Stats(); got.Connections != 0 || got.WaitingBytes != 0 {
		r.t.Errorf("after the end: %d connections, %d waiting bytes", got.Connections, got.WaitingBytes)
	}
	if got := r.pool.Outstanding(); got != 0 {
		r.t.Errorf("after the end: %d segments in use", got)
	}
	for _, h := range r.handler.opened {
		if n := len(r.handler.closed[h]); n != 1 && !r.handler.handedOff[h] {
			r.t.Errorf("connection %v was closed %d times: %v", h, n, r.handler.closed[h])
		}
	}
}

// stop ends the loop, once.
func (r *rig) stop() {
	if !r.ended {
		r.ended = true
		r.teardown()
	}
}

// turn takes one turn, without sleeping in it.
func (r *rig) turn() {
	r.engine.sleepless = true
	r.Loop.turn()
	r.engine.sleepless = false
}

// settle takes turns until nothing is left to do but to wait.
func (r *rig) settle() {
	r.t.Helper()
	for range 100_000 {
		if !r.kernel.Pending() && !r.pending() {
			return
		}
		r.turn()
	}
	r.t.Fatalf("the loop does not come to rest; the latest calls:\n%s", r.kernel.Trace())
}

// pass takes turns until d has passed. The clock moves when the loop sleeps;
// where it has no reason to wake, it sleeps until then.
func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	until := r.clock() + d
	for range 100_000 {
		r.Loop.turn()
		if r.untilDue() < 0 && !r.kernel.Pending() && !r.pending() {
			r.advance(until - r.clock())
		}
		if r.clock() >= until {
			r.settle()
			return
		}
	}
	r.t.Fatalf("time does not pass: the loop never sleeps; the latest calls:\n%s", r.kernel.Trace())
}

// dial connects a client and has it accepted.
func (r *rig) dial() *client {
	r.t.Helper()
	return r.dialMany(1)[0]
}

func (r *rig) dialMany(n int) []*client {
	r.t.Helper()
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = &client{Peer: r.kernel.Dial(r.acceptor.listeners[0])}
	}
	r.settle()
	for _, c := range clients {
		h, ok := r.handler.byAddr[c.Addr()]
		if !ok {
			r.t.Fatalf("the client of %v was not accepted", c.Addr())
		}
		c.handle = h
	}
	return clients
}

// conn returns the connection of c, which must be open.
func (r *rig) conn(c *client) *Conn {
	r.t.Helper()
	conn := r.Conn(c.handle)
	if conn == nil {
		r.t.Fatalf("connection %v has ended: %v", c.handle, r.handler.closed[c.handle])
	}
	return conn
}

// write sends p from the client; the fake kernel must take it all.
func (r *rig) write(c *client, p []byte) {
	r.t.Helper()
	if n, err := c.Write(p); n != len(p) || err != nil {
		r.t.Fatalf("peer wrote %d of %d bytes: %v", n, len(p), err)
	}
}

func (r *rig) expectClosed(c *client, cause error) {
	r.t.Helper()
	if got := r.handler.closed[c.handle]; len(got) != 1 || got[0] != cause {
		r.t.Errorf("Closed was called with %v, want once with %v", got, cause)
	}
}

func (r *rig) expectOpen(c *client) {
	r.t.Helper()
	if got := r.handler.closed[c.handle]; len(got) != 0 {
		r.t.Errorf("Closed was called with %v, want an open connection", got)
	}
}

func (r *rig) expectReceived(c *client, want string) {
	r.t.Helper()
	if got := string(r.handler.received[c.handle]); got != want {
		r.t.Errorf("the handler got %s, want %s", brief(got), brief(want))
	}
}

// brief shortens long texts in failures.
func brief(s string) string {
	if len(s) > 80 {
		return fmt.Sprintf("%d bytes %.40q…%q", len(s), s, s[len(s)-20:])
	}
	return fmt.Sprintf("%q", s)
}

func expectBytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("%s: got %s, want %s; they differ from byte %d", what, brief(string(got)), brief(string(want)), at)
	}
}

// pattern returns n bytes in which a lost, doubled or moved byte shows.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16*7)
	}
	return p
}

// recorder is a handler that keeps what it is told, and does what the test
// gives it to do.
type recorder struct {
	onOpened, onDrained, onSweep func(*Conn)
	onData                       func(*Conn, []byte)
	onMail                       func(*Conn, Letter)
	onClosed                     func(*Conn, error)
	onTurnEnding, onTurnDone     func()

	opened    []Handle
	byAddr    map[netip.AddrPort]Handle
	received  map[Handle][]byte
	letters   map[Handle][]string
	drained   map[Handle]int
	swept     map[Handle]int
	closed    map[Handle][]error
	handedOff map[Handle]bool
}

var _ Handler = (*recorder)(nil)

func newRecorder() *recorder {
	return &recorder{
		byAddr:    map[netip.AddrPort]Handle{},
		received:  map[Handle][]byte{},
		letters:   map[Handle][]string{},
		drained:   map[Handle]int{},
		swept:     map[Handle]int{},
		closed:    map[Handle][]error{},
		handedOff: map[Handle]bool{},
	}
}

func (r *recorder) Opened(c *Conn) {
	r.opened = append(r.opened, c.Handle())
	r.byAddr[c.RemoteAddr()] = c.Handle()
	if r.onOpened != nil {
		r.onOpened(c)
	}
}

func (r *recorder) Data(c *Conn, p []byte) {
	r.received[c.Handle()] = append(r.received[c.Handle()], p...)
	if r.onData != nil {
		r.onData(c, p)
	}
}

func (r *recorder) Mail(c *Conn, letter Letter) {
	r.letters[c.Handle()] = append(r.letters[c.Handle()], string(letter.Bytes))
	if r.onMail != nil {
		r.onMail(c, letter)
	}
}

func (r *recorder) Drained(c *Conn) {
	r.drained[c.Handle()]++
	if r.onDrained != nil {
		r.onDrained(c)
	}
}

func (r *recorder) Sweep(c *Conn) {
	r.swept[c.Handle()]++
	if r.onSweep != nil {
		r.onSweep(c)
	}
}

func (r *recorder) Closed(c *Conn, cause error) {
	r.closed[c.Handle()] = append(r.closed[c.Handle()], cause)
	if r.onClosed != nil {
		r.onClosed(c, cause)
	}
}

func (r *recorder) TurnEnding() {
	if r.onTurnEnding != nil {
		r.onTurnEnding()
	}
}

func (r *recorder) TurnDone() {
	if r.onTurnDone != nil {
		r.onTurnDone()
	}
}

// watchedEngine is an engine that keeps how long each wait was to be, and lets
// the test act while the loop sleeps.
type watchedEngine struct {
	sys.Engine
	waits     []time.Duration
	asleep    func() // called once, by the next wait that may block
	wakes     int
	sleepless bool // no wait blocks
}

func (e *watchedEngine) Wait(events []sys.Event, timeout time.Duration) (int, error) {
	if e.sleepless {
		timeout = 0
	}
	e.waits = append(e.waits, timeout)
	if timeout != 0 && e.asleep != nil {
		act := e.asleep
		e.asleep = nil
		act()
	}
	return e.Engine.Wait(events, timeout)
}

func (e *watchedEngine) Wake() error {
	e.wakes++
	return e.Engine.Wake()
}

// tally counts the socket calls for each descriptor.
type tally struct {
	sys.Sockets
	reads, writes map[int]int
	accepts       int
}

func newTally(s sys.Sockets) *tally {
	c := &tally{Sockets: s}
	c.reset()
	return c
}

func (c *tally) reset() { c.reads, c.writes, c.accepts = map[int]int{}, map[int]int{}, 0 }

func (c *tally) Accept(listener int) (int, netip.AddrPort, error) {
	c.accepts++
	return c.Sockets.Accept(listener)
}

func (c *tally) Read(fd int, p []byte) (int, error) {
	c.reads[fd]++
	return c.Sockets.Read(fd, p)
}

func (c *tally) Write(fd int, p []byte) (int, error) {
	c.writes[fd]++
	return c.Sockets.Write(fd, p)
}

func (c *tally) Writev(fd int, ps [][]byte) (int, error) {
	c.writes[fd]++
	return c.Sockets.Writev(fd, ps)
}

// shelf is a porter that keeps what it is given, as long as there is room.
type shelf struct {
	porter
	room    int
	carried []shelved
}

func (s *shelf) carry(fd int, goes parcel) error {
	if len(s.carried) == s.room {
		return ErrHandOffBusy
	}
	s.carried = append(s.carried, shelved{fd, goes.read})
	return nil
}

type shelved struct {
	fd   int
	read []byte
}
