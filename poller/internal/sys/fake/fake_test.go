package fake_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys"
	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

// connect returns a kernel with one registered connection, its first event
// taken.
func connect(t *testing.T) (*fake.Kernel, int, *fake.Peer) {
	t.Helper()
	k := fake.New(nil)
	fd, peer, err := k.Connect()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Engine().Add(fd, 7); err != nil {
		t.Fatal(err)
	}
	expectEvents(t, k, sys.Event{Token: 7, Ready: sys.Writable})
	return k, fd, peer
}

func expectEvents(t *testing.T, k *fake.Kernel, want ...sys.Event) {
	t.Helper()
	events := make([]sys.Event, 16)
	n, err := k.Engine().Wait(events, 0)
	if err != nil || !slices.Equal(events[:n], want) {
		t.Errorf("Wait = %v, %v, want %v", events[:n], err, want)
	}
}

func expectNoViolation(t *testing.T, k *fake.Kernel) {
	t.Helper()
	if v := k.Violations(); len(v) != 0 {
		t.Errorf("violations: %q", v)
	}
}

func TestEventsMergeUntilReported(t *testing.T) {
	k, _, peer := connect(t)
	peer.Write([]byte("a"))
	peer.Write([]byte("b"))
	peer.CloseWrite()
	expectEvents(t, k, sys.Event{Token: 7, Ready: sys.Readable | sys.Writable | sys.PeerClosed})
	expectEvents(t, k)
}

func TestReportIsTheStateAtWait(t *testing.T) {
	k, fd, peer := connect(t)
	peer.Write([]byte("a"))
	k.Sockets().Read(fd, make([]byte, 8))
	expectEvents(t, k, sys.Event{Token: 7, Ready: sys.Writable})
}

func TestWritableNeedsAThirdOfTheBuffer(t *testing.T) {
	k := fake.New(nil)
	k.SetBuffers(90, 90)
	fd, peer, err := k.Connect()
	if err != nil {
		t.Fatal(err)
	}
	k.Engine().Add(fd, 7)
	expectEvents(t, k, sys.Event{Token: 7, Ready: sys.Writable})
	if n, err := k.Sockets().Write(fd, make([]byte, 100)); n != 90 || err != nil {
		t.Fatalf("Write = %d, %v, want 90", n, err)
	}
	if n, err := k.Sockets().Write(fd, make([]byte, 100)); n != 0 || err != sys.EAGAIN {
		t.Fatalf("Write to a full buffer = %d, %v, want EAGAIN", n, err)
	}
	peer.ReadN(29)
	expectEvents(t, k)
	if got := peer.Unread(); got != 61 {
		t.Errorf("%d bytes unread, want 61", got)
	}
	peer.ReadN(1)
	expectEvents(t, k, sys.Event{Token: 7, Ready: sys.Writable})
	peer.Read()
	expectEvents(t, k)
}

func TestReceiveBufferPushesBack(t *testing.T) {
	k, fd, _ := connect(t)
	k.SetBuffers(8, 8)
	narrow, peer, _ := k.Connect()
	if n, err := peer.Write(make([]byte, 10)); n != 8 || err != syscall.EAGAIN {
		t.Errorf("peer wrote %d, %v, want 8, EAGAIN", n, err)
	}
	if n, err := k.Sockets().Read(narrow, make([]byte, 5)); n != 5 || err != nil {
		t.Errorf("Read = %d, %v, want 5", n, err)
	}
	if n, err := peer.Write(make([]byte, 2)); n != 2 || err != nil {
		t.Errorf("peer wrote %d, %v, want 2", n, err)
	}
	if got := peer.Untaken(); got != 5 {
		t.Errorf("%d bytes untaken, want 5", got)
	}
	k.Sockets().Close(narrow)
	k.Engine().Remove(fd)
	k.Sockets().Close(fd)
	k.Check(t)
}

