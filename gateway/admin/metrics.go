package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicegate/sluice/gateway"
)

// Every metric of the gateway is declared in this file.

var (
	buildInfo   = describe("sluice_build_info", "Always 1; the labels tell what is running.", "version", "engine")
	healthy     = describe("sluice_healthy", "1 if every event loop answered within a second; if 0, the other series are absent.")
	ready       = describe("sluice_ready", "1 while new sessions are accepted.")
	refusals    = describe("sluice_refusals_total", "Connections that did not become sessions.", "reason")
	disconnects = describe("sluice_disconnects_total", "Sessions that ended.", "reason")
)

var ofGateway = []metric[gateway.Stats]{
	gauge("sluice_loops", "Event loops.", func(s *gateway.Stats) int { return len(s.Loops) }),
	gauge("sluice_http_connections", "Connections served as plain HTTP.", func(s *gateway.Stats) int { return s.HTTPConnections }),
	gauge("sluice_segments", "Input buffers of 64 KiB in use.", func(s *gateway.Stats) int { return s.Segments }),
	gauge("sluice_workers", "Workers that run pooled handlers.", func(s *gateway.Stats) int { return s.Workers.Workers }),
	gauge("sluice_workers_busy", "Workers that run a handler now.", func(s *gateway.Stats) int { return s.Workers.Busy }),
	gauge("sluice_workers_waiting_sessions", "Sessions that wait for a worker.", func(s *gateway.Stats) int { return s.Workers.Waiting }),
	counter("sluice_workers_batches_total", "Batches of messages that workers have run.", func(s *gateway.Stats) uint64 { return s.Workers.Ran }),
}

var ofLoop = []metric[gateway.LoopStats]{
	gauge("sluice_connections", "Open connections, sessions included.", func(l *gateway.LoopStats) int { return l.Connections }, "loop"),
	gauge("sluice_sessions", "Open WebSocket sessions.", func(l *gateway.LoopStats) int { return l.Sessions }, "loop"),
	gauge("sluice_inboxes", "Sessions with something that a pooled handler has not finished.", func(l *gateway.LoopStats) int { return l.Inboxes }, "loop"),
	gauge("sluice_connection_slots", "Connection slots that memory is held for.", func(l *gateway.LoopStats) int { return l.Slots }, "loop"),
	counter("sluice_loop_turns_total", "Turns of the loop.", func(l *gateway.LoopStats) uint64 { return l.Turns }, "loop"),
	counter("sluice_loop_wakes_total", "Turns begun by another goroutine.", func(l *gateway.LoopStats) uint64 { return l.Wakes }, "loop"),
	gauge("sluice_loop_longest_turn_seconds", "Longest turn of the last 10 to 20 seconds.", func(l *gateway.LoopStats) float64 { return l.LongestTurn.Seconds() }, "loop"),
}

// ofAllLoops are sums over the loops.
var ofAllLoops = []metric[gateway.LoopStats]{
	counter("sluice_accepted_total", "Connections accepted.", func(l *gateway.LoopStats) uint64 { return l.Accepted }),
	counter("sluice_accept_errors_total", "Failed accepts.", func(l *gateway.LoopStats) uint64 { return l.AcceptErrors }),
	counter("sluice_upgraded_total", "Sessions opened.", func(l *gateway.LoopStats) uint64 { return l.Upgraded }),
	counter("sluice_received_bytes_total", "Bytes read from connections.", func(l *gateway.LoopStats) uint64 { return l.BytesIn }),
	counter("sluice_sent_bytes_total", "Bytes written to connections.", func(l *gateway.LoopStats) uint64 { return l.BytesOut }),
	counter("sluice_received_messages_total", "Data messages received.", func(l *gateway.LoopStats) uint64 { return l.MessagesIn }),
	counter("sluice_sent_messages_total", "Data messages handed to sessions for sending, once per session.", func(l *gateway.LoopStats) uint64 { return l.MessagesOut }),
	counter("sluice_undelivered_messages_total", "Sends that arrived after their session had ended.", func(l *gateway.LoopStats) uint64 { return l.Undelivered }),
	counter("sluice_read_pauses_total", "Times a session was no longer read because too much of its input waited for a handler.", func(l *gateway.LoopStats) uint64 { return l.ReadPauses }),
	gauge("sluice_outbound_bytes", "Bytes that wait for slow clients.", func(l *gateway.LoopStats) int { return l.OutboundBytes }),
}

var ofHub = []metric[gateway.HubStats]{
	gauge("sluice_hub_sessions", "Sessions of the hub.", func(h *gateway.HubStats) int { return h.Sessions }, "hub"),
	counter("sluice_hub_published_total", "Messages published to the hub.", func(h *gateway.HubStats) uint64 { return h.Published }, "hub"),
}

// metric is one figure of a T.
type metric[T any] struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*T) float64
}

func gauge[T any, N int | float64](name, help string, of func(*T) N, labels ...string) metric[T] {
	return metric[T]{describe(name, help, labels...), prometheus.GaugeValue, func(t *T) float64 { return float64(of(t)) }}
}

func counter[T any](name, help string, of func(*T) uint64, labels ...string) metric[T] {
	return metric[T]{describe(name, help, labels...), prometheus.CounterValue, func(t *T) float64 { return float64(of(t)) }}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}
