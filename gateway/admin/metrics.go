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
	gauge("sluice_deciding_upgrades", "Upgrades that the program is deciding on now; further undecided ones stand in line.", func(s *gateway.Stats) int { return s.Deciding }),
	gauge("sluice_draining", "1 while sessions are being closed for a stop.", func(s *gateway.Stats) int {
		if s.Drain == nil {
			return 0
		}
		return 1
	}),
	gauge("sluice_drain_sessions_left", "Sessions that a drain has not ended yet; 0 while there is none.", func(s *gateway.Stats) int {
		if s.Drain == nil {
			return 0
		}
		return s.Drain.Left
	}),
	gauge("sluice_http_connections", "Connections served as plain HTTP.", func(s *gateway.Stats) int { return s.HTTPConnections }),
	gauge("sluice_segments", "Input buffers of 64 KiB in use.", func(s *gateway.Stats) int { return s.Segments }),
	gauge("sluice_workers", "Workers that run pooled handlers.", func(s *gateway.Stats) int { return s.Workers.Workers }),
	gauge("sluice_workers_busy", "Workers that run a handler now.", func(s *gateway.Stats) int { return s.Workers.Busy }),
	gauge("sluice_workers_waiting_sessions", "Sessions that wait for a worker.", func(s *gateway.Stats) int { return s.Workers.Waiting }),
	counter("sluice_workers_batches_total", "Batches of messages that workers have run.", func(s *gateway.Stats) uint64 { return s.Workers.Ran }),
}

var ofLoop = []metric[gateway.LoopStats]{
	gauge("sluice_connections", "Open connections, sessions included.", func(l *gateway.LoopStats) int { return l.Connections }, "loop"),
	gauge("sluice_waiting_connections", "Connections that wait for the accept rate, some that have left meanwhile included.", func(l *gateway.LoopStats) int { return l.Waiting }, "loop"),
	gauge("sluice_sessions", "Open WebSocket sessions.", func(l *gateway.LoopStats) int { return l.Sessions }, "loop"),
	gauge("sluice_undecided_upgrades", "Upgrades that the program has not decided on yet.", func(l *gateway.LoopStats) int { return l.Undecided }, "loop"),
	gauge("sluice_inboxes", "Sessions with something that a pooled handler has not finished.", func(l *gateway.LoopStats) int { return l.Inboxes }, "loop"),
	gauge("sluice_connection_slots", "Connection slots that memory is held for.", func(l *gateway.LoopStats) int { return l.Slots }, "loop"),
	counter("sluice_loop_turns_total", "Turns of the loop.", func(l *gateway.LoopStats) uint64 { return l.Turns }, "loop"),
	counter("sluice_loop_wakes_total", "Turns begun by another goroutine.", func(l *gateway.LoopStats) uint64 { return l.Wakes }, "loop"),
	counter("sluice_loop_busy_seconds_total", "Time that turns of the loop took, sleep excluded.", func(l *gateway.LoopStats) float64 { return l.TurnTime.Sum.Seconds() }, "loop"),
	gauge("sluice_loop_longest_turn_seconds", "Longest turn of the last 10 to 20 seconds.", func(l *gateway.LoopStats) float64 { return l.LongestTurn.Seconds() }, "loop"),
	counter("sluice_loop_long_turns_total", "Turns that took longTurn or longer.", func(l *gateway.LoopStats) uint64 { return l.LongTurns }, "loop"),
	counter("sluice_loop_letters_total", "What other goroutines have left for the loop: sends, publications, batches that workers have finished.", func(l *gateway.LoopStats) uint64 { return l.Letters }, "loop"),
	gauge("sluice_mailbox_letters", "What other goroutines have left for the loop and it has not taken yet.", func(l *gateway.LoopStats) int { return l.MailboxLetters }, "loop"),
	gauge("sluice_mailbox_bytes", "Bytes that the letters waiting for the loop take; at 64 MiB senders and publishers are told that the gateway is busy.", func(l *gateway.LoopStats) int { return l.MailboxBytes }, "loop"),
	gauge("sluice_fanout_pending_messages", "Published messages that some members on the loop still miss, those that a window collects included.", func(l *gateway.LoopStats) int { return l.Fanout.Messages }, "loop"),
	gauge("sluice_fanout_pending_bytes", "Bytes of published messages that some members on the loop still miss; at 64 MiB publishers are told that the gateway is busy.", func(l *gateway.LoopStats) int { return l.Fanout.Bytes }, "loop"),
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
	counter("sluice_busy_pauses_total", "Times a session was no longer read because too much of everyone's input waited for workers.", func(l *gateway.LoopStats) uint64 { return l.BusyPauses }),
	counter("sluice_rate_excess_total", "Delays of sessions, or messages, beyond the rates that one session may send at.", func(l *gateway.LoopStats) uint64 { return l.RateExcess }),
	counter("sluice_group_joins_total", "Memberships in groups that have begun.", func(l *gateway.LoopStats) uint64 { return l.Joined }),
	counter("sluice_group_leaves_total", "Memberships in groups that have ended.", func(l *gateway.LoopStats) uint64 { return l.Left }),
	counter("sluice_group_joins_refused_total", "Joins by sessions that were in as many groups as they may be.", func(l *gateway.LoopStats) uint64 { return l.JoinsRefused }),
	gauge("sluice_outbound_bytes", "Bytes that connections have committed to and their clients have not taken.", func(l *gateway.LoopStats) int { return l.OutboundBytes }),
	gauge("sluice_slow_sessions", "Sessions with a queue behind a full connection, on which the policies act.", func(l *gateway.LoopStats) int { return l.SlowSessions }),
	gauge("sluice_queued_messages", "Messages in the queues of slow sessions.", func(l *gateway.LoopStats) int { return l.QueuedMessages }),
	gauge("sluice_queued_bytes", "Bytes in the queues of slow sessions.", func(l *gateway.LoopStats) int { return l.QueuedBytes }),
	counter("sluice_fanout_passes_total", "Passes over the members of a hub or a group on one loop.", func(l *gateway.LoopStats) uint64 { return l.Fanout.Passes }),
	counter("sluice_fanout_members_total", "Members served in passes, each once for each pass.", func(l *gateway.LoopStats) uint64 { return l.Fanout.Members }),
}

