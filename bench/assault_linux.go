package bench

import (
	"context"
	"time"
)

// Run attacks for the duration, or until ctx ends, and returns what the attackers
// did.
func (a Assault) Run(ctx context.Context) (*AttackerFigures, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	a = a.withDefaults()
	target, err := ResolveTarget(ctx, a.URL)
	if err != nil {
		return nil, err
	}
	l, err := newFoeLoop(a, target)
	if err != nil {
		return nil, err
	}
	if err := l.start(); err != nil {
		return nil, err
	}
	select {
	case <-time.After(a.Duration):
	case <-ctx.Done():
	}
	l.finish()
	return l.figures(), nil
}

// figures returns what the loop has counted. It has ended.
func (l *foeLoop) figures() *AttackerFigures {
	t := &l.tally
	seconds := t.took.Seconds()
	return &AttackerFigures{
		Open:                 t.open,
		Connections:          l.begun,
		ConnectionsPerSecond: float64(l.begun) / seconds,
		Ended:                t.ended,
		Failed:               t.failed,
		Frames:               t.frames,
		FramesPerSecond:      float64(t.frames) / seconds,
		Bytes:                t.bytes,
		BytesPerSecond:       float64(t.bytes) / seconds,
		CoreShare:            share(t.cpu, t.took),
		Failures:             t.failures.sorted(),
	}
}
