package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// glance is what the server says of itself at one moment.
type glance struct {
	at          time.Time
	pid         int
	connections int
	sessions    int
	upgraded    uint64
	segments    int
	goroutines  int
	rss         int64
	longestTurn time.Duration
	reasons     map[string]uint64

	// Of slow sessions: what waits for them, messages that had no room, and
	// those that were closed for it.
	queuedBytes int
	dropped     uint64
	slowClosed  uint64
}

// witness looks at a server every now and then, from a goroutine of its own.
type witness struct {
	// Fixed after watch.
	url      string
	pid      int
	stopping context.CancelFunc
	stopped  chan struct{}

	// Its goroutine only, until stopped is closed.
	glances []glance

	// Set by watch and stop.
	socketsBefore, socketsAfter int
}

const (
	// lookEvery is shorter than the 10 s for which the server remembers its
	// longest turn, and long enough to cost it nothing.
	lookEvery = 500 * time.Millisecond
	// leavePatience is how long the server has to be rid of its sessions.
	leavePatience = 15 * time.Second
)

// watch begins to look at the status page of a server process.
func watch(ctx context.Context, url string, pid int) (*witness, error) {
	w := &witness{url: url, pid: pid, stopped: make(chan struct{})}
	first, err := w.await(ctx)
	if err != nil {
		return nil, err
	}
	if w.socketsBefore, err = socketsOf(pid); err != nil {
		return nil, err
	}
	w.glances = append(w.glances, first)
	ctx, w.stopping = context.WithCancel(ctx)
	go w.run(ctx)
	return w, nil
}

// await returns the first look at a server that has just said where it listens,
// and may not serve yet.
func (w *witness) await(ctx context.Context) (glance, error) {
	for deadline := time.Now().Add(startDeadline); ; {
		g, err := w.look(ctx)
		if !errors.Is(err, errNotServing) || time.Now().After(deadline) {
			return g, err
		}
		if err := pause(ctx, lookEvery/10); err != nil {
			return glance{}, err
		}
	}
}

func (w *witness) run(ctx context.Context) {
	defer close(w.stopped)
	repeat(ctx, lookEvery, func() {
		if g, err := w.look(ctx); err == nil { // one that is gone is noticed by stop
			w.glances = append(w.glances, g)
		}
	})
}

// stop ends the looking, once the server is as it was before or has had the time
// to be.
func (w *witness) stop(ctx context.Context) error {
	w.stopping()
	<-w.stopped
	first := w.glances[0]
	for deadline := time.Now().Add(leavePatience); ; {
		last, err := w.look(ctx)
		if err != nil {
			return err
		}
		if w.socketsAfter, err = socketsOf(w.pid); err != nil {
			return err
		}
		asBefore := last.connections == 0 && last.goroutines <= first.goroutines && w.socketsAfter <= w.socketsBefore
		if asBefore || time.Now().After(deadline) {
			w.glances = append(w.glances, last)
			return nil
		}
		if err := pause(ctx, lookEvery); err != nil {
			return err
		}
	}
}

func (w *witness) first() glance { return w.glances[0] }
func (w *witness) last() glance  { return w.glances[len(w.glances)-1] }

// fullest is the first look that saw the most connections.
func (w *witness) fullest() glance {
	most := w.glances[0]
	for _, g := range w.glances {
		if g.connections > most.connections {
			most = g
		}
	}
	return most
}

// longestTurn is that of all that was seen.
func (w *witness) longestTurn() (longest time.Duration) {
	for _, g := range w.glances {
		longest = max(longest, g.longestTurn)
	}
	return longest
}

// mostQueued is of all that was seen, in bytes.
func (w *witness) mostQueued() (most int) {
	for _, g := range w.glances {
		most = max(most, g.queuedBytes)
	}
	return most
}

// busiest returns how many sessions were opened in the busiest span of a second
// or somewhat more, and its length.
func (w *witness) busiest() (opened uint64, span time.Duration) {
	for i, from := range w.glances {
		for _, to := range w.glances[i+1:] {
			took := to.at.Sub(from.at)
			if took < time.Second {
				continue
			}
			n := to.upgraded - from.upgraded
			if span == 0 || float64(n)/took.Seconds() > float64(opened)/span.Seconds() {
				opened, span = n, took
			}
			break
		}
	}
	return opened, span
}

// look reads the status page.
func (w *witness) look(ctx context.Context) (glance, error) {
	var s statusPage
	if err := readPage(ctx, w.url, &s); err != nil {
		return glance{}, err
	}
	if len(s.Gateway.Loops) == 0 {
		return glance{}, fmt.Errorf("%s: the status has no loops", w.url)
	}
	return s.sum(time.Now()), nil
}

// statusPage is what is read of the status page.
type statusPage struct {
	PID        int   `json:"pid"`
	Goroutines int   `json:"goroutines"`
	RSS        int64 `json:"rssBytes"`
	Gateway    struct {
		Segments int `json:"segments"`
		Loops    []struct {
			Connections int           `json:"connections"`
			Sessions    int           `json:"sessions"`
			Upgraded    uint64        `json:"upgraded"`
			LongestTurn time.Duration `json:"longestTurnNanoseconds"`
			// What connections have committed to, and the queues behind them.
			OutboundBytes int               `json:"outboundBytes"`
			QueuedBytes   int               `json:"queuedBytes"`
			Reasons       map[string]uint64 `json:"reasons"`
		} `json:"loops"`
		Classes []struct {
			Dropped uint64 `json:"dropped"`
			Closed  uint64 `json:"closed"`
		} `json:"classes"`
	} `json:"gateway"`
}

// sum adds up the loops.
func (s *statusPage) sum(at time.Time) glance {
	g := glance{at: at, pid: s.PID, goroutines: s.Goroutines, rss: s.RSS, segments: s.Gateway.Segments, reasons: make(map[string]uint64)}
	for _, l := range s.Gateway.Loops {
		g.connections += l.Connections
		g.sessions += l.Sessions
		g.upgraded += l.Upgraded
		g.longestTurn = max(g.longestTurn, l.LongestTurn)
		g.queuedBytes += l.OutboundBytes + l.QueuedBytes
		for reason, n := range l.Reasons {
			g.reasons[reason] += n
		}
	}
	for _, c := range s.Gateway.Classes {
		g.dropped += c.Dropped
		g.slowClosed += c.Closed
	}
	return g
}

// socketsOf counts the sockets that a process has open, in whichever of its
// threads' descriptor tables.
func socketsOf(pid int) (int, error) {
	links, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "fd", "*"))
	if err != nil {
		return 0, err
	}
	sockets := make(map[string]bool)
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "socket:") {
			sockets[to] = true
		}
	}
	return len(sockets), nil
}
