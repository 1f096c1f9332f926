package main

import "strconv"

// figure is one number that a run of the load tool yields.
type figure struct {
	name   string // title of its column and key in JSON, with its unit
	digits int    // behind the decimal point
	of     func(*report) float64
}

func (f figure) format(v float64) string { return strconv.FormatFloat(v, 'f', f.digits, 64) }

// The first figure of a scenario is the one that servers are compared by.
var (
	echoFigures = []figure{
		{"CPU µs/message", 2, func(r *report) float64 {
			return float64(r.Echo.ServerUser+r.Echo.ServerSystem) / nanosecondsPerMicrosecond
		}},
		{"p50 µs", 0, func(r *report) float64 { return r.Echo.Latency.at(50) }},
		{"p99 µs", 0, func(r *report) float64 { return r.Echo.Latency.at(99) }},
		{"messages/s", 0, func(r *report) float64 { return r.Echo.PerSecond }},
		{"RSS MiB", 1, func(r *report) float64 { return float64(r.last().RSS) / bytesPerMiB }},
	}
	broadcastFigures = []figure{
		{"CPU µs/delivery", 2, func(r *report) float64 {
			return float64(r.Broadcast.ServerUser+r.Broadcast.ServerSystem) / nanosecondsPerMicrosecond
		}},
		{"p50 ms", 1, func(r *report) float64 { return r.Broadcast.Latency.at(50) / microsecondsPerMillisecond }},
		{"p99 ms", 1, func(r *report) float64 { return r.Broadcast.Latency.at(99) / microsecondsPerMillisecond }},
		{"last p50 ms", 1, func(r *report) float64 { return r.Broadcast.LastLatency.at(50) / microsecondsPerMillisecond }},
		{"deliveries/s", 0, func(r *report) float64 { return r.Broadcast.PerSecond }},
		{"deliveries/read", 2, func(r *report) float64 { return r.Broadcast.PerRead }},
		{"RSS MiB", 1, func(r *report) float64 { return float64(r.last().RSS) / bytesPerMiB }},
	}
	idleFigures = []figure{
		{"RSS B/connection", 0, func(r *report) float64 { return r.perConnection(float64(r.last().RSS - r.first().RSS)) }},
		{"at once B/connection", 0, func(r *report) float64 { return r.perConnection(float64(r.opened().RSS - r.first().RSS)) }},
		{"handshake CPU µs", 1, func(r *report) float64 {
			return r.perConnection(float64(r.opened().cpu()-r.first().cpu()) / nanosecondsPerMicrosecond)
		}},
		{"connects/s", 0, func(r *report) float64 { return r.Connections.PerSecond }},
	}
)

const (
	nanosecondsPerMicrosecond  = 1e3
	microsecondsPerMillisecond = 1e3
	bytesPerMiB                = 1 << 20
)
