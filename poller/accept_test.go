package poller

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

func (r *rig) knock(n int) []*fake.Peer {
	peers := make([]*fake.Peer, n)
	for i := range peers {
		peers[i] = r.kernel.Dial(r.acceptor.listeners[0])
	}
	return peers
}

func TestAStormOfNewConnectionsDoesNotDelayOldOnes(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.knock(1000)
	for turn := range 1000 / acceptBatch {
		before := r.Stats().Accepted
		r.handler.received[c.handle] = nil
		r.write(c, []byte("ping"))
		r.turn()
		r.expectReceived(c, "ping")
		if got := r.Stats().Accepted - before; got != acceptBatch {
			t.Fatalf("turn %d accepted %d connections, want %d", turn, got, acceptBatch)
		}
	}
	r.settle()
	if got := r.Stats().Connections; got != 1001 {
		t.Errorf("%d connections, want 1001", got)
	}
}

func TestAFaultOfOneConnectionDoesNotStopAccepting(t *testing.T) {
	for _, tt := range []struct {
		errno    syscall.Errno
		accepted uint64
	}{
		{syscall.ECONNABORTED, 2}, // each takes a connection with it
		{syscall.EPERM, 5},
		{syscall.EPROTO, 5},
		{syscall.EHOSTUNREACH, 5},
	} {
		t.Run(tt.errno.Error(), func(t *testing.T) {
			r := newRig(t)
			r.kernel.Fail(fake.OpAccept, 3, tt.errno)
			r.knock(5)
			r.turn()
			if got := r.Stats(); got.Accepted != tt.accepted || got.AcceptErrors != 3 {
				t.Errorf("%d accepted and %d errors, want %d and 3", got.Accepted, got.AcceptErrors, tt.accepted)
			}
		})
	}
}

// A storm beyond the limit on descriptors: clients learn of it quickly, the loop
// sleeps in between and recovers alone.
func TestOutOfDescriptors(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE} {
		t.Run(errno.Error(), func(t *testing.T) {
			var failures []error
			config := rigConfig()
			config.AcceptFailed = func(loop int, err error) { failures = append(failures, err) }
			r := newRigOf(t, config)
			r.kernel.SetLimit(12) // the listener, the reserve and ten connections
			peers := r.knock(300)
			if errno == syscall.ENFILE {
				r.kernel.SetLimit(100)
				r.kernel.Fail(fake.OpAccept, 10, 0)
				for range len(peers) - 10 {
					r.kernel.Fail(fake.OpAccept, 1, syscall.ENFILE)
					r.kernel.Fail(fake.OpAccept, 1, 0) // the reserve makes room
				}
			}
			r.turn()
			if got := r.Stats(); got.Accepted != 10 || got.Shed != acceptBatch-10 {
				t.Fatalf("the first turn accepted %d and shed %d, want 10 and the rest of a batch of %d", got.Accepted, got.Shed, acceptBatch)
			}
			turns, began := r.Stats().Turns, r.clock()
			r.pass(2 * time.Second)
			if got, spent := r.Stats().Turns-turns, r.clock()-began; got > 50 {
				t.Errorf("%d turns in %v: the loop spins", got, spent)
			}
			shed := 0
			for _, p := range peers {
				if p.WasReset() {
					shed++
				}
			}
			if shed != 290 || r.Stats().Shed != 290 {
				t.Errorf("%d peers were reset and %d counted, want 290", shed, r.Stats().Shed)
			}
			if len(failures) != 1 || failures[0] != errno {
				t.Errorf("AcceptFailed was called with %v, want once with %v", failures, errno)
			}
			if r.acceptor.spare < 0 {
				t.Error("the reserve is gone")
			}
			// Descriptors come back: connections are accepted as before, and the
			// next shortage is reported again.
			r.Each(func(c *Conn) { c.Abort(errTest) })
			before := r.Stats().Accepted
			r.kernel.Heal()
			r.kernel.SetLimit(12)
			r.knock(5)
			r.pass(2 * acceptBackoff)
			if got := r.Stats().Accepted - before; got != 5 {
				t.Errorf("%d accepted after descriptors came back, want 5", got)
			}
			r.knock(20)
			r.pass(2 * acceptBackoff)
			if len(failures) != 2 {
				t.Errorf("AcceptFailed was called with %v, want a second time", failures)
			}
		})
	}
}

