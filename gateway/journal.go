package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/poller"
)

// journal writes log records on a goroutine of its own. A loop must not wait
// for a log that a full disk or a stuck pipe holds up, and one with a private
// descriptor table could not write to it at all.
type journal struct {
	// Fixed after openJournal.
	logger  *slog.Logger
	records chan record // never closed: a handler may outlive the gateway
	closing chan struct{}

	// Atomic.
	lost    atomic.Uint64 // records dropped since the last one written
	sampler sampler

	writing sync.WaitGroup
}

type record struct {
	level   slog.Level
	message string
	args    []any
}

const (
	// journalRecords is how many records may wait.
	journalRecords = 256
	// sampleWindow is the time that [Log].Sample counts in.
	sampleWindow = time.Second
)

func openJournal(logger *slog.Logger, log Log) *journal {
	j := &journal{logger: logger, records: make(chan record, journalRecords), closing: make(chan struct{})}
	j.sampler.most.Store(int64(log.Sample))
	j.writing.Go(j.write)
	return j
}

func (j *journal) write() {
	window := time.NewTicker(sampleWindow)
	defer window.Stop()
	for {
		select {
		case r := <-j.records:
			j.put(r)
		case <-window.C:
			j.putExcess()
		case <-j.closing:
			for len(j.records) > 0 {
				j.put(<-j.records)
			}
			j.putExcess()
			return
		}
	}
}

func (j *journal) put(r record) {
	if lost := j.lost.Swap(0); lost > 0 {
		j.logger.Warn("log records were dropped", "count", lost)
	}
	j.logger.Log(context.Background(), r.level, r.message, r.args...)
}

// putExcess tells how many records were not written since it was last called.
func (j *journal) putExcess() {
	for k, count := range j.sampler.excess() {
		j.put(record{k.level(), "more of a kind than are logged one by one", []any{"kind", k.String(), "count", count}})
	}
}

// log queues a record. It may be called from any goroutine, and never blocks.
func (j *journal) log(level slog.Level, message string, args ...any) {
	select {
	case j.records <- record{level, message, args}:
	default:
		j.lost.Add(1)
	}
}

// ended records the end of a connection, if its reason is of interest.
func (j *journal) ended(c *poller.Conn, x *session, cause error) {
	level := x.reason.Level()
	if !j.logger.Enabled(context.Background(), level) || !j.sampler.admits(kind(x.reason)) {
		return
	}
	args := []any{"reason", x.reason.String(), "remote", c.RemoteAddr().String()}
	if !errors.Is(cause, poller.ErrFinished) {
		args = append(args, "cause", cause.Error())
	}
	j.log(level, "connection ended", args...)
}

// failed records a failure of a program's own code, which its clients may be able
// to provoke.
func (j *journal) failed(message string, args ...any) {
	if j.sampler.admits(kindFailure) {
		j.log(slog.LevelError, message, args...)
	}
}

// refused records a connection that was refused before it was anything, if its
// reason is of interest. more are attributes of the record.
func (j *journal) refused(r Reason, remote netip.AddrPort, more ...any) {
	if j.logger.Enabled(context.Background(), r.Level()) && j.sampler.admits(kind(r)) {
		j.log(r.Level(), "connection refused", append([]any{"reason", r.String(), "remote", remote.String()}, more...)...)
	}
}

// panicked records the panic of a program's own code, with its stack.
func (j *journal) panicked(what string, s Session, fault any) {
	if !j.sampler.admits(kindFailure) {
		return // a stack is not made for nothing
	}
	j.log(slog.LevelError, what+" panicked", "session", s.ID(), "panic", fault, "stack", string(debug.Stack()))
}

// close writes what is queued and ends the journal. What is logged afterwards is
// lost.
func (j *journal) close() {
	close(j.closing)
	j.writing.Wait()
}
