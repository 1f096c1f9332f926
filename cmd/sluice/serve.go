package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/cmd/sluice/internal/trypage"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/admin"
	"github.com/sluicegate/sluice/gateway/settings"
)

type serveCommand struct {
	File string `arg:"" optional:"" help:"Configuration file (YAML). Default: the built-in one, with two hubs and a try page."`
	publicFlags
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
	api, err := newPublic(c.publicFlags.resolve(p), &config)
	if err != nil {
		return usageError{err}
	}
	g, err := gateway.New(config)
	if err != nil {
		return err
	}
	if err := api.bind(g); err != nil {
		return errors.Join(err, g.Shutdown(context.Background()))
	}
	adminServer, err := startAdmin(s.Admin, g)
	if err != nil {
		return errors.Join(err, g.Shutdown(context.Background()))
	}
	defer adminServer.Close()

	warnOfMachine(p.root, config, config.Logger)
	banner(p.stdout, s, g.Addr(), adminServer.Addr())
	err = p.serveUntilSignal(g, s)
	ctx, cancel := context.WithTimeout(context.Background(), s.Shutdown)
	defer cancel()
	return errors.Join(err, api.stop(ctx))
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

// startAdmin serves the admin handler at address. Without an address it returns
// nil, a server that does nothing.
func startAdmin(address string, g *gateway.Gateway) (*admin.Server, error) {
	if address == "" {
		return nil, nil
	}
	server, err := admin.Listen(address, admin.Handler(g, version()))
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
