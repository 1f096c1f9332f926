package poller

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"testing"
	"time"
)

// wicket is a gate that a test works: it answers what it is told, and takes the
// bytes up to a colon for a preface.
type wicket struct {
	next      Entry // the answer to an accept
	after     Entry // the answer to a preface
	held      []Handle
	abandoned []error
	gone      int
}

func (w *wicket) Accepted(c *Conn) Entry {
	w.held = append(w.held, c.Handle())
	return w.next
}

func (w *wicket) Preface(c *Conn, p []byte) (int, Entry) {
	end := bytes.IndexByte(p, ':')
	if end < 0 {
		return 0, AwaitPreface
	}
	c.SetRemoteAddr(netip.MustParseAddrPort("192.0.2.7:4711"))
	return end + 1, w.after
}

func (w *wicket) Abandoned(_ *Conn, cause error) { w.abandoned = append(w.abandoned, cause) }
func (w *wicket) Gone(*Conn)                     { w.gone++ }

func newGatedRig(t *testing.T, next, after Entry) (*rig, *wicket) {
	t.Helper()
	config := rigConfig()
	config.Preface = 3 * time.Second
	r := newRigOf(t, config)
	w := &wicket{next: next, after: after}
	r.gate = w
	return r, w
}

func TestAGateHolds(t *testing.T) {
	r, w := newGatedRig(t, Hold, Enter)
	stays, leaves, resets := r.kernel.Dial(r.acceptor.listeners[0]), r.kernel.Dial(r.acceptor.listeners[0]), r.kernel.Dial(r.acceptor.listeners[0])
	stays.Write([]byte("early"))
	leaves.Write([]byte("early"))
	r.settle()
	leaves.Close()
	resets.Reset()
	r.settle()
	if len(r.handler.opened) != 0 || len(w.abandoned) != 2 || w.gone != 2 {
		t.Fatalf("%d opened, %v abandoned, %d gone; want 0, 2 and 2", len(r.handler.opened), w.abandoned, w.gone)
	}
	if c := r.Conn(w.held[0]); c != nil {
		t.Error("a connection that is held is known to others")
	}
	elsewhere := w.held[0]
	elsewhere.Loop++
	if r.Enter(elsewhere) {
		t.Error("a handle of another loop lets a connection in")
	}
	for i, want := range []bool{true, false, false} {
		if got := r.Enter(w.held[i]); got != want {
			t.Errorf("connection %d enters: %v", i, got)
		}
	}
	r.settle()
	if got := string(r.handler.received[w.held[0]]); got != "early" {
		t.Errorf("received %q", got)
	}
	if r.Enter(w.held[0]) {
		t.Error("a connection enters twice")
	}
	stays.Close()
	r.settle()
	if w.gone != 3 || len(w.abandoned) != 2 {
		t.Errorf("%d gone, %d abandoned", w.gone, len(w.abandoned))
	}
}

func TestAGateAwaitsAPreface(t *testing.T) {
	for _, pieces := range [][]string{{"pre:data"}, {"pre:", "data"}, {"p", "re", ":da", "ta"}} {
		for _, after := range []Entry{Enter, Hold} {
			r, w := newGatedRig(t, AwaitPreface, after)
			peer := r.kernel.Dial(r.acceptor.listeners[0])
			for _, piece := range pieces {
				peer.Write([]byte(piece))
				r.settle()
			}
			if after == Hold {
				if len(r.handler.opened) != 0 {
					t.Fatal("a connection that is held has entered")
				}
				r.Enter(w.held[0])
				r.settle()
			}
			if got := string(r.handler.received[w.held[0]]); got != "data" {
				t.Errorf("%q: received %q", pieces, got)
			}
			if got := r.Conn(w.held[0]).RemoteAddr().String(); got != "192.0.2.7:4711" {
				t.Errorf("%q: from %s", pieces, got)
			}
			if r.early.Len() != 0 {
				t.Errorf("%q: input of %d connections is kept", pieces, r.early.Len())
			}
		}
	}
}

func TestConnectionsThatDoNotEnter(t *testing.T) {
	for _, tc := range []struct {
		name        string
		next, after Entry
		write       string
		wait        time.Duration
		leave       bool
		cause       error
	}{
		{"repelled", Repel, Enter, "", 0, false, ErrRepelled},
		{"repelled for its preface", AwaitPreface, Repel, "pre:data", 0, false, ErrRepelled},
		{"no preface", AwaitPreface, Enter, "", 5 * time.Second, false, ErrPrefaceTimeout},
		{"half a preface", AwaitPreface, Enter, "pre", 5 * time.Second, false, ErrPrefaceTimeout},
		{"gone before its preface", AwaitPreface, Enter, "pre", 0, true, io.EOF},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, w := newGatedRig(t, tc.next, tc.after)
			peer := r.kernel.Dial(r.acceptor.listeners[0])
			if tc.write != "" {
				peer.Write([]byte(tc.write))
			}
			r.settle()
			if tc.leave {
				peer.CloseWrite()
			}
			if tc.wait > 0 {
				r.pass(tc.wait)
			}
			r.settle()
			if len(w.abandoned) != 1 || !errors.Is(w.abandoned[0], tc.cause) || w.gone != 1 || len(r.handler.opened) != 0 {
				t.Errorf("abandoned for %v, %d gone, %d opened; want %v", w.abandoned, w.gone, len(r.handler.opened), tc.cause)
			}
			if tc.cause != io.EOF && !peer.WasReset() {
				t.Error("the peer was not reset")
			}
			if r.early.Len() != 0 {
				t.Errorf("input of %d connections is kept", r.early.Len())
			}
		})
	}
}

// TestWhoHasLeftGetsNoPlaceInLine has a peer end its stream right behind its preface:
// no event will tell of that once the connection is held.
func TestWhoHasLeftGetsNoPlaceInLine(t *testing.T) {
	for _, sent := range []string{"pre:", "pre:data"} {
		r, w := newGatedRig(t, AwaitPreface, Hold)
		peer := r.kernel.Dial(r.acceptor.listeners[0])
		peer.Write([]byte(sent))
		peer.CloseWrite()
		r.settle()
		if len(w.abandoned) != 1 || w.abandoned[0] != io.EOF || w.gone != 1 || r.early.Len() != 0 {
			t.Errorf("%q: abandoned for %v, %d gone, input of %d kept; want %v, 1 and 0", sent, w.abandoned, w.gone, r.early.Len(), io.EOF)
		}
	}
}

// TestWhoWaitsDoesNotFillTheMemory has connections send much right behind their
// preface, and then wait.
func TestWhoWaitsDoesNotFillTheMemory(t *testing.T) {
	r, w := newGatedRig(t, AwaitPreface, Hold)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 3<<10)
	const waiting = 10
	for range waiting {
		peer := r.kernel.Dial(r.acceptor.listeners[0])
		peer.Write(append([]byte("pre:"), sent...))
	}
	r.settle()
	kept := 0
	for _, early := range r.early.All() {
		kept += cap(early)
	}
	if most := waiting * 4 << 10; r.early.Len() != waiting || kept > most {
		t.Errorf("%d bytes are kept for %d connections, want at most %d", kept, r.early.Len(), most)
	}
	for _, h := range w.held {
		r.Enter(h)
	}
	r.settle()
	for _, h := range w.held {
		if got := r.handler.received[h]; !bytes.Equal(got, sent) {
			t.Errorf("%d bytes were received, want the %d that were sent", len(got), len(sent))
		}
	}
}
