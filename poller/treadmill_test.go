package poller

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/buf"
	"github.com/sluicegate/sluice/poller/internal/sys"
)

// treadmill is a kernel that costs nothing: in each turn every connection has
// one small message to read, and every write is taken whole. What is measured
// on it is the loop's own.
type treadmill struct {
	sys.Engine
	sys.Sockets
	tokens  []sys.Token
	message []byte
	written int
	writes  int
}

func (m *treadmill) Add(_ int, token sys.Token) error {
	m.tokens = append(m.tokens, token)
	return nil
}

func (m *treadmill) Remove(int) error { return nil }

func (m *treadmill) Close(int) error { return nil }

func (m *treadmill) Wait(events []sys.Event, _ time.Duration) (int, error) {
	n := min(len(events), len(m.tokens))
	for i, token := range m.tokens[:n] {
		events[i] = sys.Event{Token: token, Ready: sys.Readable | sys.Writable}
	}
	return n, nil
}

func (m *treadmill) Read(_ int, p []byte) (int, error) { return copy(p, m.message), nil }

func (m *treadmill) Write(_ int, p []byte) (int, error) {
	m.written += len(p)
	m.writes++
	return len(p), nil
}

func (m *treadmill) Writev(_ int, ps [][]byte) (int, error) {
	n := 0
	for _, p := range ps {
		n += len(p)
	}
	m.written += n
	m.writes++
	return n, nil
}

// wheel is the engine and the sockets of a treadmill, which share a method name.
type wheel struct{ *treadmill }

func (wheel) Close() error { return nil }

// poster answers each message with a letter to its sender, as a worker does.
type poster struct{ *Loop }

func (poster) Opened(*Conn) {}
func (p poster) Data(c *Conn, b []byte) {
	p.Post(c.Handle(), 0, b[:2], b[2:])
}
func (poster) Mail(c *Conn, l Letter) { c.Queue(l.Bytes) }
func (poster) Drained(*Conn)          {}
func (poster) Sweep(*Conn)            {}
func (poster) Closed(*Conn, error)    {}
func (poster) TurnEnding()            {}
func (poster) TurnDone()              {}

// inline answers each message in its turn, twice, from an arena.
type inline struct {
	poster
	arena []byte
}

func (h *inline) Data(c *Conn, b []byte) {
	for _, part := range [][]byte{b[:2], b[2:]} {
		start := len(h.arena)
		h.arena = append(h.arena, part...)
		c.Queue(h.arena[start:])
	}
}

func (h *inline) TurnDone() { h.arena = h.arena[:0] }

const (
	treadmillConns = 256
	treadmillBytes = 64
)

// newTreadmill returns a loop on a treadmill that reads the time from now.
func newTreadmill(t testing.TB, now clock, newHandler func(*Loop) Handler) (*Loop, *treadmill) {
	t.Helper()
	m := &treadmill{message: pattern(treadmillBytes)}
	l := newLoop(0, rigConfig(), now, func() error { return nil }, new(buf.Pool))
	l.engine, l.sockets, l.handler = wheel{m}, m, newHandler(l)
	for fd := range treadmillConns {
		l.open(fd+3, netip.AddrPort{})
	}
	for range 3 { // what grows has grown
		l.turn()
	}
	return l, m
}

// stopped is a clock by which no turn spends its budget, however slow the machine.
func stopped() time.Duration { return 0 }

func TestATreadmillTurnEchoesEveryMessage(t *testing.T) {
	for name, newHandler := range treadmillHandlers {
		t.Run(name, func(t *testing.T) {
			l, m := newTreadmill(t, stopped, newHandler)
			m.written, m.writes = 0, 0
			const turns = 10
			for range turns {
				l.turn()
			}
			if m.written != turns*treadmillConns*treadmillBytes || m.writes != turns*treadmillConns {
				t.Errorf("%d bytes in %d writes, want %d in %d", m.written, m.writes, turns*treadmillConns*treadmillBytes, turns*treadmillConns)
			}
		})
	}
}

var treadmillHandlers = map[string]func(*Loop) Handler{
	"posted": func(l *Loop) Handler { return poster{l} },
	"inline": func(*Loop) Handler { return new(inline) },
}

// BenchmarkTurnEcho measures a loop's own cost of a message of 64 bytes.
func BenchmarkTurnEcho(b *testing.B) {
	for name, newHandler := range treadmillHandlers {
		b.Run(name, func(b *testing.B) {
			l, _ := newTreadmill(b, monotonic(), newHandler)
			b.ReportAllocs()
			for b.Loop() {
				l.turn()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/treadmillConns, "ns/message")
		})
	}
}
