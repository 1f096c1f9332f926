package poller

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"
)

// engines are the ways to run a server.
var engines = []engineChoice{
	{"epoll", "epoll", false},
	{"easygo", "easygo", false},
	{"epoll with private tables", "epoll", true},
}

type engineChoice struct {
	name    string
	engine  string
	private bool
}

func (e engineChoice) config(loops int) Config {
	return Config{
		Listen:          netip.MustParseAddrPort("127.0.0.1:0"),
		Loops:           loops,
		Engine:          e.engine,
		PrivateFDTables: e.private,
		Pace:            Pace{Sweep: 50 * time.Millisecond, WriteStall: 5 * time.Second},
		UserTimeout:     10 * time.Second,
		Linger:          time.Second,
		Adopt:           func(conn net.Conn, _ []byte) { conn.Close() },
	}
}

// testServer is a server over real sockets that echoes. Its end is checked:
// everything is given back.
type testServer struct {
	*Server
	t        testing.TB
	handlers []*echo
	census   *census
}

func startServer(t testing.TB, e engineChoice, loops int) *testServer {
	t.Helper()
	return startServerOf(t, e.config(loops))
}

func startServerOf(t testing.TB, config Config) *testServer {
	t.Helper()
	expectNoLeak(t)
	listening, err := Listen(config)
	if err != nil {
		t.Fatal(err)
	}
	s := &testServer{Server: listening, t: t, census: newCensus()}
	if err := s.Start(func(l *Loop) Handler {
		h := &echo{Loop: l, census: s.census}
		s.handlers = append(s.handlers, h)
		return h
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.end)
	return s
}

func (s *testServer) end() {
	s.t.Helper()
	s.Stop()
	s.expectBaseline()
	if got := s.SegmentsInUse(); got != 0 {
		s.t.Errorf("%d segments in use after Stop", got)
	}
	if err := s.census.audit(); err != nil {
		s.t.Error(err)
	}
}

// expectBaseline checks the loops' own figures. The server must have stopped.
func (s *testServer) expectBaseline() {
	s.t.Helper()
	for i := range s.Loops() {
		if got := s.Loop(i).Stats(); got.Connections != 0 || got.Slots != 0 || got.WaitingBytes != 0 {
			s.t.Errorf("loop %d after Stop: %d connections, %d slots, %d waiting bytes", i, got.Connections, got.Slots, got.WaitingBytes)
		}
	}
}

// dial connects a client, which ends with the test.
func (s *testServer) dial() net.Conn {
	s.t.Helper()
	conn, err := net.DialTimeout("tcp", s.Addr().String(), patience)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// handle returns that of the server's end of conn.
func (s *testServer) handle(conn net.Conn) (h Handle) {
	s.t.Helper()
	local := conn.LocalAddr().(*net.TCPAddr).AddrPort()
	eventually(s.t, "the connection is opened", func() bool {
		var ok bool
		h, ok = s.census.handleOf(local)
		return ok
	})
	return h
}

// on runs task on loop i and waits for its end.
func (s *testServer) on(i int, task func(*Loop)) {
	s.t.Helper()
	done := make(chan struct{})
	if err := s.Loop(i).Do(TaskFunc(func(l *Loop) { defer close(done); task(l) })); err != nil {
		s.t.Fatal(err)
	}
	await(s.t, "a task", done)
}

// census keeps which connections were opened and closed, for all loops.
type census struct {
	mu     sync.Mutex
	byAddr map[netip.AddrPort]Handle
	open   map[Handle]bool
	causes map[Handle]error
	wrongs []error
}

func newCensus() *census {
	return &census{byAddr: map[netip.AddrPort]Handle{}, open: map[Handle]bool{}, causes: map[Handle]error{}}
}

func (s *census) opened(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byAddr[c.RemoteAddr()] = c.Handle()
	s.open[c.Handle()] = true
}

// left takes a connection that was closed, or handed off, out of the census.
func (s *census) left(h Handle, cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open[h] {
		s.wrongs = append(s.wrongs, fmt.Errorf("connection %v, which is not open, was closed: %w", h, cause))
	}
	delete(s.open, h)
	s.causes[h] = cause
}

func (s *census) handleOf(addr netip.AddrPort) (Handle, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.byAddr[addr]
	return h, ok
}

func (s *census) causeOf(h Handle) (error, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cause, ok := s.causes[h]
	return cause, ok
}

func (s *census) audit() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) > 0 {
		s.wrongs = append(s.wrongs, fmt.Errorf("%d connections were never closed", len(s.open)))
	}
	return errors.Join(s.wrongs...)
}

