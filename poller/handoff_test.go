package poller

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/internal/sys/fake"
)

func TestHandOffLeavesTheLoop(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	fd := int(r.conn(c).fd)
	r.handler.onData = func(conn *Conn, p []byte) {
		if err := conn.HandOff(bytes.Clone(p)); err != nil {
			t.Errorf("HandOff: %v", err)
		}
		r.handler.handedOff[c.handle] = true
	}
	r.write(c, pattern(64<<10))
	r.settle()
	if len(r.porter.carried) != 1 || r.porter.carried[0].fd != fd {
		t.Fatalf("carried %v, want descriptor %d", r.porter.carried, fd)
	}
	expectBytes(t, "carried", r.porter.carried[0].read, pattern(64<<10))
	r.expectOpen(c)
	if r.Conn(c.handle) != nil || r.Stats().Connections != 0 {
		t.Error("the connection is still on the loop")
	}
	r.calls.reset()
	r.write(c, []byte("for its new owner"))
	r.Post(c.handle, 0, nil, []byte("late"))
	r.settle()
	if len(r.calls.reads) != 0 || r.Stats().DeadLetters != 1 {
		t.Errorf("reads %v, %d dead letters; want none and 1", r.calls.reads, r.Stats().DeadLetters)
	}
}

func TestHandOffWhileBusy(t *testing.T) {
	r := newRig(t)
	r.porter.room = 0
	c := r.dial()
	var failed error
	r.handler.onData = func(conn *Conn, p []byte) {
		if string(p) == "hand me off" {
			failed = conn.HandOff(p)
			if !conn.Open() {
				t.Error("the connection is not open after a refused HandOff")
			}
		}
		conn.Queue([]byte("ok;"))
	}
	r.write(c, []byte("hand me off"))
	r.settle()
	if !errors.Is(failed, ErrHandOffBusy) {
		t.Errorf("HandOff: %v, want ErrHandOffBusy", failed)
	}
	r.write(c, []byte("and go on"))
	r.settle()
	r.expectReceived(c, "hand me offand go on")
	expectBytes(t, "sent", c.Read(), []byte("ok;ok;"))
	c.Close()
	r.settle()
	r.expectClosed(c, io.EOF)
}

// Events that come between the two registrations of a refused hand-off are not
// lost.
func TestARefusedHandOffLosesNoInput(t *testing.T) {
	r := newRig(t)
	r.porter.room = 0
	c := r.dial()
	first := true
	r.handler.onData = func(conn *Conn, _ []byte) {
		if first {
			first = false
			r.write(c, []byte("meanwhile"))
			c.CloseWrite()
			conn.HandOff(nil)
		}
	}
	r.write(c, []byte("begin,"))
	r.settle()
	r.expectReceived(c, "begin,meanwhile")
	r.expectClosed(c, io.EOF)
}

func TestARefusedHandOffThatCannotReturn(t *testing.T) {
	r := newRig(t)
	r.porter.room = 0
	c := r.dial()
	r.kernel.Fail(fake.OpAdd, 1, syscall.ENOSPC)
	if err := r.conn(c).HandOff(nil); err == nil {
		t.Error("HandOff reports success")
	}
	r.settle()
	if got := len(r.handler.closed[c.handle]); got != 1 {
		t.Errorf("Closed was called %d times, want once", got)
	}
}

// adopted is what [Config].Adopt was given.
type adopted struct {
	net.Conn
	read []byte
}

func TestHandOffOverRealSockets(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			const conns = 100
			arrived := make(chan adopted)
			config := engine.config(2)
			config.Adopt = func(conn net.Conn, read []byte) { arrived <- adopted{conn, read} }
			s := startServerOf(t, config)
			for i := range s.Loops() {
				s.on(i, func(l *Loop) {
					s.handlers[i].data = func(c *Conn, p []byte) {
						h := c.Handle()
						switch err := c.HandOff(bytes.Clone(p)); {
						case err == nil:
							s.census.left(h, nil)
						case errors.Is(err, ErrHandOffBusy):
							c.QueueShared([]byte("busy"))
						default:
							t.Errorf("HandOff: %v", err)
						}
					}
				})
			}
			var owners sync.WaitGroup
			owners.Go(func() {
				for range conns {
					a := <-arrived
					owners.Go(func() {
						defer a.Close()
						a.SetDeadline(time.Now().Add(patience))
						fmt.Fprintf(a, "%s, ", a.read)
						io.Copy(a, a)
					})
				}
			})
			for i := range conns {
				conn := s.dial()
				fmt.Fprintf(conn, "number %d", i)
				want := fmt.Sprintf("number %d, ", i)
				got := make([]byte, len(want))
				if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
					t.Fatalf("got %q, %v, want %q", got, err, want)
				}
				fmt.Fprint(conn, "more")
				conn.(*net.TCPConn).CloseWrite()
				if rest, err := io.ReadAll(conn); err != nil || string(rest) != "more" {
					t.Fatalf("then %q, %v, want %q", rest, err, "more")
				}
			}
			owners.Wait()
		})
	}
}

// While nobody adopts, a queue of sockets fills; then connections are told so
// and stay on the loop. Those in the queue are not lost when the server stops.
func TestHandOffsThatNobodyAdopts(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			proceed := make(chan struct{})
			var taken sync.Map
			config := engine.config(1)
			config.Adopt = func(conn net.Conn, read []byte) {
				<-proceed
				taken.Store(conn.RemoteAddr().String(), string(read))
				conn.Close()
			}
			queue := sharedQueue
			if config.PrivateFDTables {
				queue = pairQueue
			}
			s := startServerOf(t, config)
			var handedOff []string
			s.on(0, func(l *Loop) {
				s.handlers[0].data = func(c *Conn, p []byte) {
					h, addr := c.Handle(), c.RemoteAddr().String()
					if string(p) != "go" {
						c.QueueShared([]byte("still here"))
					} else if err := c.HandOff(bytes.Clone(p)); err == nil {
						s.census.left(h, nil)
						handedOff = append(handedOff, addr)
					} else if errors.Is(err, ErrHandOffBusy) {
						c.QueueShared([]byte("busy"))
					} else {
						t.Errorf("HandOff: %v", err)
					}
				}
			})
			var last net.Conn
			for range queue + 10 {
				last = s.dial()
				s.handle(last)
				fmt.Fprint(last, "go")
			}
			answer := make([]byte, 10)
			if _, err := io.ReadFull(last, answer[:4]); err != nil || string(answer[:4]) != "busy" {
				t.Fatalf("the last connection got %q, %v, want busy", answer[:4], err)
			}
			fmt.Fprint(last, "anyone?")
			if _, err := io.ReadFull(last, answer); err != nil || string(answer) != "still here" {
				t.Errorf("it then got %q, %v, want an answer of the loop", answer, err)
			}
			stopped := make(chan struct{})
			go func() { s.Stop(); close(stopped) }()
			close(proceed)
			await(t, "Stop", stopped)
			if got := len(handedOff); got < queue || got > queue+1 {
				t.Errorf("%d were handed off, want the %d of the queue, and one in Adopt", got, queue)
			}
			for _, addr := range handedOff {
				if read, ok := taken.Load(addr); !ok || read != "go" {
					t.Errorf("the connection of %s was adopted: %v, with %q", addr, ok, read)
				}
			}
		})
	}
}
