// Package settings is the configuration of the program sluice: one value read
// from a YAML file, the environment and the command line, in rising order.
//
// Every scalar setting is one row of the catalog, which holds its place in the
// file, its flag, its environment variable and its prose. Hubs exist in the
// file only. Faults are collected, never stopped at: each names the file, line
// and column, the flag or the variable that it comes from.
//
// The package reads no file, no environment and no flag itself: [Load] is given
// their content. It holds no state, so any goroutine may call it.
package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

// Settings is the program's configuration. Values from [Load] are valid; see
// [Default] for the rest.
type Settings struct {
	// Listen, Engine, Loops, Workers and PrivateFDTables are as in
	// [gateway.Config], where Loops and Workers of 0 choose by CPU count.
	Listen          string
	Engine          string
	Loops           int
	Workers         int
	PrivateFDTables bool
	// Admin is the address of the admin listener, "host:port"; empty: none.
	Admin string
	// AdminActions lets an operator send to sessions and groups, and close them.
	AdminActions bool

	// Dispatch says where the echo handler runs, and the handlers of hubs that
	// do not choose for themselves.
	Dispatch gateway.Dispatch
	// Compression is for every hub and the echo path.
	Compression gateway.Compression
	// Echo is the path at which messages are sent back; empty: none.
	Echo string
	// TryPage serves a page for trying the hubs at "/" of the public port.
	TryPage bool
	// Hubs are the hubs in the order of the file.
	Hubs []Hub

	// TLS names the files that secure the public port.
	TLS TLS

	Limits    gateway.Limits
	Timeouts  gateway.Timeouts
	Admission Admission
	Rates     gateway.Rates
	// Shutdown bounds a graceful stop.
	Shutdown time.Duration
	// LongTurn is as in [gateway.Config].
	LongTurn time.Duration
	Drain    gateway.Drain
	Log      Log

	// origins tells by path where a value was set; a path that is absent has
	// its default.
	origins map[string]Origin
}

// Log selects what is logged and how.
type Log struct {
	Level  slog.Level
	Format Format
	// Sample is as in [gateway.Log].
	Sample int
}

// Default returns the settings of an empty file.
func Default() *Settings {
	served := gateway.Config{}.WithDefaults()
	served.Limits.Inflated = 0 // it follows limits.message
	return &Settings{
		Listen:      served.Listen,
		Admin:       "127.0.0.1:9090",
		Engine:      served.Engine,
		Limits:      served.Limits,
		Timeouts:    served.Timeouts,
		Admission:   Admission{Admission: served.Admission},
		Compression: served.Compression,
		TLS:         defaultTLS(),
		Shutdown:    10 * time.Second,
		LongTurn:    served.LongTurn,
		Drain:       served.Drain,
		Log:         Log{Level: slog.LevelInfo, Format: Text, Sample: served.Log.Sample},
	}
}

// Gateway returns the part of s that a [gateway.Gateway] is built from. The
// error joins a [*Fault] for each setting that the gateway refuses.
func (s *Settings) Gateway() (gateway.Config, error) {
	config := gateway.Config{
		Listen:          s.Listen,
		Engine:          s.Engine,
		Loops:           s.Loops,
		Workers:         s.Workers,
		PrivateFDTables: s.PrivateFDTables,
		Compression:     s.Compression,
		Limits:          s.Limits,
		Timeouts:        s.Timeouts,
		Drain:           s.Drain,
		LongTurn:        s.LongTurn,
		Log:             gateway.Log{Sample: s.Log.Sample},
		Admission:       s.Admission.gateway(),
		Rates:           s.Rates,
	}
	for i := range s.Hubs {
		config.Hubs = append(config.Hubs, s.Hubs[i].HubConfig)
	}
	if s.Echo != "" {
		config.Routes = []gateway.Route{{Path: s.Echo, Handler: gateway.Echo(), Dispatch: s.Dispatch}}
	}
	return config, errors.Join(s.explain(config.Validate()), s.fileFaults(), s.graceFault())
}

// graceFault is that of a grace with which every drain would end before it has closed
// a session.
func (s *Settings) graceFault() error {
	if grace := s.Drain.Grace; grace > 0 && grace >= s.Shutdown {
		return s.Fault("drain.grace", grace.String(), fmt.Sprintf("must be shorter than timeouts.shutdown, which is %v and includes it", s.Shutdown))
	}
	return nil
}
