package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/poller"
)

// Stats is a snapshot of a gateway. It holds copies only.
type Stats struct {
	// Started is when Serve began.
	Started time.Time `json:"started"`
	// Engine is "epoll" or "easygo".
	Engine string `json:"engine"`
	// Loops has one entry per event loop, in order.
	Loops []LoopStats `json:"loops"`
	// Workers describes the pool that runs pooled handlers.
	Workers WorkerStats `json:"workers"`
	// HTTPConnections is the number of connections handed to net/http and not
	// yet ended.
	HTTPConnections int `json:"httpConnections"`
	// Segments is the number of input buffers of 64 KiB in use: at most one for
	// each loop, and those under messages that pooled handlers have not finished
	// with.
	Segments int `json:"segments"`
	// Hubs has one entry per hub, sorted by name.
	Hubs []HubStats `json:"hubs"`
}

// LoopStats are the figures of one event loop. Counters only grow.
type LoopStats struct {
	// Connections is the number of open connections, sessions included.
	Connections int `json:"connections"`
	// Sessions is the number of open WebSocket sessions.
	Sessions int `json:"sessions"`
	// Inboxes is the number of sessions, ended ones included, with something
	// for a pooled handler that it has not finished yet.
	Inboxes int `json:"inboxes"`
	// Slots is the number of connection slots that the loop holds memory for.
	Slots int `json:"slots"`

	// Accepted counts connections taken from the listener.
	Accepted uint64 `json:"accepted"`
	// AcceptErrors counts failed accepts, EAGAIN aside.
	AcceptErrors uint64 `json:"acceptErrors"`
	// Upgraded counts sessions opened.
	Upgraded uint64 `json:"upgraded"`
	// BytesIn and BytesOut count bytes read from and written to connections.
	BytesIn  uint64 `json:"bytesIn"`
	BytesOut uint64 `json:"bytesOut"`
	// MessagesIn counts data messages received; MessagesOut counts data
	// messages handed to a session for sending, once per session.
	MessagesIn  uint64 `json:"messagesIn"`
	MessagesOut uint64 `json:"messagesOut"`
	// Undelivered counts sends that arrived after their session had ended.
	Undelivered uint64 `json:"undelivered"`
	// ReadPauses counts sessions whose reading was stopped because too much of
	// their input waited for a handler.
	ReadPauses uint64 `json:"readPauses"`
	// Turns counts turns of the loop, Wakes those begun by another goroutine.
	Turns uint64 `json:"turns"`
	Wakes uint64 `json:"wakes"`
	// LongestTurn is the longest turn of the last 10 to 20 seconds.
	LongestTurn time.Duration `json:"longestTurnNanoseconds"`
	// OutboundBytes is the number of bytes that wait for slow peers.
	OutboundBytes int `json:"outboundBytes"`
	// Reasons counts refusals and disconnects by reason; every reason is
	// present.
	Reasons map[Reason]uint64 `json:"reasons"`
}

// WorkerStats describe the worker pool.
type WorkerStats struct {
	// Workers is the fixed number of workers.
	Workers int `json:"workers"`
	// Busy is how many of them run a handler now.
	Busy int `json:"busy"`
	// Waiting is how many sessions wait for a worker now.
	Waiting int `json:"waiting"`
	// Ran counts the batches that workers have run.
	Ran uint64 `json:"ran"`
}

// HubStats describe one hub.
type HubStats struct {
	Name     string `json:"name"`
	Sessions int    `json:"sessions"`
	// Published counts messages published to the hub.
	Published uint64 `json:"published"`
}

var errNotServing = errors.New("gateway: not serving")

// Stats asks every loop for its figures and waits for the answers. If ctx ends
// first, the error names the loops that did not answer; a gateway that does not
// serve has no figures.
func (g *Gateway) Stats(ctx context.Context) (Stats, error) {
	g.mu.Lock()
	phase, started := g.phase, g.started
	g.mu.Unlock()
	if phase != serving && phase != draining {
		return Stats{}, errNotServing
	}
	answers := make([]chan shardStats, len(g.shards))
	for i, s := range g.shards {
		answer := make(chan shardStats, 1)
		answers[i] = answer
		if err := s.loop.Do(poller.TaskFunc(func(*poller.Loop) { answer <- s.stats() })); err != nil {
			return Stats{}, errNotServing
		}
	}
	stats := Stats{Started: started, Engine: g.config.Engine, HTTPConnections: int(g.http.active.Load()), Segments: g.server.SegmentsInUse()}
	for _, h := range g.hubs {
		stats.Hubs = append(stats.Hubs, HubStats{Name: h.name, Published: h.published.Load()})
	}
	var silent []int
	for i, answer := range answers {
		select {
		case one := <-answer:
			stats.Loops = append(stats.Loops, one.loop)
			for n, members := range one.members {
				stats.Hubs[n].Sessions += members
			}
		case <-ctx.Done():
			silent = append(silent, i)
		}
	}
	if len(silent) > 0 {
		return Stats{}, fmt.Errorf("gateway: loops %v do not answer: %w", silent, ctx.Err())
	}
	pool := g.pool.Stats()
	stats.Workers = WorkerStats{Workers: pool.Workers, Busy: pool.Busy, Waiting: pool.Waiting, Ran: pool.Ran}
	slices.SortFunc(stats.Hubs, func(a, b HubStats) int { return strings.Compare(a.Name, b.Name) })
	return stats, nil
}

type shardStats struct {
	loop    LoopStats
	members []int // by the hub's number
}

// stats is called on the loop.
func (s *shard) stats() shardStats {
	l := s.loop.Stats()
	one := shardStats{loop: LoopStats{
		Connections:   l.Connections,
		Sessions:      s.open,
		Inboxes:       s.inboxes,
		Slots:         l.Slots,
		Accepted:      l.Accepted,
		AcceptErrors:  l.AcceptErrors,
		Upgraded:      s.counts.upgraded,
		BytesIn:       l.BytesIn,
		BytesOut:      l.BytesOut,
		MessagesIn:    s.counts.messagesIn,
		MessagesOut:   s.counts.messagesOut,
		Undelivered:   s.counts.undelivered + l.DeadLetters,
		ReadPauses:    s.counts.readPauses,
		Turns:         l.Turns,
		Wakes:         l.Wakes,
		LongestTurn:   l.LongestTurn,
		OutboundBytes: l.WaitingBytes,
		Reasons:       make(map[Reason]uint64, reasonCount),
	}}
	for _, r := range Reasons() {
		one.loop.Reasons[r] = s.counts.reasons[r]
	}
	one.loop.Reasons[ReasonNoDescriptors] = l.Shed
	for _, h := range s.gateway.hubs {
		one.members = append(one.members, s.shares.At(uint32(h.number)).members.Len())
	}
	return one
}
