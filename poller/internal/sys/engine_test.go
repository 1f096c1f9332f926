package sys_test

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// TestEngine runs every behaviour that a loop relies on against every engine,
// so that the fake is held to what the real ones do.
func TestEngine(t *testing.T) {
	for _, k := range kernels {
		t.Run(k.name, func(t *testing.T) {
			for _, b := range engineBehaviours {
				t.Run(b.name, func(t *testing.T) { b.run(t, k.open(t)) })
			}
		})
	}
}

var engineBehaviours = []struct {
	name string
	run  func(*testing.T, *rig)
}{
	{"the first event is the state at Add", firstEvent},
	{"a listener is readable with a connection", listenerReadable},
	{"new bytes are an edge each time", edgeOnBytes},
	{"no event without a change", noEventWithoutChange},
	{"FIN is PeerClosed", peerClosedOnFIN},
	{"FIN before Add is reported", finBeforeAdd},
	{"both directions ended is Failed", failedWhenHungUp},
	{"reset is Failed", failedOnReset},
	{"Writable after EAGAIN and drain", writableAfterDrain},
	{"Wake before Wait", wakeBeforeWait},
	{"Wake from another goroutine", wakeFromGoroutine},
	{"many wakes are one", wakesCoalesce},
	{"a wake does not hide events", wakeWithEvents},
	{"a timeout is kept", timeoutKept},
	{"a poll does not block", pollReturns},
	{"Remove stops events", removeStopsEvents},
	{"a removed descriptor can be added again", addAgain},
	{"wrong registrations are refused", wrongRegistrations},
	{"a reused number has its own events", reusedNumber},
	{"many descriptors", manyDescriptors},
	{"more events than room", moreEventsThanRoom},
}

func firstEvent(_ *testing.T, r *rig) {
	fd, other := r.connect()
	defer other.Close()
	defer r.close(fd)
	other.Write([]byte("early"))
	r.add(fd, 7)
	defer r.remove(fd)
	r.await(7, sys.Readable|sys.Writable)
}

func listenerReadable(_ *testing.T, r *rig) {
	listener := r.listen()
	r.add(listener, 1)
	defer r.close(listener)
	defer r.remove(listener)
	r.nothing()
	for range 2 {
		other := r.dial(listener)
		defer other.Close()
		r.await(1, sys.Readable)
		fd, _, err := r.sockets.Accept(listener)
		if err != nil {
			r.t.Fatalf("Accept: %v", err)
		}
		defer r.close(fd)
	}
}

func edgeOnBytes(t *testing.T, r *rig) {
	fd, other := r.registered(7)
	for _, text := range []string{"one", "two", "three"} {
		other.Write([]byte(text))
		r.await(7, sys.Readable)
		if got := string(r.readAll(fd)); got != text {
			t.Errorf("read %q, want %q", got, text)
		}
	}
	// An edge comes for each arrival, read or unread.
	for range 3 {
		other.Write([]byte("x"))
		r.await(7, sys.Readable)
	}
	r.readAll(fd)
}

func noEventWithoutChange(_ *testing.T, r *rig) {
	fd, other := r.registered(7)
	r.nothing()
	other.Write([]byte("left unread"))
	r.await(7, sys.Readable)
	r.nothing()
	r.readAll(fd)
	r.nothing()
}

func peerClosedOnFIN(t *testing.T, r *rig) {
	fd, other := r.registered(7)
	other.Write([]byte("last"))
	other.CloseWrite()
	if got := r.await(7, sys.Readable|sys.PeerClosed); got&sys.Failed != 0 {
		t.Errorf("FIN is reported as Failed: %04b", got)
	}
	p := make([]byte, 8)
	if n, err := r.sockets.Read(fd, p); string(p[:n]) != "last" || err != nil {
		t.Errorf("Read = %q, %v", p[:n], err)
	}
	if n, err := r.sockets.Read(fd, p); n != 0 || err != nil {
		t.Errorf("Read at the end = %d, %v, want 0, nil", n, err)
	}
}

func finBeforeAdd(_ *testing.T, r *rig) {
	fd, other := r.connect()
	defer r.close(fd)
	other.Close()
	r.eventually("FIN", func() bool { _, err := r.sockets.Read(fd, make([]byte, 1)); return err == nil })
	r.add(fd, 7)
	defer r.remove(fd)
	r.await(7, sys.Readable|sys.PeerClosed)
}

