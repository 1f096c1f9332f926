package admin

import (
	"time"

	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// published is a gateway with a public API.
type published struct {
	*scripted
	public PublicStats
}

func (p *published) PublicStats() PublicStats   { return p.public }
func (*published) Served(string) (Served, bool) { return nil, false }

func withAPI() *published {
	upstream := &webhook.Stats{Queued: 3, Handlers: []webhook.HandlerStats{
		{InFlight: 2, Waiting: 1, Breaker: "open", Latency: durations(time.Second)}, {Breaker: "closed"},
	}}
	upstream.Events[webhook.User] = webhook.EventStats{Answered: 5, Rejected: 4, Failed: 3, Dropped: 2, Retried: 1}
	return &published{&scripted{ready: true}, PublicStats{
		Hubs: []pubsub.Stats{
			{Hub: "chat", Reliable: 9, Detached: 8, ReplayMessages: 7, ReplayBytes: 6, Lapsed: 19, Recovered: 5, Unrecovered: 4, Expired: 3, Overrun: 2,
				Unauthorized: 11, Malformed: 12, EventsFailed: 13, Untold: 14, Acks: map[string]uint64{"Success": 15, "Forbidden": 16}, Upstream: upstream},
			{Hub: "open"},
		},
		REST: api.Stats{
			Operations:   []api.OperationStats{{Name: "sendToAll", Statuses: map[int]uint64{202: 17, 400: 1}}},
			Unauthorized: map[string]uint64{"TokenExpired": 18},
		},
	}}
}
