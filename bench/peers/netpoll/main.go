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

func main() { peer.Main(serve) }

func serve(address string) error {
	if err := netpoll.Configure(netpoll.Config{BufferSize: 1 << 10}); err != nil {
		return err
	}
	listener, err := netpoll.CreateListener("tcp", address)
	if err != nil {
		return err
	}
	loop, err := netpoll.NewEventLoop(onRequest, netpoll.WithOnPrepare(newState))
	if err != nil {
		return err
	}
	peer.Announce(listener.Addr())
	return loop.Serve(listener)
}

// state is a connection's. netpoll runs one handler of a connection at a time.
type state struct{ open bool }

type stateKey struct{}

func newState(netpoll.Connection) context.Context {
	return context.WithValue(context.Background(), stateKey{}, new(state))
}

// onRequest is called when there is something to read.
func onRequest(ctx context.Context, conn netpoll.Connection) error {
	step := echo
	if s := ctx.Value(stateKey{}).(*state); !s.open {
		s.open = true
		step = open
	}
	err := step(conn)
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
		replies, used, frameErr := reply.Append((*scratch)[:0], frames)
		err = send(conn.Writer(), replies)
		*scratch = replies
		buffers.Put(scratch)
		if err := errors.Join(frameErr, err, in.Skip(used), in.Release()); err != nil {
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
