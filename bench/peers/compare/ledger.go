package main

import (
	"context"
	"net/netip"
	"time"
)

// ledger follows the slow sessions of a hub from outside, from a goroutine of its
// own: what waits for each, and what becomes of it.
type ledger struct {
	// Fixed after openLedger.
	url      string
	room     int // a session for which more bytes wait has no room for a message
	stopping context.CancelFunc
	stopped  chan struct{}

	// Its goroutine only, until stopped is closed.
	accounts map[netip.AddrPort]*account // by the client's address
	looked   time.Time                   // when the look before was begun
	fault    error                       // of the last look
}

// account is what is known of a session that is slow.
type account struct {
	roomy   time.Time // the last look that saw room for a message, when it was begun
	decided time.Time // the first that saw a message dropped, or the session gone, when it was over; zero: none has
	dropped uint64
	most    int // bytes that waited
}

// undecided is how long at most the session had no room before something was
// done about it. The time between two looks is counted in.
func (a *account) undecided() time.Duration { return a.decided.Sub(a.roomy) }

const (
	// ledgerEvery is the time from one look to the next.
	ledgerEvery = 100 * time.Millisecond
	// calmEvery is the same once all that are slow have been decided about. What the
	// server allocates for looks must not keep it from giving back memory.
	calmEvery = time.Second
)

// openLedger begins to look at the list of slow sessions at url, of which each may
// have so many bytes waiting and still has room for another message.
func openLedger(ctx context.Context, url string, room int) *ledger {
	l := &ledger{url: url, room: room, stopped: make(chan struct{}), accounts: make(map[netip.AddrPort]*account), looked: time.Now()}
	ctx, l.stopping = context.WithCancel(ctx)
	go func() {
		defer close(l.stopped)
		repeat(ctx, ledgerEvery, func() {
			if !l.calm() || time.Since(l.looked) >= calmEvery {
				l.fault = l.look(ctx)
			}
		})
	}()
	return l
}

// close ends the looking. The error is of the last look: one that failed before
// only makes times seem longer.
func (l *ledger) close() error {
	l.stopping()
	<-l.stopped
	return l.fault
}

// sessionsPage is what is read of a list of sessions.
type sessionsPage struct {
	Sessions []sessionEntry `json:"sessions"`
}

type sessionEntry struct {
	RemoteAddr  netip.AddrPort `json:"remoteAddr"`
	QueuedBytes int            `json:"queuedBytes"`
	Dropped     uint64         `json:"dropped"`
}

// calm reports whether something is known and nothing is awaited.
func (l *ledger) calm() bool {
	for _, a := range l.accounts {
		if a.decided.IsZero() {
			return false
		}
	}
	return len(l.accounts) > 0
}

// look reads the list.
func (l *ledger) look(ctx context.Context) error {
	begun := time.Now()
	var page sessionsPage
	if err := readPage(ctx, l.url, &page); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	l.enter(page.Sessions, begun, time.Now())
	return nil
}

// enter takes down a list that was asked for and came at these moments.
func (l *ledger) enter(listed []sessionEntry, asked, came time.Time) {
	present := make(map[netip.AddrPort]bool, len(listed))
	for _, s := range listed {
		present[s.RemoteAddr] = true
		a := l.accounts[s.RemoteAddr]
		if a == nil { // it was not slow a look ago
			a = &account{roomy: l.looked}
			l.accounts[s.RemoteAddr] = a
		}
		if s.Dropped == 0 && !a.decided.IsZero() { // it was gone because it had caught up
			a.decided, a.roomy = time.Time{}, l.looked
		}
		a.dropped, a.most = s.Dropped, max(a.most, s.QueuedBytes)
		switch {
		case !a.decided.IsZero():
		case s.Dropped > 0:
			a.decided = came
		case s.QueuedBytes <= l.room:
			a.roomy = asked
		}
	}
	for address, a := range l.accounts {
		if a.decided.IsZero() && !present[address] {
			a.decided = came
		}
	}
	l.looked = asked
}

// most is the largest number of bytes that waited for one session.
func (l *ledger) most() (most int) {
	for _, a := range l.accounts {
		most = max(most, a.most)
	}
	return most
}

// of returns the account of a client; nil if it was never slow.
func (l *ledger) of(client netip.AddrPort) *account { return l.accounts[client] }
