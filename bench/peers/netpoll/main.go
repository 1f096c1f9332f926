// Command netpoll echoes WebSocket messages with github.com/cloudwego/netpoll
// and gobwas/ws.
//
// The handler uses the no-copy reader that the library recommends: frames are
// unmasked where they were read, and one Flush sends the replies of one read. A
// partial frame blocks
// the handler's goroutine until it is complete; netpoll demands that a handler
// reads all there is. Connections begin with a buffer of 1 KiB instead of 8.
package main

import (
	"context"
	"errors"
	"sync"

	"github.com/cloudwego/netpoll"

	"github.com/sluicegate/sluice/bench/peers/internal/peer"
	"github.com/sluicegate/sluice/bench/peers/internal/reply"
)

func main() {
	peer.Main(peer.Plain(func(address string) error {
		return serve(address, func(netpoll.Connection) step { return echo })
	}), peer.Plain(broadcast))
}

// step deals with the frames that have arrived on a connection.
type step func(netpoll.Connection) error

// serve has each connection handled by what begin returns for it, which is called
// once the handshake has been answered.
func serve(address string, begin func(netpoll.Connection) step) error {
	if err := netpoll.Configure(netpoll.Config{BufferSize: 1 << 10}); err != nil {
		return err
	}
	listener, err := netpoll.CreateListener("tcp", address)
	if err != nil {
		return err
	}
	onRequest := func(ctx context.Context, conn netpoll.Connection) error {
		return ctx.Value(stateKey{}).(*state).handle(conn, begin)
	}
	loop, err := netpoll.NewEventLoop(onRequest, netpoll.WithOnPrepare(newState))
	if err != nil {
		return err
	}
	peer.Announce(listener.Addr())
	return loop.Serve(listener)
}

// state is a connection's. netpoll runs one handler of a connection at a time.
type state struct{ step step }

type stateKey struct{}

func newState(netpoll.Connection) context.Context {
	return context.WithValue(context.Background(), stateKey{}, new(state))
}

// handle is called when there is something to read.
func (s *state) handle(conn netpoll.Connection, begin func(netpoll.Connection) step) (err error) {
	if s.step == nil {
		if err = open(conn); err == nil {
			s.step = begin(conn)
		}
	} else {
		err = s.step(conn)
	}
	if err != nil {
		conn.Close()
	}
	return err
}

// open waits for the whole request head and answers it.
func open(conn netpoll.Connection) error {
	in := conn.Reader()
	for {
		head, err := in.Peek(in.Len())
		if err != nil {
			return err
		}
		answer, size, err := reply.Upgrade(head)
		if err != nil {
			return err
		}
		if size == 0 {
			if _, err := in.Peek(len(head) + 1); err != nil {
				return err
			}
			continue
		}
		if err := in.Skip(size); err != nil {
			return err
		}
		return errors.Join(send(conn.Writer(), answer), in.Release())
	}
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// echo answers frames until none is partial.
func echo(conn netpoll.Connection) error {
	return eachRead(conn, func(out, in []byte) ([]byte, int, error) {
		replies, used, frameErr := reply.Append(out, in)
		return replies, used, errors.Join(frameErr, send(conn.Writer(), replies))
	})
}

// eachRead calls answer with scratch memory and whole frames, or one and a part
// of the next, until none is partial. answer returns the memory and how many bytes
// it has dealt with.
func eachRead(conn netpoll.Connection, answer func(out, in []byte) ([]byte, int, error)) error {
	in := conn.Reader()
	for in.Len() > 0 {
		frames, err := in.Peek(in.Len())
		if err != nil {
			return err
		}
		if missing := reply.Missing(frames); missing > 0 {
			if _, err := in.Peek(len(frames) + missing); err != nil {
				return err
			}
			continue
		}
		scratch := buffers.Get().(*[]byte)
		out, used, err := answer((*scratch)[:0], frames)
		*scratch = out
		buffers.Put(scratch)
		if err := errors.Join(err, in.Skip(used), in.Release()); err != nil {
			return err
		}
	}
	return nil
}

// send borrows p. Building replies in the output buffer would save the copy,
// but MallocAck(0), for a read without replies, keeps what was allocated.
func send(out netpoll.Writer, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	room, err := out.Malloc(len(p))
	if err != nil {
		return err
	}
	copy(room, p)
	return out.Flush()
}