func TestFaults(t *testing.T) {
	read := func(k *fake.Kernel, fd int) (int, error) { return k.Sockets().Read(fd, make([]byte, 8)) }
	write := func(k *fake.Kernel, fd int) (int, error) { return k.Sockets().Write(fd, []byte("12345678")) }
	writev := func(k *fake.Kernel, fd int) (int, error) {
		return k.Sockets().Writev(fd, [][]byte{[]byte("1234"), []byte("5678")})
	}
	for _, tt := range []struct {
		name    string
		script  func(*fake.Kernel)
		call    func(*fake.Kernel, int) (int, error)
		n       int
		err     error
		retries map[fake.Op]int
		after   []sys.Event
	}{
		{"none", func(*fake.Kernel) {}, read, 5, nil, nil, nil},
		{"read fails", func(k *fake.Kernel) { k.Fail(fake.OpRead, 1, syscall.ECONNRESET) }, read, 0, syscall.ECONNRESET, nil, nil},
		{"another call fails", func(k *fake.Kernel) { k.Fail(fake.OpWrite, 1, syscall.ECONNRESET) }, read, 5, nil, nil, nil},
		{"a later call fails", func(k *fake.Kernel) { k.Fail(fake.OpRead, 1, 0); k.Fail(fake.OpRead, 1, syscall.EIO) }, read, 5, nil, nil, nil},
		{"healed", func(k *fake.Kernel) { k.Fail(fake.OpRead, 1, syscall.EIO); k.Short(fake.OpRead, 1); k.Heal() }, read, 5, nil, nil, nil},
		{"interrupted", func(k *fake.Kernel) { k.Fail(fake.OpRead, 3, syscall.EINTR) }, read, 5, nil, map[fake.Op]int{fake.OpRead: 3}, nil},
		{"interrupted, then fails", func(k *fake.Kernel) {
			k.Fail(fake.OpWrite, 1, syscall.EINTR)
			k.Fail(fake.OpWrite, 1, syscall.EPIPE)
		}, write, 0, syscall.EPIPE, map[fake.Op]int{fake.OpWrite: 1}, nil},
		{"read would block, with an edge after it", func(k *fake.Kernel) { k.Fail(fake.OpRead, 1, syscall.EAGAIN) },
			read, 0, sys.EAGAIN, nil, []sys.Event{{Token: 7, Ready: sys.Readable | sys.Writable}}},
		{"write would block, with an edge after it", func(k *fake.Kernel) { k.Fail(fake.OpWrite, 1, syscall.EAGAIN) },
			write, 0, sys.EAGAIN, nil, []sys.Event{{Token: 7, Ready: sys.Readable | sys.Writable}}},
		{"short read, with an edge after it", func(k *fake.Kernel) { k.Short(fake.OpRead, 2) },
			read, 2, nil, nil, []sys.Event{{Token: 7, Ready: sys.Readable | sys.Writable}}},
		{"short writev, with an edge after it", func(k *fake.Kernel) { k.Short(fake.OpWritev, 5) },
			writev, 5, nil, nil, []sys.Event{{Token: 7, Ready: sys.Readable | sys.Writable}}},
		{"not so short", func(k *fake.Kernel) { k.Short(fake.OpWrite, 8) }, write, 8, nil, nil, nil},
		{"spurious event", func(k *fake.Kernel) { k.Spurious(99, sys.Failed) }, read, 5, nil, nil,
			[]sys.Event{{Token: 99, Ready: sys.Failed}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, fd, peer := connect(t)
			peer.Write([]byte("hello"))
			expectEvents(t, k, sys.Event{Token: 7, Ready: sys.Readable | sys.Writable})
			tt.script(k)
			if n, err := tt.call(k, fd); n != tt.n || err != tt.err {
				t.Errorf("the call returns %d, %v, want %d, %v", n, err, tt.n, tt.err)
			}
			for _, op := range []fake.Op{fake.OpRead, fake.OpWrite} {
				if got := k.Retries(op); got != tt.retries[op] {
					t.Errorf("%d retries of %v, want %d", got, op, tt.retries[op])
				}
			}
			expectEvents(t, k, tt.after...)
			expectNoViolation(t, k)
		})
	}
}