func TestAShortageBacksOffForItsTime(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOBUFS, syscall.ENOMEM, syscall.EMFILE} {
		t.Run(errno.Error(), func(t *testing.T) {
			r := newRig(t)
			r.kernel.Fail(fake.OpAccept, 1, errno)
			if errno == syscall.EMFILE {
				r.kernel.Fail(fake.OpAccept, 1, errno) // the reserve does not help either
			}
			r.knock(3)
			r.turn()
			if got := r.Stats().Accepted; got != 0 {
				t.Fatalf("%d accepted, want none", got)
			}
			r.calls.reset()
			r.knock(1) // a new edge is no reason to hurry
			began := r.clock()
			for r.Stats().Accepted == 0 {
				if r.clock() > began+10*acceptBackoff {
					t.Fatal("the loop does not accept again")
				}
				r.Loop.turn()
				if r.calls.accepts > 0 && r.clock() < began+acceptBackoff {
					t.Fatalf("accept was tried %v after the shortage, want %v", r.clock()-began, acceptBackoff)
				}
			}
			if got := r.clock() - began; got != acceptBackoff {
				t.Errorf("accepted again after %v, want %v", got, acceptBackoff)
			}
			if got := r.Stats().Accepted; got != 4 {
				t.Errorf("%d accepted, want 4", got)
			}
		})
	}
}

func TestTheReserveIsLostToAnother(t *testing.T) {
	r := newRig(t)
	others := 0
	var other int
	open := r.acceptor.reserve
	r.acceptor.reserve = func() (int, error) {
		if others++; others == 1 {
			other, _ = r.kernel.Reserve() // another thread was faster
		}
		return open()
	}
	r.kernel.SetLimit(5) // the listener, the reserve and three connections
	peers := r.knock(3 + 10)
	r.turn()
	if r.acceptor.spare != -1 {
		t.Fatal("the reserve is held")
	}
	turns, shed := r.Stats().Turns, r.Stats().Shed
	r.pass(time.Second)
	if got := r.Stats().Turns - turns; got > 30 {
		t.Errorf("%d turns in a second: the loop spins", got)
	}
	if got := r.Stats().Shed; got != shed {
		t.Errorf("%d were shed without a reserve", got-shed)
	}
	r.calls.Close(other)
	r.pass(3 * acceptBackoff)
	if r.acceptor.spare < 0 {
		t.Error("the reserve was not opened again")
	}
	for i, p := range peers[3:] {
		if !p.WasReset() {
			t.Fatalf("peer %d waits unseen", i+3)
		}
	}
}

// The connection that the reserve was given up for may be gone by then, and the
// place must not be anybody's until the next one comes.
func TestTheReserveIsRegainedWhereItWasNotNeeded(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EAGAIN, syscall.ECONNABORTED} {
		r := newRig(t)
		r.kernel.Fail(fake.OpAccept, 1, syscall.EMFILE)
		r.kernel.Fail(fake.OpAccept, 1, errno)
		r.knock(1)
		r.turn()
		if r.acceptor.spare < 0 {
			t.Errorf("%v: the reserve is not held", errno)
		}
		r.pass(2 * acceptBackoff)
	}
}

func TestAConnectionThatCannotBeRegistered(t *testing.T) {
	r := newRig(t)
	r.kernel.Fail(fake.OpAdd, 1, 0)
	r.kernel.Fail(fake.OpAdd, 1, syscall.ENOSPC)
	peers := r.knock(3)
	r.settle()
	if got := r.Stats(); got.Accepted != 2 || got.AcceptErrors != 1 || got.Connections != 2 {
		t.Errorf("%d accepted, %d errors, %d connections; want 2, 1, 2", got.Accepted, got.AcceptErrors, got.Connections)
	}
	if !peers[1].AtEOF() && !peers[1].WasReset() {
		t.Error("the connection that could not be registered is still open")
	}
	if got := len(r.handler.opened); got != 2 {
		t.Errorf("%d were announced, want 2", got)
	}
}