// echo is a handler that queues what it reads, unless the test gives it
// something else to do. Its bytes lie in an arena that lasts a turn.
type echo struct {
	*Loop
	census *census
	arena  []byte
	data   func(*Conn, []byte)
	mail   func(*Conn, Letter)
}

var _ Handler = (*echo)(nil)

func (e *echo) Opened(c *Conn) { e.census.opened(c) }

func (e *echo) Data(c *Conn, p []byte) {
	if e.data != nil {
		e.data(c, p)
		return
	}
	start := len(e.arena)
	e.arena = append(e.arena, p...)
	c.Queue(e.arena[start:])
}

func (e *echo) Mail(c *Conn, letter Letter) {
	if e.mail != nil {
		e.mail(c, letter)
	}
}

func (e *echo) Drained(*Conn)               {}
func (e *echo) Sweep(*Conn)                 {}
func (e *echo) Closed(c *Conn, cause error) { e.census.left(c.Handle(), cause) }
func (e *echo) TurnEnding()                 {}
func (e *echo) TurnDone()                   { e.arena = e.arena[:0] }

func TestEchoOverRealSockets(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			s := startServer(t, engine, 2)
			sent := pattern(300_000)
			var clients sync.WaitGroup
			for range 20 {
				conn := s.dial()
				clients.Go(func() { conn.Write(sent) })
				clients.Go(func() {
					got := make([]byte, len(sent))
					if _, err := io.ReadFull(conn, got); err != nil {
						t.Error(err)
					}
					expectBytes(t, "echo", got, sent)
				})
			}
			clients.Wait()
		})
	}
}

// The peer's last bytes and its end come together.
func TestTheEndOverRealSockets(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			s := startServer(t, engine, 1)
			for range 50 {
				conn := s.dial()
				h := s.handle(conn)
				held, proceed := make(chan struct{}), make(chan struct{})
				s.Loop(0).Do(TaskFunc(func(*Loop) { close(held); <-proceed }))
				<-held
				conn.Write([]byte("last words"))
				conn.(*net.TCPConn).CloseWrite()
				close(proceed)
				conn.SetReadDeadline(time.Now().Add(3 * time.Second))
				got, err := io.ReadAll(conn)
				if err != nil {
					t.Fatalf("read until the end: %v", err)
				}
				expectBytes(t, "echo", got, []byte("last words"))
				eventually(t, "Closed", func() bool { _, ok := s.census.causeOf(h); return ok })
				if cause, _ := s.census.causeOf(h); cause != io.EOF {
					t.Errorf("Closed with %v, want EOF", cause)
				}
			}
		})
	}
}

func TestStopClosesWhatIsOpen(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			s := startServer(t, engine, 3)
			var conns []net.Conn
			for range 50 {
				conn := s.dial()
				s.handle(conn)
				conns = append(conns, conn)
			}
			s.Stop()
			s.Stop()
			for _, conn := range conns {
				if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, syscall.ETIMEDOUT) {
					t.Errorf("read after Stop: %v, want the end", err)
				}
				h := s.handle(conn)
				if cause, _ := s.census.causeOf(h); cause != ErrStopped {
					t.Errorf("Closed with %v, want ErrStopped", cause)
				}
			}
			if err := s.Loop(0).Do(TaskFunc(func(*Loop) {})); !errors.Is(err, ErrStopped) {
				t.Errorf("Do after Stop: %v, want ErrStopped", err)
			}
			expectPortFree(t, s.Addr())
		})
	}
}

