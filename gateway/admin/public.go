package admin

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// PublicSource is a [Source] that knows the figures of a public API. Any goroutine may
// call it.
type PublicSource interface {
	PublicStats() PublicStats
	// Served returns what serves a hub, and whether the public API does.
	Served(hub string) (Served, bool)
}

// PublicStats are the figures of a public API: of its hubs, in an order that stays, and
// of REST.
type PublicStats struct {
	Hubs []pubsub.Stats
	REST api.Stats
}

var ofService = []metric[pubsub.Stats]{
	gauge("sluice_reliable_clients", "Reliable clients, with or without a socket.", func(s *pubsub.Stats) int { return s.Reliable }, "hub"),
	gauge("sluice_detached_clients", "Reliable clients that have lost their socket and may recover.", func(s *pubsub.Stats) int { return s.Detached }, "hub"),
	gauge("sluice_replay_messages", "Messages kept until reliable clients acknowledge them, once for each client.", func(s *pubsub.Stats) int { return s.ReplayMessages }, "hub"),
	gauge("sluice_replay_bytes", "Bytes of the messages that are kept for reliable clients, once for each client.", func(s *pubsub.Stats) int { return s.ReplayBytes }, "hub"),
	counter("sluice_replay_expired_total", "Messages dropped because their time to live was over before reliable clients could be sent them, once for each client.", func(s *pubsub.Stats) uint64 { return s.Lapsed }, "hub"),
	counter("sluice_recoveries_total", "Reliable clients that came back on another socket.", func(s *pubsub.Stats) uint64 { return s.Recovered }, "hub"),
	counter("sluice_recoveries_refused_total", "Recoveries that were refused.", func(s *pubsub.Stats) uint64 { return s.Unrecovered }, "hub"),
	counter("sluice_reliable_expired_total", "Reliable clients that did not come back in time.", func(s *pubsub.Stats) uint64 { return s.Expired }, "hub"),
	counter("sluice_replay_overruns_total", "Reliable clients ended because they left too much unacknowledged.", func(s *pubsub.Stats) uint64 { return s.Overrun }, "hub"),
	counter("sluice_client_refusals_total", "Upgrades of clients refused for their token or request, or by the upstream.", func(s *pubsub.Stats) uint64 { return s.Unauthorized }, "hub"),
	counter("sluice_malformed_messages_total", "Sessions closed for a message that is not of their protocol.", func(s *pubsub.Stats) uint64 { return s.Malformed }, "hub"),
	counter("sluice_user_events_failed_total", "User events of clients that had no answer, or a rejection.", func(s *pubsub.Stats) uint64 { return s.EventsFailed }, "hub"),
	counter("sluice_notifications_lost_total", "Notifications that the upstream had no room for.", func(s *pubsub.Stats) uint64 { return s.Untold }, "hub"),
}

var ofHandler = []metric[webhook.HandlerStats]{
	gauge("sluice_upstream_requests", "Requests to an event handler under way.", func(h *webhook.HandlerStats) int { return h.InFlight }, "hub", "handler"),
	gauge("sluice_upstream_waiting", "Events that wait because as many requests are under way as may be.", func(h *webhook.HandlerStats) int { return h.Waiting }, "hub", "handler"),
	gauge("sluice_upstream_open", "1 while an event handler is left alone because it failed too often.", func(h *webhook.HandlerStats) float64 { return oneIf(h.Breaker == "open") }, "hub", "handler"),
	counter("sluice_upstream_seconds_total", "Time that requests to an event handler took.", func(h *webhook.HandlerStats) float64 { return h.Latency.Sum.Seconds() }, "hub", "handler"),
	counter("sluice_upstream_requests_total", "Requests to an event handler.", func(h *webhook.HandlerStats) uint64 { return h.Latency.Count() }, "hub", "handler"),
}

var (
	acks           = describe("sluice_acks_total", "Answers to the requests of clients.", "hub", "result")
	upstreamEvents = describe("sluice_upstream_events_total", "Events by what became of them.", "hub", "kind", "outcome")
	upstreamQueue  = describe("sluice_upstream_queue", "Notifications that wait or are under way.", "hub")
	restRequests   = describe("sluice_rest_requests_total", "Requests of the REST API.", "operation", "status")
	restRefusals   = describe("sluice_rest_unauthorized_total", "Requests of the REST API without a good token.", "cause")
)

// describePublic asks for no figures.
func describePublic(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{acks, upstreamEvents, upstreamQueue, restRequests, restRefusals} {
		to <- desc
	}
	describeAll(to, ofService)
	describeAll(to, ofHandler)
}

// collectPublic gives the figures of a public API, if there is one.
func collectPublic(to chan<- prometheus.Metric, source Source) {
	public, is := source.(PublicSource)
	if !is {
		return
	}
	stats := public.PublicStats()
	for i := range stats.Hubs {
		collectService(to, &stats.Hubs[i])
	}
	for _, o := range stats.REST.Operations {
		for status, n := range o.Statuses {
			count(to, restRequests, n, o.Name, strconv.Itoa(status))
		}
	}
	for cause, n := range stats.REST.Unauthorized {
		count(to, restRefusals, n, cause)
	}
}

func collectService(to chan<- prometheus.Metric, s *pubsub.Stats) {
	collect(to, ofService, s, s.Hub)
	for result, n := range s.Acks {
		count(to, acks, n, s.Hub, result)
	}
	if s.Upstream == nil {
		return
	}
	to <- prometheus.MustNewConstMetric(upstreamQueue, prometheus.GaugeValue, float64(s.Upstream.Queued), s.Hub)
	for kind, events := range s.Upstream.Events {
		name := webhook.Kind(kind).String()
		count(to, upstreamEvents, events.Answered, s.Hub, name, "answered")
		count(to, upstreamEvents, events.Rejected, s.Hub, name, "rejected")
		count(to, upstreamEvents, events.Failed, s.Hub, name, "failed")
		count(to, upstreamEvents, events.Dropped, s.Hub, name, "dropped")
		count(to, upstreamEvents, events.Retried, s.Hub, name, "retried")
	}
	for i := range s.Upstream.Handlers {
		// The same URL may stand in several handlers of a hub.
		collect(to, ofHandler, &s.Upstream.Handlers[i], s.Hub, strconv.Itoa(i))
	}
}

func count(to chan<- prometheus.Metric, desc *prometheus.Desc, n uint64, labels ...string) {
	to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
}