func TestStopAcceptingWhileShort(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENOMEM} {
		r := newRig(t)
		r.kernel.SetLimit(4)
		r.kernel.Fail(fake.OpAccept, 2, 0)
		r.kernel.Fail(fake.OpAccept, 2, errno)
		peers := r.knock(10)
		r.stopAccepting()
		r.stopAccepting()
		r.settle()
		if got := r.Stats().Connections; got != 2 {
			t.Errorf("%v: %d connections, want 2", errno, got)
		}
		for i, p := range peers[2:] {
			if !p.WasReset() {
				t.Errorf("%v: peer %d is neither served nor reset", errno, i+2)
			}
		}
	}
}

// Connections that come as fast as they are accepted must not hold the loop, and all
// that are open on it, for ever.
func TestStopAcceptingInAFlood(t *testing.T) {
	r := newRig(t)
	flood := 5000
	r.handler.onOpened = func(*Conn) {
		if flood--; flood > 0 {
			r.knock(1)
		}
		r.advance(time.Millisecond)
	}
	r.knock(1)
	began := r.clock()
	r.stopAccepting()
	r.settle()
	if got := r.clock() - began; got > 2*lastAccepts {
		t.Errorf("the loop accepts for %v, want no more than about %v", got, lastAccepts)
	}
}

// What queues when a loop is told to accept no more is accepted as at any other time, a
// batch each turn: those that are open are served meanwhile.
func TestStopAcceptingDelaysNobody(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	const queued = 10 * acceptBatch
	peers := r.knock(queued)
	r.Do(TaskFunc((*Loop).stopAccepting))
	for turn := 0; r.Accepting(); turn++ {
		if turn > queued {
			t.Fatal("the listener is not closed")
		}
		before := r.Stats().Accepted
		r.handler.received[c.handle] = nil
		r.write(c, []byte("ping"))
		r.Loop.turn() // which sleeps if it thinks that nothing is left
		r.expectReceived(c, "ping")
		if got := r.Stats().Accepted - before; got > acceptBatch {
			t.Fatalf("a turn accepted %d connections, want %d at most", got, acceptBatch)
		}
	}
	if got := r.Stats().Connections; got != 1+queued {
		t.Errorf("%d connections, want %d", got, 1+queued)
	}
	late := r.knock(1)
	r.settle()
	if !late[0].WasReset() || peers[queued-1].WasReset() {
		t.Error("whoever came late is served, or the last in the queue was reset")
	}
}

func TestAnUnknownPeerAddress(t *testing.T) {
	r := newRig(t)
	fd, _, err := r.kernel.Connect()
	if err != nil {
		t.Fatal(err)
	}
	r.open(fd, netip.AddrPort{})
	if got := r.Stats().Connections; got != 1 {
		t.Errorf("%d connections, want 1", got)
	}
}

// The limit is real: the process has no descriptor left.
func TestOutOfDescriptorsOverRealSockets(t *testing.T) {
	for _, engine := range engines[:2] {
		t.Run(engine.name, func(t *testing.T) {
			failures := make(chan error, 64)
			config := engine.config(1)
			config.AcceptFailed = func(_ int, err error) { failures <- err }
			s := startServerOf(t, config)
			waiting := s.dial()
			s.handle(waiting)
			held, proceed := make(chan struct{}), make(chan struct{})
			s.Loop(0).Do(TaskFunc(func(*Loop) { close(held); <-proceed }))
			<-held
			shed := s.dial()
			var limit syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
				t.Fatal(err)
			}
			low := limit
			low.Cur = 3
			if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
				t.Fatal(err)
			}
			close(proceed)
			var failed error
			select {
			case failed = <-failures:
			case <-time.After(patience):
			}
			restored := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
			if restored != nil {
				t.Fatal(restored)
			}
			if !errors.Is(failed, syscall.EMFILE) {
				t.Errorf("AcceptFailed was given %v, want EMFILE", failed)
			}
			shed.Close()
			// A client of the last moment may still be shed.
			eventually(t, "connections are served again", func() bool {
				fresh, err := net.Dial("tcp", s.Addr().String())
				if err != nil {
					return false
				}
				defer fresh.Close()
				fresh.SetDeadline(time.Now().Add(patience))
				fresh.Write([]byte("x"))
				_, err = fresh.Read(make([]byte, 1))
				return err == nil
			})
		})
	}
}
