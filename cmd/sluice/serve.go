package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"syscall"

	"github.com/sluicegate/sluice/cmd/sluice/internal/handover"
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
	steering := p.signals()
	p.writeAside()
	keys := p.accessKeys(c.AccessKey, c.AccessKeyFile)
	load := func() (*settings.Settings, error) { return p.settings(c.File, c.given(), keys) }
	s, err := load()
	if err != nil {
		return usageError{err}
	}
	config, guards, err := gatewayConfig(s)
	if err != nil {
		return usageError{err}
	}
	p.provideProcessors(s.Loops)
	level := new(slog.LevelVar)
	level.Set(s.Log.Level)
	config.Logger = s.Log.Logger(p.stderr, level)
	inherited, err := handover.Receive()
	if err != nil {
		return err
	}
	config.Listeners = inherited.Public
	if s.Admin == "" && inherited.Admin == nil {
		// Nobody can ask for a profile. What is sampled for one in a storm of
		// handshakes would stay, some 0.25 MB.
		runtime.MemProfileRate = 0
	}
	if s.TryPage {
		config.HTTP = trypage.Handler(paths(s, config.Hubs))
	}
	api, err := newPublic(c.publicFlags.resolve(p), keys, &config)
	if err != nil {
		return usageError{err}
	}
	g, err := gateway.New(config)
	if err != nil {
		return listenFailed(err)
	}
	if err := api.bind(g); err != nil {
		return errors.Join(err, g.Shutdown(context.Background()))
	}
	n := &node{
		process:   p,
		signals:   steering,
		gateway:   g,
		inherited: inherited,
		logger:    config.Logger,
		reloader:  &reloader{load: load, parts: []part{gatewayPart(g, api), certificatePart(g, s, config.Logger), guards.part(), api.keysPart(), programPart(s, level)}, logger: config.Logger},
		drains:    make(chan struct{}, 1),
	}
	n.reloader.current.Store(s)
	if n.admin, err = startAdmin(s.Admin, inherited.Admin, n.adminHandler(api.watch(g), s.AdminActions), n.logger); err != nil {
		return errors.Join(err, g.Shutdown(context.Background()))
	}
	defer n.admin.Close()

	warnOfMachine(p.root, config, config.Logger)
	warnOfCertificates(s, config.TLS, config.Logger)
	banner(p.stdout, s, config.Hubs, g.Addr(), n.admin.Addr())
	return errors.Join(n.run(), n.patiently(api.stop))
}

// gatewayConfig returns the part of s that a gateway is built from, with what the
// files hold that it names, and the guards of its hubs. The error joins a
// [*settings.Fault] for each file that cannot be used.
func gatewayConfig(s *settings.Settings) (gateway.Config, guards, error) {
	config, err := s.Gateway()
	if err != nil {
		return config, nil, err
	}
	secured, unsecured := tlsConfig(s)
	config.TLS = secured
	guards, unguarded := newGuards(s)
	guards.post(config.Hubs)
	return config, guards, errors.Join(unsecured, unguarded)
}

// adminHandler returns the handler of the admin listener. actions lets it send to
// sessions and groups, and close them.
func (n *node) adminHandler(source admin.Source, actions bool) http.Handler {
	handler := admin.Handler(source, version())
	if actions {
		handler = admin.WithActions(handler, source, n.logger)
	}
	return admin.WithControls(handler, n.controls())
}

// listenFailed says what can be done about an error of the public port.
func listenFailed(err error) error {
	switch {
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w; a port below 1024 takes root or CAP_NET_BIND_SERVICE; choose another one with --listen", err)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; `ss -ltnp` shows by whom; choose another address with --listen", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w; this machine does not have it; choose another address with --listen", err)
	}
	return err
}

// startAdmin serves handler at address, or on the socket that was inherited for
// it. Without an address it returns nil, a server that does nothing.
func startAdmin(address string, socket *os.File, handler http.Handler, logger *slog.Logger) (*admin.Server, error) {
	if socket != nil {
		defer socket.Close()
	}
	if address == "" {
		return nil, nil
	}
	if socket != nil {
		listener, err := net.FileListener(socket)
		if err != nil {
			return nil, fmt.Errorf("inherited socket of the admin listener: %w", err)
		}
		return admin.Serve(listener, handler, logger), nil
	}
	server, err := admin.Listen(address, handler, logger)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with --admin, or none with --admin=", err)
	}
	return server, nil
}

// paths returns the WebSocket paths that are served, hubs first.
func paths(s *settings.Settings, hubs []gateway.HubConfig) []trypage.Path {
	var all []trypage.Path
	for _, hub := range hubs {
		all = append(all, trypage.Path{Name: "hub " + hub.Name, Path: gateway.HubPath(hub.Name)})
	}
	if s.Echo != "" {
		all = append(all, trypage.Path{Name: "echo", Path: s.Echo})
	}
	return all
}
