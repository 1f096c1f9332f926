package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/poller"
)

var errNotServing = errors.New("gateway: not serving")

// Stats asks every loop for its figures and waits for the answers. If ctx ends
// first, the error names the loops that did not answer; a gateway that does not
// serve has no figures.
func (g *Gateway) Stats(ctx context.Context) (Stats, error) {
	g.mu.Lock()
	phase, started, drained := g.phase, g.started, g.drained
	g.mu.Unlock()
	if phase != serving && phase != draining {
		return Stats{}, errNotServing
	}
	asked := make([]question, len(g.shards))
	for i, s := range g.shards {
		q := question{answer: make(chan shardStats, 1)}
		q.mailLetters, q.mailBytes = s.loop.MailWaiting()
		if err := s.loop.Do(poller.TaskFunc(func(*poller.Loop) { q.answer <- s.stats() })); err != nil {
			return Stats{}, errNotServing
		}
		asked[i] = q
	}
	answers := make([]shardStats, len(asked))
	var silent []int
	for i, q := range asked {
		select {
		case answers[i] = <-q.answer:
			answers[i].loop.MailboxLetters, answers[i].loop.MailboxBytes = q.mailLetters, q.mailBytes
		case <-ctx.Done():
			silent = append(silent, i)
		}
	}
	if len(silent) > 0 {
		return Stats{}, fmt.Errorf("gateway: loops %v do not answer: %w", silent, ctx.Err())
	}
	stats := g.sum(answers)
	stats.Started = started
	if phase == draining {
		for _, l := range stats.Loops {
			drained.Left += l.Sessions
		}
		stats.Drain = &drained
	}
	return stats, nil
}

// question is what is asked of one loop, with the mail that waited before it.
type question struct {
	mailLetters, mailBytes int
	answer                 chan shardStats
}

// sum returns the figures of the gateway, given those of its loops.
func (g *Gateway) sum(answers []shardStats) Stats {
	pool := g.pool.Stats()
	stats := Stats{
		Address:         g.Addr().String(),
		Engine:          g.config.Engine,
		Workers:         WorkerStats{Workers: pool.Workers, Busy: pool.Busy, Waiting: pool.Waiting, Ran: pool.Ran},
		Deciding:        g.crew.Busy(),
		HTTPConnections: int(g.http.active.Load()),
		Segments:        g.server.SegmentsInUse(),
		Certificates:    g.tls.stats(),
	}
	for _, h := range g.hubs {
		stats.Hubs = append(stats.Hubs, HubStats{Name: h.name, Users: h.users.Len(), Groups: h.groups.Len(), Published: h.published.Load()})
	}
	for _, c := range g.classes {
		stats.Classes = append(stats.Classes, ClassStats{Hub: c.hub, Class: c.name, Policy: c.delivery.Load().Policy})
	}
	for _, one := range answers {
		stats.Loops = append(stats.Loops, one.loop)
		for n, members := range one.members {
			stats.Hubs[n].Sessions += members
		}
		for n, counts := range one.classes {
			c := &stats.Classes[n]
			c.Offered += counts.offered
			c.Dropped += counts.dropped
			c.Closed += counts.closed
		}
	}
	slices.SortFunc(stats.Hubs, func(a, b HubStats) int { return strings.Compare(a.Name, b.Name) })
	return stats
}

// shardStats are the figures of one loop.
type shardStats struct {
	loop    LoopStats
	members []int         // by the hub's number
	classes []classCounts // by the class's
}

// stats is called on the loop.
func (s *shard) stats() shardStats {
	l := s.loop.Stats()
	one := shardStats{classes: slices.Clone(s.counts.classes), loop: LoopStats{
		Connections:    l.Connections,
		accepting:      s.loop.Accepting(),
		Waiting:        s.door.waiting.Len(),
		Sessions:       s.open,
		Undecided:      s.undecided.Len(),
		Inboxes:        s.inboxes,
		Slots:          l.Slots,
		Accepted:       l.Accepted,
		AcceptErrors:   l.AcceptErrors,
		Upgraded:       s.counts.upgraded,
		BytesIn:        l.BytesIn,
		BytesOut:       l.BytesOut,
		MessagesIn:     s.counts.messagesIn,
		MessagesOut:    s.counts.messagesOut,
		Undelivered:    s.counts.undelivered + l.DeadLetters,
		ReadPauses:     s.counts.readPauses,
		BusyPauses:     s.counts.busyPauses,
		RateExcess:     s.counts.rateExcess,
		Joined:         s.counts.joined,
		Left:           s.counts.left,
		JoinsRefused:   s.counts.joinsRefused,
		Turns:          l.Turns,
		Wakes:          l.Wakes,
		TurnTime:       l.TurnTime,
		LongestTurn:    l.LongestTurn,
		LongTurns:      l.LongTurns,
		Letters:        l.Letters,
		OutboundBytes:  l.WaitingBytes,
		SlowSessions:   s.slow,
		QueuedMessages: s.queued.Messages,
		QueuedBytes:    s.queued.Bytes,
		Fanout: FanoutStats{
			Messages: s.fanout.messages,
			Bytes:    int(s.fanout.unsent.Load()),
			Passes:   s.fanout.passes,
			Members:  s.fanout.members,
			Latency:  s.fanout.latency,
		},
		WorkerWait: s.counts.workerWait,
		Reasons:    make(map[Reason]uint64, reasonCount),
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
