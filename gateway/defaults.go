package gateway

import (
	"log/slog"
	"net/http"
	"runtime"
	"time"
)

func (z Compression) withDefaults() Compression {
	for _, field := range []struct {
		value    *int
		standard int
	}{{&z.Threshold, 256}, {&z.Level, 1}, {&z.WindowBits, 15}} {
		if *field.value == 0 {
			*field.value = field.standard
		}
	}
	return z
}

// WithDefaults returns a copy of d in which every field that selects its default
// by being zero holds it.
func (d Delivery) WithDefaults() Delivery {
	if d.Batch == 0 {
		d.Batch = 32 << 10
	}
	return d
}

// WithDefaults returns a copy of c in which every field that selects its default
// by being zero holds it.
func (c Config) WithDefaults() Config {
	orInt := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	orDuration := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8080"
	}
	if c.Engine == "" {
		c.Engine = "easygo"
		if runtime.GOOS == "linux" {
			c.Engine = "epoll"
		}
	}
	if c.HTTP == nil {
		c.HTTP = http.NotFoundHandler()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Compression = c.Compression.withDefaults()
	orDuration(&c.LongTurn, 100*time.Millisecond)
	c.Admission = c.Admission.withDefaults()
	orDuration(&c.Settle, 2*time.Second)
	orInt(&c.Log.Sample, 10)
	orInt(&c.Loops, runtime.GOMAXPROCS(0))
	orInt(&c.Workers, 8*runtime.GOMAXPROCS(0))
	orInt(&c.Limits.Message, 64<<10)
	orInt(&c.Limits.Fragments, 1<<17)
	orInt(&c.Limits.Head, 8<<10)
	orInt(&c.Limits.Inflated, max(1, min(10*c.Limits.Message, 1<<30)))
	orInt(&c.Limits.Outbound, 1<<20)
	orInt(&c.Limits.OutboundMessages, 16<<10)
	orInt(&c.Limits.Backlog, 64<<20)
	orInt(&c.Limits.Groups, 128)
	orInt(&c.Limits.Identity, 4<<10)
	orInt(&c.Limits.KernelSend, 128<<10)
	orInt(&c.Limits.KernelReceive, 64<<10)
	orInt(&c.Limits.Inbound, 256<<10)
	orInt(&c.Limits.InboundMessages, 256)
	orInt(&c.Limits.ControlFrames, 100)
	orInt(&c.Limits.Decisions, 1024)
	orInt(&c.Limits.Undecided, 16<<10)
	orInt(&c.Limits.TLSHandshakes, 4096)
	orInt(&c.Limits.HTTPConnections, 256)
	c.Drain = c.Drain.withDefaults()
	orDuration(&c.Timeouts.Handshake, 10*time.Second)
	orDuration(&c.Timeouts.Decide, 10*time.Second)
	orDuration(&c.Timeouts.Ping, 25*time.Second)
	orDuration(&c.Timeouts.Pong, 8*time.Second)
	orDuration(&c.Timeouts.Close, 5*time.Second)
	orDuration(&c.Timeouts.WriteStall, 20*time.Second)
	return c
}