func failedWhenHungUp(t *testing.T, r *rig) {
	if runtime.GOOS != "linux" {
		t.Skip("kqueue has no such event: Failed there means an error")
	}
	fd, other := r.registered(7)
	other.CloseWrite()
	r.await(7, sys.PeerClosed)
	if err := r.sockets.CloseWrite(fd); err != nil {
		t.Fatalf("CloseWrite: %v", err)
	}
	r.await(7, sys.Failed)
}

func failedOnReset(_ *testing.T, r *rig) {
	_, other := r.registered(7)
	other.Reset()
	r.await(7, sys.Failed)
}

func writableAfterDrain(t *testing.T, r *rig) {
	fd, other := r.registered(7)
	// The kernel moves bytes on from the send buffer until the peer's receive
	// buffer is full as well.
	total := r.fill(fd)
	for events := make([]sys.Event, 4); r.wait(events, quiet) > 0; {
		total += r.fill(fd)
	}
	if got := len(other.Take(total)); got != total {
		t.Fatalf("the peer took %d of %d bytes", got, total)
	}
	r.await(7, sys.Writable)
	if n, err := r.sockets.Write(fd, []byte("more")); n != 4 || err != nil {
		t.Errorf("Write = %d, %v", n, err)
	}
	other.Take(4)
}

func wakeBeforeWait(t *testing.T, r *rig) {
	began := time.Now()
	if err := r.engine.Wake(); err != nil {
		t.Fatalf("Wake: %v", err)
	}
	if n := r.wait(make([]sys.Event, 4), patience); n != 0 {
		t.Errorf("a wake is reported as %d events", n)
	}
	if took := time.Since(began); took >= patience {
		t.Errorf("Wait took %v in spite of the wake", took)
	}
}

func wakeFromGoroutine(t *testing.T, r *rig) {
	for range 50 {
		woke := make(chan error, 1)
		go func() { woke <- r.engine.Wake() }()
		if n := r.wait(make([]sys.Event, 4), -1); n != 0 {
			t.Errorf("a wake is reported as %d events", n)
		}
		if err := <-woke; err != nil {
			t.Fatalf("Wake: %v", err)
		}
	}
}

func wakesCoalesce(t *testing.T, r *rig) {
	var wakers sync.WaitGroup
	for range 4 {
		wakers.Go(func() {
			for range 250 {
				if err := r.engine.Wake(); err != nil {
					t.Errorf("Wake: %v", err)
				}
			}
		})
	}
	wakers.Wait()
	events := make([]sys.Event, 4)
	r.wait(events, patience)
	began := time.Now()
	r.nothing()
	if took := time.Since(began); took < quiet {
		t.Errorf("the second Wait returned after %v: one of 1000 wakes was left", took)
	}
}

func wakeWithEvents(_ *testing.T, r *rig) {
	_, other := r.registered(7)
	other.Write([]byte("x"))
	if err := r.engine.Wake(); err != nil {
		r.t.Fatalf("Wake: %v", err)
	}
	r.await(7, sys.Readable)
}

func timeoutKept(t *testing.T, r *rig) {
	for _, timeout := range []time.Duration{time.Millisecond, quiet} {
		began := time.Now()
		if n := r.wait(make([]sys.Event, 4), timeout); n != 0 {
			t.Errorf("%d events", n)
		}
		if took := time.Since(began); took < timeout || took >= patience {
			t.Errorf("Wait(%v) took %v", timeout, took)
		}
	}
}

func pollReturns(t *testing.T, r *rig) {
	began := time.Now()
	for range 100 {
		if n := r.wait(make([]sys.Event, 4), 0); n != 0 {
			t.Errorf("%d events", n)
		}
	}
	if took := time.Since(began); took >= patience {
		t.Errorf("100 polls took %v", took)
	}
}

func removeStopsEvents(_ *testing.T, r *rig) {
	fd, other := r.connect()
	r.add(fd, 7)
	r.await(7, sys.Writable)
	r.remove(fd)
	other.Write([]byte("unseen"))
	r.nothing()
	r.close(fd)
	other.Close()
	r.nothing()
}

func addAgain(_ *testing.T, r *rig) {
	fd, other := r.connect()
	defer other.Close()
	defer r.close(fd)
	for token := sys.Token(1); token <= 3; token++ {
		r.add(fd, token)
		r.await(token, sys.Writable)
		r.remove(fd)
	}
}

