package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestLedgerBoundsHowLongNothingWasDone: the moments are seconds; a look that is
// asked for at 10 comes at 11.
func TestLedgerBoundsHowLongNothingWasDone(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	client := netip.MustParseAddrPort("127.0.0.1:9")
	waiting := func(bytes int) []sessionEntry { return []sessionEntry{{RemoteAddr: client, QueuedBytes: bytes}} }
	missing := func(dropped uint64) []sessionEntry {
		return []sessionEntry{{RemoteAddr: client, QueuedBytes: 100, Dropped: dropped}}
	}
	for _, test := range []struct {
		name  string
		looks [][]sessionEntry
		want  time.Duration // 0: undecided
	}{
		{"full, then a drop", [][]sessionEntry{nil, waiting(80), waiting(100), waiting(100), missing(1), missing(9)}, 31 * time.Second},
		{"full, then gone", [][]sessionEntry{nil, waiting(90), waiting(91), nil, nil}, 21 * time.Second},
		{"first seen full", [][]sessionEntry{nil, nil, waiting(100), missing(1)}, 21 * time.Second},
		{"dropped with room", [][]sessionEntry{nil, missing(1)}, 11 * time.Second},
		{"caught up, and full again", [][]sessionEntry{waiting(80), nil, waiting(100), missing(1)}, 21 * time.Second},
		{"still full", [][]sessionEntry{waiting(80), waiting(100)}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := &ledger{room: 90, accounts: make(map[netip.AddrPort]*account)}
			for i, listed := range test.looks {
				l.enter(listed, at(10*i), at(10*i+1))
			}
			a := l.of(client)
			if a == nil || a.decided.IsZero() != (test.want == 0) || l.calm() != (test.want > 0) {
				t.Fatalf("got %+v, calm: %t", a, l.calm())
			}
			if test.want > 0 && a.undecided() != test.want {
				t.Errorf("got %v, want %v", a.undecided(), test.want)
			}
		})
	}
}

func TestLedgerLooksUntilItIsClosed(t *testing.T) {
	var looks atomic.Int32
	seen := make(chan bool)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if looks.Add(1) == 2 {
			close(seen)
		}
		fmt.Fprint(w, `{"sessions": [{"remoteAddr": "127.0.0.1:9", "queuedBytes": 80}]}`)
	}))
	defer web.Close()
	l := openLedger(t.Context(), web.URL, 90)
	<-seen
	if err := l.close(); err != nil || l.of(netip.MustParseAddrPort("127.0.0.1:9")) == nil {
		t.Errorf("got %v, %+v", err, l.accounts)
	}
	if l.calm() {
		t.Error("calm, with a session that is undecided")
	}
}

func TestLedgerSaysWhyItCannotLook(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	l := &ledger{url: web.URL}
	if err := l.look(t.Context()); err == nil || !strings.Contains(err.Error(), "404 Not Found") {
		t.Errorf("got %v", err)
	}
}
