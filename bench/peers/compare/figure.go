package main

import "strconv"

// figure is one number that a run of the load tool yields.
type figure struct {
	name   string // title of its column and key in JSON, with its unit
	digits int    // behind the decimal point
	of     func(*report) float64
	isCost bool
}

func (f figure) format(v float64) string { return strconv.FormatFloat(v, 'f', f.digits, 64) }

// cost is a figure that servers are told apart by.
func cost(name string, digits int, of func(*report) float64) figure {
	return figure{name, digits, of, true}
}

// detail is a figure that explains others.
func detail(name string, digits int, of func(*report) float64) figure {
	return figure{name, digits, of, false}
}

// The first figure of a scenario is the one that servers are compared by.
var (
	echoFigures = []figure{
		cost("CPU µs/message", 2, func(r *report) float64 {
			return float64(r.Echo.ServerUser+r.Echo.ServerSystem) / nanosecondsPerMicrosecond
		}),
		detail("p50 µs", 0, func(r *report) float64 { return r.Echo.Latency.at(50) }),
		detail("p99 µs", 0, func(r *report) float64 { return r.Echo.Latency.at(99) }),
		detail("messages/s", 0, func(r *report) float64 { return r.Echo.PerSecond }),
		detail("RSS MiB", 1, func(r *report) float64 { return float64(r.last().RSS) / bytesPerMiB }),
	}
	broadcastFigures = []figure{
		cost("CPU µs/delivery", 2, func(r *report) float64 {
			return float64(r.Broadcast.ServerUser+r.Broadcast.ServerSystem) / nanosecondsPerMicrosecond
		}),
		detail("p50 ms", 1, func(r *report) float64 { return r.Broadcast.Latency.at(50) / microsecondsPerMillisecond }),
		detail("p99 ms", 1, func(r *report) float64 { return r.Broadcast.Latency.at(99) / microsecondsPerMillisecond }),
		detail("last p50 ms", 1, func(r *report) float64 { return r.Broadcast.LastLatency.at(50) / microsecondsPerMillisecond }),
		detail("deliveries/s", 0, func(r *report) float64 { return r.Broadcast.PerSecond }),
		detail("deliveries/read", 2, func(r *report) float64 { return r.Broadcast.PerRead }),
		detail("RSS MiB", 1, func(r *report) float64 { return float64(r.last().RSS) / bytesPerMiB }),
	}
	idleFigures = []figure{
		cost("RSS B/connection", 0, func(r *report) float64 { return r.perConnection(float64(r.last().RSS - r.first().RSS)) }),
		detail("at once B/connection", 0, func(r *report) float64 { return r.perConnection(float64(r.opened().RSS - r.first().RSS)) }),
		detail("peak B/connection", 0, func(r *report) float64 { return r.perConnection(float64(r.peak() - r.first().RSS)) }),
		cost("handshake CPU µs", 1, func(r *report) float64 {
			return r.perConnection(float64(r.opened().cpu()-r.first().cpu()) / nanosecondsPerMicrosecond)
		}),
		detail("connects/s", 0, func(r *report) float64 { return r.Connections.PerSecond }),
	}
)

const (
	nanosecondsPerMicrosecond  = 1e3
	microsecondsPerMillisecond = 1e3
	bytesPerMiB                = 1 << 20
)
