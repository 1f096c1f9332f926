package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/sluicegate/sluice/cmd/sluice/internal/handover"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/admin"
)

// node is a gateway that runs, and what steers it.
type node struct {
	process   *process
	signals   signals
	gateway   *gateway.Gateway
	admin     *admin.Server
	reloader  *reloader
	inherited *handover.Inheritance // its sockets are taken
	logger    *slog.Logger
	drains    chan struct{} // asked for on the admin listener

	// Of run, and then of what follows it.
	endings int       // signals to end so far
	until   time.Time // when a stop is to have ended
}

// controls returns what an operator may ask for on the admin listener.
func (n *node) controls() admin.Controls {
	return admin.Controls{
		Drain: func() {
			select {
			case n.drains <- struct{}{}:
			default: // asked for already
			}
		},
		Reload: n.reload,
	}
}

// run serves until a signal, an operator or a successor ends it, and follows the
// signals that do not.
func (n *node) run() error {
	served := make(chan error, 1)
	go func() { served <- n.gateway.Serve(context.Background()) }()
	stopWatching := n.watch()
	defer stopWatching()
	serving := n.gateway.Serving()
	reloads := n.signals.reload // nil while the configuration is being read
	var reloaded chan struct{}
	var next *succession // nil: no successor is being started
	for {
		select {
		case err := <-served:
			n.abandon(next)
			return err
		case <-serving:
			serving = nil
			n.announce()
		case <-n.drains:
			n.abandon(next)
			n.tell(daemon.SdNotifyStopping)
			return n.stop(served)
		case s := <-next.started():
			next = nil
			if s.err == nil {
				stopWatching() // the manager hears of the main process only
				n.yield(s.process.Pid)
				return n.stop(served)
			}
			n.logger.Error("no successor; this process goes on", "error", s.err)
		case <-n.signals.end:
			n.endings++
			n.abandon(next)
			n.tell(daemon.SdNotifyStopping)
			return n.stop(served)
		case <-reloads:
			reloads, reloaded = nil, n.reloadAside()
		case <-reloaded:
			reloads, reloaded = n.signals.reload, nil
		case <-n.signals.succeed:
			if next == nil {
				next = n.succeed()
			}
		}
	}
}

// announce tells whoever started the program that it serves.
func (n *node) announce() {
	if err := n.inherited.Ready(); err != nil {
		n.logger.Warn("the predecessor could not be told that this process serves", "error", err)
	}
	n.tell(daemon.SdNotifyReady)
}

// reload has the node follow its configuration file.
func (n *node) reload() (needRestart []string, err error) {
	n.tell(daemon.SdNotifyReloading)
	defer n.tell(daemon.SdNotifyReady)
	return n.reloader.reload()
}

// reloadAside has the node follow its configuration file, and closes done then. The
// signals do not wait for that: a file may lie where nobody answers.
func (n *node) reloadAside() (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		n.reload()
	}()
	return done
}

// stop ends the gateway gracefully, or at once after a second signal to end. One
// that follows a drain which was asked for otherwise lets that go on: whoever
// drains a node ends its process next.
func (n *node) stop(served <-chan error) error {
	fmt.Fprintf(n.process.stdout, "stopping within %v; a second signal stops at once\n", n.reloader.settings().Shutdown)
	if err := n.patiently(n.gateway.Shutdown); err != nil {
		return fmt.Errorf("stopped before the drain was over: %w", err)
	}
	if err := <-served; !errors.Is(err, gateway.ErrServed) { // the signal may have come before Serve
		return err
	}
	return nil
}

// lastWord is how long what comes last in a stop may take, once its time has passed.
const lastWord = time.Second

// patiently calls stop with a context that ends when the time for all that stops has
// passed, or at the second signal to end, which may have come before.
func (n *node) patiently(stop func(context.Context) error) error {
	left := n.reloader.settings().Shutdown
	if n.until.IsZero() {
		n.until = time.Now().Add(left)
	} else {
		left = max(lastWord, time.Until(n.until))
	}
	ctx, cancel := context.WithTimeout(context.Background(), left)
	var hearing sync.WaitGroup
	hearing.Go(func() { n.hear(ctx, cancel) })
	defer hearing.Wait()
	defer cancel()
	return stop(ctx)
}

// hear follows the signals while a stop is under way: the second one to end cancels
// it, and one to reload may make it faster.
func (n *node) hear(ctx context.Context, cancel func()) {
	for n.endings < 2 {
		select {
		case <-n.signals.end:
			n.endings++
		case <-n.signals.reload:
			go n.reloader.reload() // the manager knows of the stop, and need not know
		case <-ctx.Done():
			return
		}
	}
	cancel()
}