func wrongRegistrations(t *testing.T, r *rig) {
	fd, other := r.connect()
	defer other.Close()
	defer r.close(fd)
	r.add(fd, 7)
	if err := r.engine.Add(fd, 8); err != syscall.EEXIST {
		t.Errorf("Add of a registered descriptor: %v, want EEXIST", err)
	}
	r.remove(fd)
	if err := r.engine.Remove(fd); err != syscall.ENOENT {
		t.Errorf("Remove of an unregistered descriptor: %v, want ENOENT", err)
	}
	if err := r.engine.Add(1<<20, 7); err != syscall.EBADF {
		t.Errorf("Add of no descriptor: %v, want EBADF", err)
	}
	if err := r.engine.Add(1<<20, 7); err != syscall.EBADF {
		t.Errorf("Add of no descriptor, again: %v, want EBADF", err)
	}
	r.pardon()
}

// reusedNumber churns connections whose last events are under way when their
// number passes to the next one.
func reusedNumber(t *testing.T, r *rig) {
	listener := r.listen()
	defer r.close(listener)
	token := sys.Token(1)
	events := make([]sys.Event, 8)
	for range 300 {
		fd, other := r.connectTo(listener)
		r.add(fd, token)
		other.Write([]byte("x"))
		other.Close()
		r.remove(fd)
		r.close(fd)

		fd, other = r.connectTo(listener)
		r.add(fd, token+1)
		for _, event := range events[:r.wait(events, patience)] {
			if event.Token == token+1 && event.Ready != sys.Writable {
				t.Fatalf("the new connection is reported as %04b, want Writable alone", event.Ready)
			}
		}
		r.remove(fd)
		r.close(fd)
		other.Close()
		token += 2
	}
}

func manyDescriptors(t *testing.T, r *rig) {
	const count = 500
	listener := r.listen()
	defer r.close(listener)
	others := make([]far, count)
	for i := range others {
		var fd int
		fd, others[i] = r.connectTo(listener)
		r.add(fd, sys.Token(i))
		defer others[i].Close()
		defer r.close(fd)
		defer r.remove(fd)
	}
	for _, other := range others {
		other.Write([]byte("x"))
	}
	ready := make(map[sys.Token]bool)
	events := make([]sys.Event, 64)
	for deadline := time.Now().Add(patience); len(ready) < count; {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d descriptors became readable", len(ready), count)
		}
		for _, event := range events[:r.wait(events, patience)] {
			if event.Ready&sys.Readable != 0 {
				ready[event.Token] = true
			}
		}
	}
}

func moreEventsThanRoom(t *testing.T, r *rig) {
	others := make([]far, 5)
	for i := range others {
		var fd int
		fd, others[i] = r.connect()
		r.add(fd, sys.Token(i))
		defer others[i].Close()
		defer r.close(fd)
		defer r.remove(fd)
	}
	seen := make(map[sys.Token]bool)
	for one := make([]sys.Event, 1); len(seen) < len(others); {
		if r.wait(one, patience) != 1 {
			t.Fatalf("%d of %d descriptors were reported", len(seen), len(others))
		}
		seen[one[0].Token] = true
	}
}

// TestEngineCloseReleases opens and closes every engine and looks for what is
// left.
func TestEngineCloseReleases(t *testing.T) {
	for _, k := range kernels {
		t.Run(k.name, func(t *testing.T) {
			t.Run("warm up", func(t *testing.T) { closeReleases(k.open(t)) })
			r := &rig{t: t}
			descriptors, goroutines := openDescriptors(t), runtime.NumGoroutine()
			for i := range 5 {
				t.Run(fmt.Sprint(i), func(t *testing.T) { closeReleases(k.open(t)) })
			}
			r.eventually("return to the descriptors at the start", func() bool { return openDescriptors(t) <= descriptors })
			r.eventually("return to the goroutines at the start", func() bool { return runtime.NumGoroutine() <= goroutines })
		})
	}
}

// closeReleases leaves an engine that was used and woken to be closed.
func closeReleases(r *rig) {
	fd, other := r.connect()
	r.add(fd, 7)
	r.await(7, sys.Writable)
	r.remove(fd)
	r.close(fd)
	other.Close()
	if err := r.engine.Wake(); err != nil {
		r.t.Errorf("Wake: %v", err)
	}
}

func openDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
