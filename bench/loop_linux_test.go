package bench

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestPostedRunsOnceAndLetsTheLoopSleep(t *testing.T) {
	l, err := newLoop(0, 0, 0, newDialer(Load{}.withDefaults(), &Target{}, nil, nil, 0), &discards{})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(l.wakeFD)
	if err := l.prepare(); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(l.epoll)
	ran := 0
	for range 3 {
		l.post(func() { ran++ })
	}
	l.turn()
	if ran != 3 {
		t.Errorf("%d of 3 ran", ran)
	}
	// The wake of a post whose function has already run.
	one := [8]byte{7: 1}
	if _, err := unix.Write(l.wakeFD, one[:]); err != nil {
		t.Fatal(err)
	}
	l.turn()
	if n, errno := pollNow(l.epoll, l.events); n != 0 || errno != 0 {
		t.Errorf("got %d events, %v: the loop would not sleep", n, errno)
	}
	if ran != 3 {
		t.Errorf("ran again: %d", ran)
	}
}
