package secure

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// readAs reads socket as the peer of a session does.
func readAs(peer *session13, socket net.Conn, n int) (data []byte, err error) {
	wire := make([]byte, 1<<10)
	for len(data) < n {
		got, err := socket.Read(wire)
		if err != nil {
			return data, err
		}
		for rest := wire[:got]; len(rest) > 0; {
			opened, used, err := peer.Open(rest)
			if data, rest = append(data, opened...), rest[used:]; err != nil {
				return data, err
			}
		}
	}
	return data, nil
}

// TestASessionThatLeftIsNotTouched: a loop goes on with its own sessions while one
// that has left it is used elsewhere. The race detector sees what the loop touches.
func TestASessionThatLeftIsNotTouched(t *testing.T) {
	peer, left := pair(suites[0])
	_, stays := pair(suites[0])
	ring := NewWarm(1)
	left.warm, stays.warm = ring, ring
	if _, n, err := left.Open(peer.Seal(nil, [][]byte{[]byte("on the loop")})); n == 0 || err != nil {
		t.Fatal(err)
	}
	ring.Forget(left)

	const rounds = 100
	var both sync.WaitGroup
	near, far := net.Pipe()
	both.Go(func() {
		c := NewConn(near, left, nil)
		for range rounds {
			c.Write([]byte{'x'})
		}
	})
	both.Go(func() {
		for range rounds {
			stays.Seal(nil, [][]byte{{'y'}})
			stays.cool()
		}
	})
	got, err := readAs(peer, far, rounds)
	both.Wait()
	if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{'x'}, rounds)) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestCloseDoesNotWaitForThePeer: one that reads nothing holds up nobody who
// closes for long, and not at all beside a write that waits for it already.
func TestCloseDoesNotWaitForThePeer(t *testing.T) {
	t.Run("idle", func(t *testing.T) { synctest.Test(t, closeIdle) })
	t.Run("writing", func(t *testing.T) { synctest.Test(t, closeWriting) })
}

func closeIdle(t *testing.T) {
	_, session := pair(suites[0])
	near, far := net.Pipe()
	defer far.Close()
	begun := time.Now()
	NewConn(near, session, nil).Close()
	if took := time.Since(begun); took != closeWait {
		t.Errorf("Close took %v, want %v", took, closeWait)
	}
}

func closeWriting(t *testing.T) {
	_, session := pair(suites[0])
	near, far := net.Pipe()
	defer far.Close()
	c := NewConn(near, session, nil)
	written := make(chan error, 1)
	go func() {
		_, err := c.Write([]byte("hello"))
		written <- err
	}()
	synctest.Wait()
	begun := time.Now()
	c.Close()
	if err := <-written; err == nil || time.Since(begun) > 0 {
		t.Errorf("the write ends with %v, %v after Close began; want an error at once", err, time.Since(begun))
	}
}

// TestTheEndIsToldOfASessionThatHasEnded: its loop has opened the peer's close_notify,
// and the peer, which waits for answers, sends nothing more.
func TestTheEndIsToldOfASessionThatHasEnded(t *testing.T) {
	peer, ended := pair(suites[0])
	if _, _, err := ended.Open(peer.Close(nil)); err != io.EOF {
		t.Fatal(err)
	}
	for _, session := range []Session{ended, &session12{end: io.EOF}} {
		near, far := net.Pipe()
		defer far.Close()
		near.SetReadDeadline(time.Now())
		if _, err := NewConn(near, session, nil).Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%T: Read returns %v, want %v", session, err, io.EOF)
		}
	}
}

// TestWritesFailOnceRecordsAreMissing: what cannot be sent any more, or would follow a
// part of a record, is not said to be written.
func TestWritesFailOnceRecordsAreMissing(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(c *Conn, far net.Conn)
	}{
		{"closed", func(c *Conn, far net.Conn) {
			go io.Copy(io.Discard, far)
			c.Close()
		}},
		{"a fault of the peer", func(c *Conn, far net.Conn) {
			go far.Write([]byte(unsealed))
			go io.Copy(io.Discard, far)
			c.Read(make([]byte, 1))
		}},
		{"a write that was late", func(c *Conn, far net.Conn) {
			go io.ReadFull(far, make([]byte, headerSize))
			c.SetWriteDeadline(time.Now().Add(time.Second))
			c.Write([]byte("late"))
			c.SetWriteDeadline(time.Time{})
			go io.Copy(io.Discard, far)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, session := pair(suites[0])
				near, far := net.Pipe()
				defer far.Close()
				c := NewConn(near, session, nil)
				test.end(c, far)
				if n, err := c.Write([]byte("more")); n != 0 || err == nil {
					t.Errorf("%d bytes are said to be written, %v", n, err)
				}
				c.Close()
			})
		})
	}
}
