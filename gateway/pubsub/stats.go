package pubsub

import (
	"sync/atomic"

	"github.com/sluicegate/sluice/gateway/subprotocol"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// counts are the figures of a service.
type counts struct {
	// Atomic.
	detached       atomic.Int64
	replayMessages atomic.Int64
	replayBytes    atomic.Int64

	// Atomic, and only growing.
	unauthorized, malformed                  atomic.Uint64
	recovered, unrecovered, expired, overran atomic.Uint64
	eventsFailed, untold, lapsed             atomic.Uint64
	acks                                     [subprotocol.AckInternalServerError + 1]atomic.Uint64
}

// keep counts messages that wait to be acknowledged, and no longer do.
func (c *counts) keep(messages, bytes int) {
	c.replayMessages.Add(int64(messages))
	c.replayBytes.Add(int64(bytes))
}

// Stats are the figures of a service. Those without a word of the present only grow.
type Stats struct {
	// Hub is the hub's name.
	Hub string `json:"hub"`
	// Reliable is how many reliable clients there are now, and Detached how many of
	// them have no socket and are waited for.
	Reliable int `json:"reliable"`
	Detached int `json:"detached"`
	// ReplayMessages is how many messages wait now to be acknowledged, and ReplayBytes
	// their size, counted for each client that they are kept for.
	ReplayMessages int `json:"replayMessages"`
	ReplayBytes    int `json:"replayBytes"`
	// Lapsed is how many messages were dropped because their time to live was over
	// before a reliable client could be sent them, once for each client.
	Lapsed uint64 `json:"lapsed"`
	// Recovered is how often a client has come back, Unrecovered how often that was
	// refused, Expired how many did not in time, and Overrun how many left too much
	// unacknowledged.
	Recovered   uint64 `json:"recovered"`
	Unrecovered uint64 `json:"unrecovered"`
	Expired     uint64 `json:"expired"`
	Overrun     uint64 `json:"overrun"`
	// Unauthorized is how many upgrades were refused for their token or by the
	// upstream.
	Unauthorized uint64 `json:"unauthorized"`
	// Malformed is how many sessions were closed for a message that cannot be read.
	Malformed uint64 `json:"malformed"`
	// EventsFailed is how many user events had no answer, and Untold how many
	// notifications the upstream had no room for.
	EventsFailed uint64 `json:"eventsFailed"`
	Untold       uint64 `json:"untold"`
	// Acks counts answers to requests by their result; each is present.
	Acks map[string]uint64 `json:"acks"`
	// Upstream are the figures of a [webhook.Upstream]; nil if the hub has none.
	Upstream *webhook.Stats `json:"-"`
}

// Stats returns a snapshot.
func (s *Service) Stats() Stats {
	c := &s.counts
	acks := make(map[string]uint64, len(c.acks))
	for result := range c.acks {
		acks[subprotocol.AckResult(result).String()] = c.acks[result].Load()
	}
	stats := Stats{
		Hub:            s.config.Hub,
		Reliable:       s.reliable.len(),
		Detached:       int(c.detached.Load()),
		ReplayMessages: int(c.replayMessages.Load()),
		ReplayBytes:    int(c.replayBytes.Load()),
		Lapsed:         c.lapsed.Load(),
		Recovered:      c.recovered.Load(),
		Unrecovered:    c.unrecovered.Load(),
		Expired:        c.expired.Load(),
		Overrun:        c.overran.Load(),
		Unauthorized:   c.unauthorized.Load(),
		Malformed:      c.malformed.Load(),
		EventsFailed:   c.eventsFailed.Load(),
		Untold:         c.untold.Load(),
		Acks:           acks,
	}
	if upstream, is := s.config.Upstream.(*webhook.Upstream); is {
		figures := upstream.Stats()
		stats.Upstream = &figures
	}
	return stats
}