func expectPortFree(t *testing.T, addr netip.AddrPort) {
	t.Helper()
	eventually(t, "the port is free", func() bool {
		l, err := net.Listen("tcp", addr.String())
		if err != nil {
			return false
		}
		l.Close()
		return true
	})
}

func TestStopWithoutStart(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			expectNoLeak(t)
			s, err := Listen(engine.config(4))
			if err != nil {
				t.Fatal(err)
			}
			s.Stop()
			s.Stop()
			expectPortFree(t, s.Addr())
			if err := s.Loop(0).Post(Handle{Generation: 1}, 0, nil, nil); !errors.Is(err, ErrStopped) {
				t.Errorf("Post: %v, want ErrStopped", err)
			}
		})
	}
}

// A signal may come while the loops are started: either they never are, or they end.
func TestStopWhileStarting(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			expectNoLeak(t)
			for range 30 {
				s, err := Listen(engine.config(2))
				if err != nil {
					t.Fatal(err)
				}
				var both sync.WaitGroup
				both.Go(s.Stop)
				both.Go(func() {
					if err := s.Start(func(*Loop) Handler { return newRecorder() }); err != nil && !errors.Is(err, ErrStarted) {
						t.Errorf("Start: %v", err)
					}
				})
				both.Wait()
				if err := s.Loop(0).Do(TaskFunc(func(*Loop) {})); !errors.Is(err, ErrStopped) {
					t.Errorf("Do after Stop: %v, want ErrStopped", err)
				}
			}
		})
	}
}

// The stack of a loop can be had as soon as it runs.
func TestTheStackOfALoopThatHasJustStarted(t *testing.T) {
	s := startServer(t, engines[0], 2)
	for i := range s.Loops() {
		if stack := s.Loop(i).Stack(); !bytes.Contains(stack, []byte("poller.(*Server).Start")) {
			t.Errorf("the stack of loop %d is %q", i, stack)
		}
	}
}

// Stop must reach a loop whatever its mailbox holds.
func TestStopWithAFullMailbox(t *testing.T) {
	s := startServer(t, engines[0], 1)
	held, proceed := make(chan struct{}), make(chan struct{})
	s.Loop(0).Do(TaskFunc(func(l *Loop) { l.mailbox.maxBytes = 10; close(held); <-proceed }))
	<-held
	if err := s.Loop(0).Post(Handle{Generation: 1}, 0, nil, make([]byte, 11)); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() { s.Stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Fatal("Stop did not wait for the loop")
	case <-time.After(10 * time.Millisecond):
	}
	close(proceed)
	select {
	case <-stopped:
	case <-time.After(time.Second):
		t.Error("Stop does not return: its task was refused")
		s.Loop(0).Do(TaskFunc(func(l *Loop) { l.stopping = true }))
	}
}

func TestStopAcceptingServesWhatQueued(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			s := startServer(t, engine, 2)
			var release []chan struct{}
			for i := range s.Loops() {
				held, proceed := make(chan struct{}), make(chan struct{})
				s.Loop(i).Do(TaskFunc(func(*Loop) { close(held); <-proceed }))
				<-held
				release = append(release, proceed)
			}
			var conns []net.Conn
			for range 200 { // accepted by the kernel, not yet by the loops
				conns = append(conns, s.dial())
			}
			s.StopAccepting()
			s.StopAccepting()
			for _, proceed := range release {
				close(proceed)
			}
			for i, conn := range conns {
				fmt.Fprintf(conn, "%04d", i)
				var got [4]byte
				if _, err := io.ReadFull(conn, got[:]); err != nil || string(got[:]) != fmt.Sprintf("%04d", i) {
					t.Fatalf("connection %d: %q, %v", i, got, err)
				}
			}
			eventually(t, "connecting is refused", func() bool {
				conn, err := net.Dial("tcp", s.Addr().String())
				if err == nil {
					conn.Close()
				}
				return err != nil
			})
		})
	}
}

