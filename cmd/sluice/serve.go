package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/sluicegate/sluice/cmd/sluice/internal/trypage"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/admin"
	"github.com/sluicegate/sluice/gateway/settings"
)

type serveCommand struct {
	File string `arg:"" optional:"" help:"Configuration file (YAML). Default: the built-in one, with two hubs and a try page."`
	settingFlags
}

// Run serves until a signal or a failure.
func (c *serveCommand) Run(p *process) error {
	s, err := p.settings(c.File, c.given())
	if err != nil {
		return usageError{err}
	}
	config, err := s.Gateway()
	if err != nil {
		return usageError{err}
	}
	config.Logger = s.Log.Logger(p.stderr)
	if s.TryPage {
		config.HTTP = trypage.Handler(paths(s))
	}
	g, err := gateway.New(config)
	if err != nil {
		return err
	}
	adminServer, err := startAdmin(s.Admin, adminHandler(s, g, config.Logger))
	if err != nil {
		return errors.Join(err, g.Shutdown(context.Background()))
	}
	defer adminServer.Close()

	warnOfMachine(p.root, config, config.Logger)
	banner(p.stdout, s, g.Addr(), adminServer.Addr())
	return p.serveUntilSignal(g, s)
}

// serveUntilSignal runs g. The first signal stops it gracefully, a second one
// at once.
func (p *process) serveUntilSignal(g *gateway.Gateway, s *settings.Settings) error {
	served := make(chan error, 1)
	go func() { served <- g.Serve(context.Background()) }()
	select {
	case err := <-served:
		return err
	case <-p.signals:
	}

	fmt.Fprintf(p.stdout, "stopping within %v; signal again to stop at once\n", s.Shutdown)
	ctx, cancel := context.WithTimeout(context.Background(), s.Shutdown)
	defer cancel()
	go func() {
		select {
		case <-p.signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := g.Shutdown(ctx); err != nil {
		return fmt.Errorf("stopped before every session was closed: %w", err)
	}
	if err := <-served; !errors.Is(err, gateway.ErrServed) { // the signal may have come before Serve
		return err
	}
	return nil
}

// adminHandler returns the handler of the admin listener, with what s allows.
func adminHandler(s *settings.Settings, g *gateway.Gateway, logger *slog.Logger) http.Handler {
	handler := admin.Handler(g, version())
	if s.AdminActions {
		handler = admin.WithActions(handler, g, logger)
	}
	return handler
}

// startAdmin serves handler at address. Without an address it returns nil, a
// server that does nothing.
func startAdmin(address string, handler http.Handler) (*admin.Server, error) {
	if address == "" {
		return nil, nil
	}
	server, err := admin.Listen(address, handler)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with --admin, or none with --admin=", err)
	}
	return server, nil
}

// paths returns the WebSocket paths that s serves, hubs first.
func paths(s *settings.Settings) []trypage.Path {
	var all []trypage.Path
	for _, hub := range s.Hubs {
		all = append(all, trypage.Path{Name: "hub " + hub.Name, Path: gateway.HubPath(hub.Name)})
	}
	if s.Echo != "" {
		all = append(all, trypage.Path{Name: "echo", Path: s.Echo})
	}
	return all
}