func TestEngineFaults(t *testing.T) {
	k := fake.New(nil)
	fd, _, _ := k.Connect()
	engine := k.Engine()
	events := make([]sys.Event, 1)
	k.Fail(fake.OpAdd, 1, syscall.ENOSPC)
	if err := engine.Add(fd, 7); err != syscall.ENOSPC {
		t.Errorf("Add: %v, want ENOSPC", err)
	}
	if err := engine.Add(fd, 7); err != nil {
		t.Errorf("Add after its fault: %v", err)
	}
	k.Fail(fake.OpWait, 1, syscall.EINTR)
	if n, err := engine.Wait(events, time.Hour); n != 0 || err != nil || k.Retries(fake.OpWait) != 1 {
		t.Errorf("interrupted Wait = %d, %v, %d retries", n, err, k.Retries(fake.OpWait))
	}
	k.Fail(fake.OpWait, 1, syscall.EBADF)
	if _, err := engine.Wait(events, 0); err != syscall.EBADF {
		t.Errorf("failed Wait: %v, want EBADF", err)
	}
	k.Fail(fake.OpWake, 1, syscall.EIO)
	if err := engine.Wake(); err != syscall.EIO || !k.Pending() {
		t.Errorf("Wake: %v, want EIO; the first event is pending: %v", err, k.Pending())
	}
	k.Fail(fake.OpRemove, 1, syscall.ENOMEM)
	if err := engine.Remove(fd); err != syscall.ENOMEM {
		t.Errorf("Remove: %v, want ENOMEM", err)
	}
	expectEvents(t, k, sys.Event{Token: 7, Ready: sys.Writable})
}

func TestAcceptFaults(t *testing.T) {
	for _, tt := range []struct {
		errno  syscall.Errno
		reset  bool // the waiting connection
		edge   bool
		second error
	}{
		{syscall.EAGAIN, false, true, nil},
		{syscall.EMFILE, false, false, nil},
		{syscall.ENFILE, false, false, nil},
		{syscall.ECONNABORTED, true, false, sys.EAGAIN},
	} {
		t.Run(tt.errno.Error(), func(t *testing.T) {
			k := fake.New(nil)
			listener, _ := k.Listen()
			k.Engine().Add(listener, 1)
			peer := k.Dial(listener)
			expectEvents(t, k, sys.Event{Token: 1, Ready: sys.Readable})
			k.Fail(fake.OpAccept, 1, tt.errno)
			if _, _, err := k.Sockets().Accept(listener); err != tt.errno {
				t.Errorf("Accept: %v, want %v", err, tt.errno)
			}
			if k.Pending() != tt.edge || peer.WasReset() != tt.reset {
				t.Errorf("edge %v, reset %v, want %v, %v", k.Pending(), peer.WasReset(), tt.edge, tt.reset)
			}
			if _, _, err := k.Sockets().Accept(listener); err != tt.second {
				t.Errorf("Accept again: %v, want %v", err, tt.second)
			}
		})
	}
}

func TestDescriptorLimit(t *testing.T) {
	k := fake.New(nil)
	k.SetLimit(2)
	listener, _ := k.Listen()
	spare, err := k.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	first, second := k.Dial(listener), k.Dial(listener)
	if _, _, err := k.Sockets().Accept(listener); err != syscall.EMFILE {
		t.Errorf("Accept at the limit: %v, want EMFILE", err)
	}
	if _, _, err := k.Connect(); err != syscall.EMFILE {
		t.Errorf("Connect at the limit: %v, want EMFILE", err)
	}
	k.Sockets().Close(spare)
	fd, addr, err := k.Sockets().Accept(listener)
	if fd != spare || addr != first.Addr() || err != nil {
		t.Errorf("Accept = %d, %v, %v, want %d, %v", fd, addr, err, spare, first.Addr())
	}
	k.Sockets().Close(fd)
	k.Sockets().Close(listener)
	if !first.AtEOF() || !second.WasReset() {
		t.Errorf("accepted peer at EOF: %v; peer in the closed backlog reset: %v", first.AtEOF(), second.WasReset())
	}
	k.Check(t)
}

func TestNumbersAreReusedLowestFirst(t *testing.T) {
	k := fake.New(nil)
	var fds []int
	for range 5 {
		fd, _, _ := k.Connect()
		fds = append(fds, fd)
	}
	for _, fd := range []int{fds[3], fds[1]} {
		k.Sockets().Close(fd)
	}
	for _, want := range []int{fds[1], fds[3], fds[4] + 1} {
		if fd, _, _ := k.Connect(); fd != want {
			t.Errorf("the new descriptor is %d, want %d", fd, want)
		}
	}
	if got := k.OpenFDs(); !slices.Equal(got, []int{3, 4, 5, 6, 7, 8}) {
		t.Errorf("open: %v", got)
	}
}

