package poller

import (
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestChurn opens and closes connections from either side at random moments,
// while letters arrive late. Afterwards nothing may be held. SLUICE_SOAK is the
// number of cycles on each engine, for long runs.
func TestChurn(t *testing.T) {
	cycles := 20_000 / len(engines)
	if testing.Short() {
		cycles = 300
	}
	if value := os.Getenv("SLUICE_SOAK"); value != "" {
		var err error
		if cycles, err = strconv.Atoi(value); err != nil || cycles < 1 {
			t.Fatalf("SLUICE_SOAK=%q: want a number of cycles", value)
		}
	}
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			config := engine.config(2)
			config.Linger = 20 * time.Millisecond
			s := startServerOf(t, config)
			for _, h := range s.handlers {
				s.on(h.Index(), func(*Loop) { h.data, h.mail = churnData(h), churnMail(h) })
			}
			const clients = 8
			var running sync.WaitGroup
			for n := range clients {
				running.Go(func() {
					random := rand.New(rand.NewPCG(uint64(n), 7))
					for range cycles / clients {
						if err := churnOnce(s, random); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			running.Wait()
			// Without any help the loops come to rest: peers are gone.
			for i := range s.Loops() {
				eventually(t, "all connections are closed", func() bool {
					open := 0
					s.on(i, func(l *Loop) { open = l.Stats().Connections })
					return open == 0
				})
			}
			t.Logf("%d cycles: at rest again", cycles)
			if got := s.SegmentsInUse(); got > s.Loops() {
				t.Errorf("%d segments in use with no connection, want at most one for each of %d loops", got, s.Loops())
			}
		})
	}
}

// What a churning client asks of the server with its first byte.
const (
	askEcho = iota
	askFinish
	askAbort
	askReset
	askFlood
	asks
)

func churnData(h *echo) func(*Conn, []byte) {
	flood := pattern(256 << 10)
	return func(c *Conn, p []byte) {
		switch p[0] % asks {
		case askFinish:
			c.QueueShared([]byte("bye"))
			c.Finish()
		case askAbort:
			c.Abort(errTest)
		case askReset:
			c.Reset(errTest)
		case askFlood:
			c.QueueShared(flood)
		default:
			start := len(h.arena)
			h.arena = append(h.arena, p...)
			c.Queue(h.arena[start:])
		}
	}
}

func churnMail(*echo) func(*Conn, Letter) {
	return func(c *Conn, l Letter) {
		if l.Kind == askAbort {
			c.Abort(errTest)
			return
		}
		c.Queue(l.Bytes)
	}
}

func churnOnce(s *testServer, random *rand.Rand) error {
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	tcp := conn.(*net.TCPConn)
	if random.IntN(4) == 0 {
		tcp.SetLinger(0) // closing is a reset
	}
	if random.IntN(8) == 0 {
		return nil
	}
	ask := byte(random.IntN(asks))
	conn.Write([]byte{ask, 'x', 'y'})
	if random.IntN(2) == 0 {
		if h, ok := s.census.handleOf(tcp.LocalAddr().(*net.TCPAddr).AddrPort()); ok {
			for range 3 {
				s.Loop(int(h.Loop)).Post(h, Kind(random.IntN(asks)), []byte("late "), []byte("letter"))
			}
		}
	}
	switch random.IntN(4) {
	case 0:
	case 1:
		conn.Read(make([]byte, 3))
	case 2:
		tcp.CloseWrite()
		io.Copy(io.Discard, conn)
	default:
		tcp.CloseWrite()
	}
	return nil
}
