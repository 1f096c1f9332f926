package main

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/settings"
)

// part is something of the program that can follow a change of the settings.
type part struct {
	name string
	// prepare builds what next asks for and changes nothing yet.
	prepare func(next *settings.Settings) (swap, error)
}

// swap brings what was prepared into effect. It returns the settings that differ
// from what is in effect even so, and need a restart.
type swap func() (needRestart []string, err error)

// reloader reads the settings again.
type reloader struct {
	// Fixed.
	load   func() (*settings.Settings, error)
	parts  []part
	logger *slog.Logger

	mu sync.Mutex // held by the reload that is under way

	// Atomic.
	current atomic.Pointer[settings.Settings]
}

// reload reads the settings and has every part follow them, or none. It returns
// the settings that need a restart.
func (r *reloader) reload() (needRestart []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() {
		if err != nil {
			r.logger.Error("configuration not reloaded", "error", err)
		} else {
			r.logger.Info("configuration reloaded", "needRestart", needRestart)
		}
	}()
	next, err := r.load()
	if err != nil {
		return nil, err
	}
	swaps := make([]swap, len(r.parts))
	for i, p := range r.parts {
		if swaps[i], err = p.prepare(next); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	for i, swap := range swaps {
		more, err := swap()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.parts[i].name, err)
		}
		needRestart = append(needRestart, more...)
	}
	r.current.Store(next)
	return needRestart, nil
}

// settings returns what was read last.
func (r *reloader) settings() *settings.Settings { return r.current.Load() }

// gatewayPart is what the gateway itself can change. The public API stays as it is.
func gatewayPart(g *gateway.Gateway, api *public) part {
	return part{"gateway", func(next *settings.Settings) (swap, error) {
		config, err := next.Gateway()
		if err != nil {
			return nil, err
		}
		api.post(&config)
		return func() ([]string, error) {
			fields, err := g.Reconfigure(config)
			// certificatePart follows TLS, of which the settings hold names only.
			fields = slices.DeleteFunc(fields, func(field string) bool { return field == "TLS" })
			return next.Paths(fields), err
		}, nil
	}}
}

// programPart is what the program has around the gateway.
func programPart(started *settings.Settings, level *slog.LevelVar) part {
	return part{"program", func(next *settings.Settings) (swap, error) {
		return func() ([]string, error) {
			level.Set(next.Log.Level)
			return next.Differing(started, "admin", "adminActions", "tryPage", "log.format"), nil
		}, nil
	}}
}
