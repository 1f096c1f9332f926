package poller

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

// echo is a handler that queues what it reads.
type echo struct{ *Loop }

func (echo) Opened(*Conn)           {}
func (echo) Data(c *Conn, p []byte) { c.Queue(p) }
func (echo) Mail(*Conn, Letter)     {}
func (echo) Drained(*Conn)          {}
func (echo) Sweep(*Conn)            {}
func (echo) Closed(*Conn, error)    {}
func (echo) TurnDone()              {}

func TestEchoOverRealSockets(t *testing.T) {
	for _, config := range []Config{{Engine: "epoll"}, {Engine: "easygo"}, {Engine: "epoll", PrivateFDTables: true}} {
		t.Run(config.Engine, func(t *testing.T) {
			config.Listen = netip.MustParseAddrPort("127.0.0.1:0")
			config.Loops, config.Sweep, config.WriteStall, config.Linger = 2, time.Second, time.Second, time.Second
			s, err := Listen(config)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Start(func(l *Loop) Handler { return echo{l} }); err != nil {
				t.Fatal(err)
			}
			defer s.Stop()
			for range 20 {
				conn, err := net.Dial("tcp", s.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				sent := make([]byte, 300_000)
				for i := range sent {
					sent[i] = byte(i * 7)
				}
				go conn.Write(sent)
				got := make([]byte, len(sent))
				if _, err := io.ReadFull(conn, got); err != nil {
					t.Fatal(err)
				}
				if string(got) != string(sent) {
					t.Fatal("the echo differs")
				}
				conn.Close()
			}
		})
	}
}