// A handle has 16 bits for its loop: one of a loop beyond would name another's connection.
func TestHandlesHaveRoomForTheLoops(t *testing.T) {
	config := engines[0].config(maxLoops)
	if err := config.validate(); err != nil {
		t.Error(err)
	}
	if config.Loops++; config.validate() == nil {
		t.Errorf("%d loops are allowed", config.Loops)
	}
}

func TestListenRefusesBadConfig(t *testing.T) {
	good := engines[0].config(1)
	for _, tt := range []struct {
		name  string
		spoil func(*Config)
	}{
		{"no loops", func(c *Config) { c.Loops = 0 }},
		{"no address", func(c *Config) { c.Listen = netip.AddrPort{} }},
		{"unknown engine", func(c *Config) { c.Engine = "uring" }},
		{"no sweep", func(c *Config) { c.Sweep = 0 }},
		{"no write stall", func(c *Config) { c.WriteStall = -1 }},
		{"no linger", func(c *Config) { c.Linger = 0 }},
		{"private tables without epoll", func(c *Config) { c.Engine, c.PrivateFDTables = "easygo", true }},
		{"an address of another machine", func(c *Config) { c.Listen = netip.MustParseAddrPort("192.0.2.1:0") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expectNoLeak(t)
			config := good
			tt.spoil(&config)
			if s, err := Listen(config); err == nil {
				t.Error("Listen accepts it")
				s.Stop()
			}
		})
	}
}

// The loops' epoll instances are opened by Start.
func TestStartWithoutDescriptors(t *testing.T) {
	for _, engine := range engines[:1] {
		t.Run(engine.name, func(t *testing.T) {
			expectNoLeak(t)
			s, err := Listen(engine.config(3))
			if err != nil {
				t.Fatal(err)
			}
			var limit syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
				t.Fatal(err)
			}
			low := limit
			low.Cur = 3
			if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
				t.Fatal(err)
			}
			err = s.Start(func(l *Loop) Handler { return &echo{Loop: l, census: newCensus()} })
			if restored := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); restored != nil {
				t.Fatal(restored)
			}
			if !errors.Is(err, syscall.EMFILE) {
				t.Errorf("Start: %v, want EMFILE", err)
			}
			for i := range s.Loops() {
				if err := s.Loop(i).Do(TaskFunc(func(*Loop) {})); !errors.Is(err, ErrStopped) {
					t.Errorf("Do: %v, want ErrStopped", err)
				}
			}
			s.Stop()
			expectPortFree(t, s.Addr())
		})
	}
}

func TestManyServers(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			expectNoLeak(t)
			for range 70 {
				s, err := Listen(engine.config(2))
				if err != nil {
					t.Fatal(err)
				}
				census := newCensus()
				if err := s.Start(func(l *Loop) Handler { return &echo{Loop: l, census: census} }); err != nil {
					t.Fatal(err)
				}
				conn, err := net.Dial("tcp", s.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprint(conn, "x")
				if _, err := conn.Read(make([]byte, 1)); err != nil {
					t.Error(err)
				}
				s.Stop()
				conn.Close()
				if err := census.audit(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Posting is allowed at any time: it succeeds, or the loop has stopped.
func TestPostingWhileStopping(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			expectNoLeak(t)
			for range 30 {
				s, err := Listen(engine.config(2))
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Start(func(l *Loop) Handler { return &echo{Loop: l, census: newCensus()} }); err != nil {
					t.Fatal(err)
				}
				var posters sync.WaitGroup
				for n := range 4 {
					posters.Go(func() {
						for {
							err := s.Loop(n%2).Post(Handle{Loop: uint16(n % 2), Generation: 1}, 0, nil, []byte("x"))
							if errors.Is(err, ErrStopped) {
								return
							}
							if err != nil && !errors.Is(err, ErrMailboxFull) {
								t.Errorf("Post: %v", err)
								return
							}
						}
					})
				}
				s.Stop()
				posters.Wait()
			}
		})
	}
}
