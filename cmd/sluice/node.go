package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/admin"
)

// node is a gateway that runs, and what steers it.
type node struct {
	process  *process
	gateway  *gateway.Gateway
	reloader *reloader
	drains   chan struct{} // asked for on the admin listener
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
		Reload: n.reloader.reload,
	}
}

// run serves until a signal or an operator ends it, and follows those that do
// not.
func (n *node) run() error {
	served := make(chan error, 1)
	go func() { served <- n.gateway.Serve(context.Background()) }()
	for {
		select {
		case err := <-served:
			return err
		case <-n.drains:
			return n.stop(served)
		case signal := <-n.process.signals:
			if signal != syscall.SIGHUP {
				return n.stop(served)
			}
			n.reloader.reload()
		}
	}
}

// stop ends the gateway gracefully, or at once after another signal.
func (n *node) stop(served <-chan error) error {
	within := n.reloader.settings().Shutdown
	fmt.Fprintf(n.process.stdout, "stopping within %v; signal again to stop at once\n", within)
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	go n.cancelOnSignal(ctx, cancel)
	if err := n.gateway.Shutdown(ctx); err != nil {
		return fmt.Errorf("stopped before every session was closed: %w", err)
	}
	if err := <-served; !errors.Is(err, gateway.ErrServed) { // the signal may have come before Serve
		return err
	}
	return nil
}

// cancelOnSignal cancels a stop that is under way when it is asked for again.
func (n *node) cancelOnSignal(ctx context.Context, cancel func()) {
	for {
		select {
		case signal := <-n.process.signals:
			if endsProgram(signal) {
				cancel()
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func endsProgram(signal os.Signal) bool {
	return signal == os.Interrupt || signal == syscall.SIGTERM
}