// times are sums over the loops too. Which loop is at fault, its longest turn
// tells: 1024 loops with a histogram each would be 15,000 series.
var times = []histogram{
	{describe("sluice_loop_turn_seconds", "How long turns of the loops took, sleep excluded."), func(l *gateway.LoopStats) *gateway.Durations { return &l.TurnTime }},
	{describe("sluice_fanout_seconds", "Time from the publication of a message until the last member on a loop was served, windows included."), func(l *gateway.LoopStats) *gateway.Durations { return &l.Fanout.Latency }},
	{describe("sluice_worker_wait_seconds", "How long batches of messages waited for a worker."), func(l *gateway.LoopStats) *gateway.Durations { return &l.WorkerWait }},
}

var ofHub = []metric[gateway.HubStats]{
	gauge("sluice_hub_sessions", "Sessions of the hub.", func(h *gateway.HubStats) int { return h.Sessions }, "hub"),
	gauge("sluice_hub_users", "User ids that the hub's sessions have.", func(h *gateway.HubStats) int { return h.Users }, "hub"),
	gauge("sluice_hub_groups", "Groups of the hub.", func(h *gateway.HubStats) int { return h.Groups }, "hub"),
	counter("sluice_hub_published_total", "Messages published to the hub, its groups and its users.", func(h *gateway.HubStats) uint64 { return h.Published }, "hub"),
}

var ofCertificate = []metric[gateway.CertificateStats]{
	gauge("sluice_tls_certificate_expiry_timestamp_seconds", "When the certificate, or another of its chain, expires, in Unix time.", func(c *gateway.CertificateStats) float64 { return float64(c.Expires.Unix()) }, "name", "serial"),
}

// ofClass have the label hub empty for routes that are no hub's. The label policy
// changes with a reload only.
var ofClass = []metric[gateway.ClassStats]{
	counter("sluice_offered_messages_total", "Messages for open sessions, once for each session.", func(c *gateway.ClassStats) uint64 { return c.Offered }, "hub", "class", "policy"),
	counter("sluice_dropped_messages_total", "Messages that the session they were for was too slow for.", func(c *gateway.ClassStats) uint64 { return c.Dropped }, "hub", "class", "policy"),
	counter("sluice_slow_sessions_closed_total", "Sessions ended because a message had no room and its policy allows no drop.", func(c *gateway.ClassStats) uint64 { return c.Closed }, "hub", "class", "policy"),
}

// histogram is a distribution of times.
type histogram struct {
	desc *prometheus.Desc
	of   func(*gateway.LoopStats) *gateway.Durations
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

func counter[T any, N uint64 | float64](name, help string, of func(*T) N, labels ...string) metric[T] {
	return metric[T]{describe(name, help, labels...), prometheus.CounterValue, func(t *T) float64 { return float64(of(t)) }}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}