func TestViolations(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(engine sys.Engine, sockets sys.Sockets, fd, listener int)
		want string
	}{
		{"read after close", func(e sys.Engine, s sys.Sockets, fd, _ int) {
			e.Remove(fd)
			s.Close(fd)
			s.Read(fd, nil)
		}, "read of descriptor 3, which is not open"},
		{"close twice", func(e sys.Engine, s sys.Sockets, fd, _ int) {
			e.Remove(fd)
			s.Close(fd)
			s.Close(fd)
		}, "close of descriptor 3, which is not open"},
		{"reset after close", func(e sys.Engine, s sys.Sockets, fd, _ int) {
			e.Remove(fd)
			s.Close(fd)
			s.Reset(fd)
		}, "reset of descriptor 3, which is not open"},
		{"close without remove", func(_ sys.Engine, s sys.Sockets, fd, _ int) { s.Close(fd) },
			"close of descriptor 3, which is still registered"},
		{"add twice", func(e sys.Engine, _ sys.Sockets, fd, _ int) { e.Add(fd, 1) },
			"add of descriptor 3, which is registered"},
		{"remove twice", func(e sys.Engine, _ sys.Sockets, fd, _ int) { e.Remove(fd); e.Remove(fd) },
			"remove of descriptor 3, which is not registered"},
		{"write to a listener", func(_ sys.Engine, s sys.Sockets, _, listener int) { s.Write(listener, []byte("x")) },
			"write of descriptor 4, which is no connection"},
		{"accept on a connection", func(_ sys.Engine, s sys.Sockets, fd, _ int) { s.Accept(fd) },
			"accept on descriptor 3, which is no listener"},
		{"negative descriptor", func(_ sys.Engine, s sys.Sockets, _, _ int) { s.CloseWrite(-1) },
			"close write of descriptor -1, which is not open"},
		{"wake after the engine's close", func(e sys.Engine, _ sys.Sockets, _, _ int) { e.Close(); e.Wake() },
			"wake on the closed engine"},
		{"engine closed twice", func(e sys.Engine, _ sys.Sockets, _, _ int) { e.Close(); e.Close() },
			"close engine on the closed engine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, fd, _ := connect(t)
			listener, _ := k.Listen()
			tt.do(k.Engine(), k.Sockets(), fd, listener)
			if got := k.Violations(); !slices.Equal(got, []string{tt.want}) {
				t.Errorf("violations %q, want %q", got, tt.want)
			}
			var seen failures
			k.Check(&seen)
			if !strings.Contains(seen.text, tt.want) || !strings.Contains(seen.text, "left open: [") {
				t.Errorf("Check reports %q", seen.text)
			}
			k.Pardon()
			expectNoViolation(t, k)
		})
	}
}

// failures records what Check reports.
type failures struct{ text string }

func (*failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) { f.text += fmt.Sprintf(format, args...) + "\n" }

func TestViolationsAreBounded(t *testing.T) {
	k := fake.New(nil)
	for fd := range 100 {
		k.Sockets().Close(1000 + fd)
	}
	if got := len(k.Violations()); got != 32 {
		t.Errorf("%d violations kept, want 32", got)
	}
}

