package main

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// tell tells the service manager a state (sd_notify(3)), if one wants to know.
func (n *node) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		n.logger.Warn("the service manager could not be told", "state", state, "error", err)
	}
}

// watch tells the service manager, if it asks for it (WatchdogSec= of the unit),
// that every loop still answers. A loop that does not serves nobody: the manager
// then restarts the program.
func (n *node) watch() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	if interval, err := daemon.SdWatchdogEnabled(false); err == nil && interval > 0 {
		go n.reportLife(ctx, interval/2)
	}
	return cancel
}

func (n *node) reportLife(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		within, cancel := context.WithTimeout(ctx, every)
		_, err := n.gateway.Stats(within)
		cancel()
		if err == nil {
			n.tell(daemon.SdNotifyWatchdog)
		}
	}
}
