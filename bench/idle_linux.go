package bench

import (
	"context"
	"errors"
	"time"
)

// Run opens the connections, holds them and closes them. An interrupt of ctx
// ends the run early, still with a report. A fault of i or of this machine is an
// error without a report; a server process that is gone in the end is one with.
func (i Idle) Run(ctx context.Context) (*Report, error) {
	if err := i.Validate(); err != nil {
		return nil, err
	}
	i = i.withDefaults()
	targets, err := roomTargets(ctx, i.URL, i.Rooms)
	if err != nil {
		return nil, err
	}
	load := i.Load
	load.URL = inRoom(i.URL, 0)
	r, err := newRun(ctx, "idle", load, i)
	if err != nil {
		return nil, err
	}
	var received []*discards
	err = r.open(ctx, func(first uint32, connections int) traffic {
		if i.Exchange {
			g := newGreetings(i.Load, connections)
			received = append(received, &g.rest)
			return g
		}
		d := &discards{targets: targets, first: first}
		received = append(received, d)
		return d
	})
	if err != nil {
		return nil, err
	}
	figures := &IdleFigures{}
	if r.opened > 0 && i.Exchange {
		figures.Unanswered = r.await(ctx, func(_ int, l *loop) uint64 { return l.busy() })
	}
	held := time.Now()
	if r.opened > 0 {
		err = r.sample(atAllOpen)
		r.enter("holding", i.Hold)
		r.pause(ctx, i.Hold)
		err = errors.Join(err, r.sample(atAfter))
	}
	figures.Held = time.Since(held)
	r.finish()
	for _, used := range r.openShare {
		r.report.Generator.add(used)
	}
	for n, l := range r.client.loops {
		figures.Pings += l.tally.pings
		figures.Messages += received[n].messages
		figures.Bytes += received[n].bytes
	}
	r.report.Idle = figures
	return r.report, err
}

// discards is the traffic of connections that only receive. Loop only, until
// the loop has ended.
type discards struct {
	// Fixed.
	targets []*Target // by room
	first   uint32    // number of the connection in slot 0

	// Loop only.
	messages uint64
	bytes    uint64
}

var _ mixed = (*discards)(nil)

func (d *discards) target(slot uint32) *Target {
	return d.targets[(d.first+slot)%uint32(len(d.targets))]
}

func (d *discards) stopsReading(uint32) bool { return false }

func (d *discards) lost(uint32, error) (accepted bool) { return false }

func (d *discards) data(_ *loop, _ *conn, p piece) error {
	d.bytes += uint64(len(p.payload))
	if p.end {
		d.messages++
	}
	return nil
}

func (d *discards) write(*loop, *conn) error { return nil }

func (d *discards) busy(*conn) bool { return false }