func TestTrace(t *testing.T) {
	k, fd, peer := connect(t)
	peer.Write([]byte("hello"))
	k.Sockets().Read(fd, make([]byte, 8))
	for range 3 {
		k.Sockets().Read(fd, make([]byte, 8))
	}
	want := "add fd=3 n=0\nwait n=1\npeer write fd=3 n=5\nread fd=3 n=5\nread fd=3 n=0 EAGAIN (3 times)\n"
	if got := k.Trace(); got != want {
		t.Errorf("trace:\n%swant:\n%s", got, want)
	}
	for n := range 1000 {
		k.Spurious(sys.Token(n), sys.Readable)
	}
	lines := strings.Split(strings.TrimSpace(k.Trace()), "\n")
	if len(lines) != 256 || lines[0] != "inject n=744" || lines[255] != "inject n=999" {
		t.Errorf("%d lines from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
}

func TestSteppedWaitMovesTheClock(t *testing.T) {
	clock := fake.NewClock()
	k := fake.New(clock)
	began := clock.Now()
	events := make([]sys.Event, 1)
	for _, timeout := range []time.Duration{0, -1, time.Second} {
		if n, err := k.Engine().Wait(events, timeout); n != 0 || err != nil {
			t.Errorf("Wait(%v) = %d, %v", timeout, n, err)
		}
	}
	clock.Advance(time.Minute)
	k.Engine().Wake()
	if !k.Pending() {
		t.Error("a wake is not pending")
	}
	k.Engine().Wait(events, time.Hour)
	if got := clock.Now().Sub(began); got != 61*time.Second {
		t.Errorf("the clock moved by %v, want 1m1s: a Wait that is woken takes no time", got)
	}
	if k.Pending() {
		t.Error("the wake is still pending")
	}
}

func TestBlockingWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := fake.NewBlocking()
		fd, peer, _ := k.Connect()
		k.Engine().Add(fd, 7)
		expectEvents(t, k, sys.Event{Token: 7, Ready: sys.Writable})
		events := make([]sys.Event, 4)
		for _, tt := range []struct {
			name    string
			act     func()
			timeout time.Duration
			took    time.Duration
			n       int
		}{
			{"timeout", nil, time.Hour, time.Hour, 0},
			{"input", func() { peer.Write([]byte("x")) }, time.Hour, time.Minute, 1},
			{"input, no timeout", func() { peer.Write([]byte("x")) }, -1, time.Minute, 1},
			{"wake", func() { k.Engine().Wake() }, -1, time.Minute, 0},
			{"empty notice, then the timeout", func() { k.Spurious(9, 0) }, time.Hour, time.Hour, 0},
		} {
			began := time.Now()
			if tt.act != nil {
				time.AfterFunc(time.Minute, tt.act)
			}
			n, err := k.Engine().Wait(events, tt.timeout)
			if took := time.Since(began); n != tt.n || err != nil || took != tt.took {
				t.Errorf("%s: Wait = %d, %v after %v, want %d after %v", tt.name, n, err, took, tt.n, tt.took)
			}
		}
	})
}

func TestDialNowhere(t *testing.T) {
	k, fd, _ := connect(t)
	for _, target := range []int{fd, 99, -1} {
		peer := k.Dial(target)
		if _, err := peer.Write([]byte("x")); !peer.WasReset() || err != syscall.ECONNRESET {
			t.Errorf("dial to descriptor %d: reset %v, write %v", target, peer.WasReset(), err)
		}
	}
	expectNoViolation(t, k)
}

func TestDialFrom(t *testing.T) {
	k := fake.New(nil)
	listener, _ := k.Listen()
	want := netip.MustParseAddrPort("198.51.100.7:4242")
	k.DialFrom(want, listener)
	if _, got, err := k.Sockets().Accept(listener); got != want || err != nil {
		t.Errorf("Accept = %v, %v, want %v", got, err, want)
	}
}

func TestPeerAfterItsEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*fake.Kernel, int, *fake.Peer)
		want error
	}{
		{"closed its stream", func(_ *fake.Kernel, _ int, p *fake.Peer) { p.CloseWrite(); p.CloseWrite() }, syscall.EPIPE},
		{"closed", func(_ *fake.Kernel, _ int, p *fake.Peer) { p.Close(); p.Close() }, syscall.EPIPE},
		{"reset", func(_ *fake.Kernel, _ int, p *fake.Peer) { p.Reset(); p.Reset() }, syscall.EPIPE},
		{"the loop closed", func(k *fake.Kernel, fd int, _ *fake.Peer) { k.Sockets().Close(fd) }, syscall.ECONNRESET},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := fake.New(nil)
			fd, peer, _ := k.Connect()
			tt.end(k, fd, peer)
			if n, err := peer.Write([]byte("x")); n != 0 || err != tt.want {
				t.Errorf("Write = %d, %v, want 0, %v", n, err, tt.want)
			}
		})
	}
}
