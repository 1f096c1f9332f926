package gateway_test

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec/codectest"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// pipeline is an echo client that allocates nothing: it sends a batch of equal
// messages and reads as many bytes as their echoes have.
type pipeline struct {
	conn   net.Conn
	batch  []byte
	echoes []byte
}

// newPipeline connects a client to a new gateway that echoes. A batch has
// inFlight messages of 64 bytes.
func newPipeline(t testing.TB, d gateway.Dispatch, inFlight int) *pipeline {
	t.Helper()
	const size, header = 64, 2
	n := gatewaytest.Start(t, serving(gateway.Config{Loops: 1}, gateway.Echo(), d))
	c := n.Dial(t, "/")
	frame := gatewaytest.Masked(ws.NewBinaryFrame(make([]byte, size)))
	p := &pipeline{conn: c.Conn(), echoes: make([]byte, inFlight*(header+size))}
	for range inFlight {
		p.batch = append(p.batch, frame...)
	}
	c.Conn().SetDeadline(time.Time{})
	return p
}

// newCompressedPipeline is newPipeline with compressed messages of 1,000 bytes.
func newCompressedPipeline(t *testing.T, d gateway.Dispatch, inFlight int) *pipeline {
	t.Helper()
	n := gatewaytest.Start(t, compressing(serving(gateway.Config{Loops: 1}, gateway.Echo(), d)))
	c := n.Dial(t, "/", offering("permessage-deflate"))
	message := compressedFrame(ws.OpBinary, codectest.Deflate(bytes.Repeat([]byte("say it again, "), 72)))
	c.SendFrame(message)
	echo := ws.MustCompileFrame(c.ReceiveFrame())
	p := &pipeline{
		conn:   c.Conn(),
		batch:  bytes.Repeat(gatewaytest.Masked(message), inFlight),
		echoes: make([]byte, inFlight*len(echo)),
	}
	c.Conn().SetDeadline(time.Time{})
	return p
}

// run sends one batch and reads its echoes.
func (p *pipeline) run(t testing.TB) {
	if _, err := p.conn.Write(p.batch); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(p.conn, p.echoes); err != nil {
		t.Fatal(err)
	}
}

func benchmarkEcho(b *testing.B, d gateway.Dispatch) {
	for _, bench := range []struct {
		name     string
		inFlight int
	}{{"1InFlight", 1}, {"8InFlight", 8}} {
		b.Run(bench.name, func(b *testing.B) {
			p := newPipeline(b, d, bench.inFlight)
			b.ReportAllocs()
			b.SetBytes(64)
			b.ResetTimer()
			for left := b.N; left > 0; left -= bench.inFlight {
				p.run(b)
			}
			b.StopTimer()
		})
	}
}

// One operation is one message.
func BenchmarkEchoInline(b *testing.B) { benchmarkEcho(b, gateway.Inline) }
func BenchmarkEchoPooled(b *testing.B) { benchmarkEcho(b, gateway.Pooled) }
