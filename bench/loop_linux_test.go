package bench

import (
	"testing"

	"golang.org/x/sys/unix"
)

func newTestLoop(t *testing.T) *loop {
	t.Helper()
	l, err := newLoop(0, 0, 0, newDialer(Load{}.withDefaults(), &Target{}, nil, nil, 0), &discards{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(l.wakeFD) })
	if err := l.prepare(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(l.epoll) })
	return l
}

func TestPostedRunsOnceAndLetsTheLoopSleep(t *testing.T) {
	l := newTestLoop(t)
	ran := 0
	for range 3 {
		l.post(func() { ran++ })
	}
	l.turn()
	if ran != 3 {
		t.Errorf("%d of 3 ran", ran)
	}
	// The wake of a post whose function has already run.
	wake(l.wakeFD)
	l.turn()
	if n, errno := pollNow(l.epoll, l.events); n != 0 || errno != 0 {
		t.Errorf("got %d events, %v: the loop would not sleep", n, errno)
	}
	if ran != 3 {
		t.Errorf("ran again: %d", ran)
	}
}

// TestEveryPostWakes: after any number of them, for nobody reads the eventfd.
func TestEveryPostWakes(t *testing.T) {
	l := newTestLoop(t)
	for i := range 1000 {
		l.post(func() {})
		if n, errno := pollNow(l.epoll, l.events); n != 1 || errno != 0 {
			t.Fatalf("post %d: got %d events, %v, want the wake", i+1, n, errno)
		}
		l.runPosted()
	}
}
