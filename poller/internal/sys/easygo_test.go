//go:build linux || darwin || freebsd

package sys

import (
	"errors"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func newEasygo(t *testing.T) *Easygo {
	t.Helper()
	e, err := NewEasygo()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return e
}

// TestEasygoQueue calls back as easygo would, without it.
func TestEasygoQueue(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(e *Easygo, a, b *registration)
		want []Event
	}{
		{"in order", func(_ *Easygo, a, b *registration) {
			b.report(Readable)
			a.report(Writable)
		}, []Event{{2, Readable}, {1, Writable}}},
		{"events of one token merge", func(_ *Easygo, a, b *registration) {
			a.report(Writable)
			b.report(Writable)
			a.report(Readable | PeerClosed)
		}, []Event{{1, Readable | Writable | PeerClosed}, {2, Writable}}},
		{"nothing to report", func(_ *Easygo, a, _ *registration) {
			a.report(0)
		}, nil},
		{"removed while queued", func(e *Easygo, a, b *registration) {
			a.report(Readable)
			b.report(Readable)
			e.forget(a)
		}, []Event{{2, Readable}}},
		{"called back after removal", func(e *Easygo, a, b *registration) {
			e.forget(a)
			a.report(Readable)
			b.report(Readable)
		}, []Event{{2, Readable}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEasygo(t)
			tt.run(e, &registration{engine: e, token: 1}, &registration{engine: e, token: 2})
			events := make([]Event, 4)
			n, err := e.Wait(events, 0)
			if err != nil || !slices.Equal(events[:n], tt.want) {
				t.Errorf("Wait = %v, %v, want %v", events[:n], err, tt.want)
			}
			if n, err := e.Wait(events, 0); n != 0 || err != nil {
				t.Errorf("the next Wait = %v, %v, want nothing", events[:n], err)
			}
		})
	}
}

func TestEasygoReportsItsFailure(t *testing.T) {
	e := newEasygo(t)
	broken := errors.New("broken")
	go e.fail(broken)
	if _, err := e.Wait(make([]Event, 1), -1); err != broken {
		t.Errorf("Wait: %v, want %v", err, broken)
	}
	e.fail(errors.New("later"))
	if _, err := e.Wait(make([]Event, 1), 0); err != broken {
		t.Errorf("Wait again: %v, want the first failure", err)
	}
}

func TestEasygoClosed(t *testing.T) {
	e, err := NewEasygo()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	_, waitErr := e.Wait(make([]Event, 1), -1)
	for name, err := range map[string]error{
		"Add": e.Add(0, 1), "Remove": e.Remove(0), "Wait": waitErr, "Wake": e.Wake(), "Close": e.Close(),
	} {
		if err != syscall.EBADF {
			t.Errorf("%s of a closed engine: %v, want EBADF", name, err)
		}
	}
}

func TestEasygoRefusesNoRoom(t *testing.T) {
	if n, err := newEasygo(t).Wait(nil, -1); n != 0 || err != syscall.EINVAL {
		t.Errorf("Wait with no room for events = %d, %v, want 0, EINVAL", n, err)
	}
}

// TestEasygoStaleEvents gives descriptor numbers to new owners while easygo
// holds events of the old ones. With one P, its goroutine cannot run between
// taking events from the kernel and looking up their callbacks.
func TestEasygoStaleEvents(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	e := newEasygo(t)
	var old, fresh [64]pair
	for round := range 20 {
		openPairs(t, e, &old, 0)
		drain(t, e)
		for _, p := range old {
			unix.Close(p.far)
		}
		for _, p := range old {
			p.close(t, e)
		}
		openPairs(t, e, &fresh, 1000)
		for _, event := range drain(t, e) {
			if event.Token >= 1000 && event.Ready != Writable {
				t.Fatalf("round %d: event %+v of a new socket is that of the socket before", round, event)
			}
		}
		for _, p := range fresh {
			unix.Close(p.far)
			p.close(t, e)
		}
	}
}

type pair struct{ near, far int }

func openPairs(t *testing.T, e *Easygo, pairs *[64]pair, token Token) {
	t.Helper()
	for i := range pairs {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		pairs[i] = pair{fds[0], fds[1]}
		if err := e.Add(fds[0], token+Token(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func (p pair) close(t *testing.T, e *Easygo) {
	t.Helper()
	if err := errors.Join(e.Remove(p.near), unix.Close(p.near)); err != nil {
		t.Fatal(err)
	}
}

// drain returns the events of the next moments.
func drain(t *testing.T, e *Easygo) []Event {
	t.Helper()
	var all []Event
	for events := make([]Event, 256); ; {
		n, err := e.Wait(events, 2*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return all
		}
		all = append(all, events[:n]...)
	}
}
