package poller

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys"
)

// TestNobodyIsRefusedWhileASuccessorTakesOver connects all the time while one
// server gives its listeners to another one and stops.
func TestNobodyIsRefusedWhileASuccessorTakesOver(t *testing.T) {
	for _, engine := range engines {
		for _, loops := range [][2]int{{2, 2}, {1, 3}, {3, 1}, {2, 3}} {
			t.Run(fmt.Sprintf("%s/%d loops to %d", engine.name, loops[0], loops[1]), func(t *testing.T) {
				old := startServer(t, engine, loops[0])
				var served atomic.Int64
				stop, failed := make(chan struct{}), make(chan error, 1)
				go func() { failed <- exchangeUntil(stop, old.Addr().String(), &served) }()
				progress := func() {
					from := served.Load()
					eventually(t, "more connections", func() bool { return served.Load() >= from+50 || len(failed) > 0 })
				}
				progress()
				files, err := old.Listeners()
				if err != nil || len(files) != loops[0] {
					t.Fatalf("%d listeners, %v; want %d", len(files), err, loops[0])
				}
				config := engine.config(loops[1])
				config.Inherited = files
				young := startServerOf(t, config)
				if young.Addr() != old.Addr() {
					t.Errorf("the successor listens on %v, its predecessor on %v", young.Addr(), old.Addr())
				}
				progress()
				old.StopAccepting()
				progress()
				close(stop)
				if err := <-failed; err != nil {
					t.Error(err)
				}
				if _, err := old.Listeners(); err == nil {
					t.Error("a server that has stopped to accept gives its listeners away")
				}
			})
		}
	}
}

// exchangeUntil connects, has its bytes echoed and closes, one connection after
// the other.
func exchangeUntil(stop <-chan struct{}, addr string, served *atomic.Int64) error {
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		if err := exchange(addr); err != nil {
			return fmt.Errorf("connection %d: %w", served.Load(), err)
		}
		served.Add(1)
	}
}

func exchange(addr string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write([]byte("ping")); err != nil {
		return err
	}
	var got [4]byte
	_, err = io.ReadFull(conn, got[:])
	return err
}

// A service manager opens one socket, blocking and without SO_REUSEPORT.
func TestLoopsShareOneInheritedListener(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			config := engine.config(3)
			config.Inherited = []*os.File{listenerFile(t)}
			s := startServerOf(t, config)
			for range 100 {
				if err := exchange(s.Addr().String()); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A successor that fails as it starts leaves the connections that queue to its
// predecessor, which has the socket too.
func TestWhoCannotStartTakesNoConnection(t *testing.T) {
	old, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	file, err := old.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	config := engines[0].config(2)
	config.Inherited = []*os.File{file}
	s, err := Listen(config)
	if err != nil {
		t.Fatal(err)
	}
	s.equipment[1].engine.open = func() (sys.Engine, error) { return nil, errTest }
	client, err := net.Dial("tcp", old.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := s.Start(func(*Loop) Handler { return newRecorder() }); !errors.Is(err, errTest) {
		t.Errorf("Start: %v, want %v", err, errTest)
	}
	old.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	conn, err := old.Accept()
	if err != nil {
		t.Fatalf("the connection is lost: %v", err)
	}
	conn.Close()
}

func listenerFile(t *testing.T) *os.File {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestOnlyListenersAreInherited(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	packets, err := conn.(*net.UDPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	pipe, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	for name, file := range map[string]*os.File{"a UDP socket": packets, "a pipe": pipe} {
		t.Run(name, func(t *testing.T) {
			config := engines[0].config(1)
			config.Inherited = []*os.File{file}
			if s, err := Listen(config); err == nil || !strings.Contains(err.Error(), "inherited socket") {
				t.Errorf("Listen: %v, %v; want an error that names the inherited socket", s, err)
			}
		})
	}
}
