package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/admin"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// publicFlags ask for the public API. Without an access key there is none, and hubs
// are open.
type publicFlags struct {
	AccessKey     []string `sep:"," placeholder:"KEY" help:"Access key of 32 bytes or more that backends sign with: has every hub served to the SDKs of Web PubSub. The first of several mints. Others can see it here; default: SLUICE_ACCESS_KEY of the environment, with commas."`
	AccessKeyFile string   `placeholder:"FILE" help:"File with the access keys, one a line, which a reload reads again. Default: SLUICE_ACCESS_KEY_FILE."`
	Upstream      []string `sep:"none" placeholder:"HUB=URL" help:"Event handler of a hub; may be repeated. Default: SLUICE_UPSTREAM, with blanks."`
	UpstreamRetry string   `placeholder:"60s" help:"For how long after an event an event handler that is away is told of it again. Default: SLUICE_UPSTREAM_RETRY, or 60s."`
	Endpoint      []string `sep:"," placeholder:"URL" help:"Public endpoint that tokens may be for; may be repeated. Default: SLUICE_ENDPOINT, with commas, or any: only the path counts then."`
}

// resolve takes from the environment what no flag gives.
func (f publicFlags) resolve(p *process) publicFlags {
	take := func(given *[]string, variable, separator string) {
		if value, _ := p.env(variable); len(*given) == 0 && value != "" {
			*given = strings.Split(value, separator)
		}
	}
	take(&f.Upstream, "SLUICE_UPSTREAM", " ")
	if f.UpstreamRetry == "" {
		f.UpstreamRetry, _ = p.env("SLUICE_UPSTREAM_RETRY")
	}
	take(&f.Endpoint, "SLUICE_ENDPOINT", ",")
	return f
}

// public is the public API of a gateway. A nil one is none.
type public struct {
	keys      accessKeys
	tokens    token.Config // replaced by reloads
	scheme    string
	origin    string // the host that event handlers know the gateway by
	authority *token.Authority
	hubs      pubsub.Hubs
	rest      *api.Handler
	retry     time.Duration // of notifications; 0: the default
	upstreams []*webhook.Upstream
}

// newPublic has the hubs of a configuration served to the SDKs, and those that have an
// upstream, if the flags ask for that.
func newPublic(f publicFlags, k accessKeys, config *gateway.Config) (*public, error) {
	if k.none() {
		if len(f.Upstream)+len(f.Endpoint) > 0 {
			return nil, fmt.Errorf("--access-key: is missing; --upstream and --endpoint need it, or %s", accessKeyVariable)
		}
		return nil, nil
	}
	keys, err := k.read()
	if err != nil {
		return nil, err
	}
	a := &public{keys: k, tokens: token.Config{Keys: keys}, scheme: "http://", hubs: make(pubsub.Hubs)}
	if err := a.setTokens(f.Endpoint, config); err != nil {
		return nil, err
	}
	handlers, err := handlersOf(f.Upstream)
	if err != nil {
		return nil, err
	}
	if a.retry, err = retryWindow(f.UpstreamRetry); err != nil {
		return nil, err
	}
	for _, hub := range config.Hubs {
		own := handlers[hub.Name]
		delete(handlers, hub.Name)
		switch {
		case hub.Authorize == nil: // else it has tokens of its own
			err = errors.Join(err, a.addService(hub.Name, own, config.Logger))
		case len(own) > 0:
			err = errors.Join(err, fmt.Errorf("--upstream: hub %q: has auth in the configuration, and so no event handler; take one of them out", hub.Name))
		}
	}
	for name, own := range handlers {
		err = errors.Join(err, a.addService(name, own, config.Logger))
	}
	if err != nil {
		return nil, err
	}
	a.post(config)
	if a.rest, err = api.New(api.Config{Hubs: a.hubs, Tokens: a.authority}); err != nil {
		return nil, err
	}
	config.HTTP = a.rest.Before(cmp.Or[http.Handler](config.HTTP, http.NotFoundHandler()))
	config.Brief = a.rest.Brief
	return a, nil
}

// setTokens makes what checks tokens. Without an endpoint those of any are good, and
// new ones are for where the gateway listens.
func (a *public) setTokens(endpoints []string, config *gateway.Config) error {
	if config.TLS != nil {
		a.scheme = "https://"
	}
	if a.tokens.PathOnly = len(endpoints) == 0; a.tokens.PathOnly {
		listen, err := net.ResolveTCPAddr("tcp", config.Listen)
		if err != nil {
			return fmt.Errorf("--listen: %w", err)
		}
		endpoints = []string{a.scheme + reachable(listen)}
	}
	for _, text := range endpoints {
		endpoint, err := token.ParseEndpoint(text)
		if err != nil {
			return fmt.Errorf("--endpoint: %w", err)
		}
		a.tokens.Endpoints = append(a.tokens.Endpoints, endpoint)
	}
	first, err := url.Parse(a.tokens.Endpoints[0].String())
	if err != nil {
		return fmt.Errorf("--endpoint: %w", err)
	}
	a.origin = first.Hostname()
	a.authority, err = token.New(a.tokens)
	if err != nil {
		return a.keys.faulty(err)
	}
	return nil
}

// handlersOf returns the event handlers by hub.
func handlersOf(upstreams []string) (map[string][]webhook.Handler, error) {
	handlers := make(map[string][]webhook.Handler)
	for _, text := range upstreams {
		hub, handler, err := webhook.ParseHandler(text)
		if err == nil {
			err = hubName(hub).Validate()
		}
		if err != nil {
			return nil, fmt.Errorf("--upstream: %w", err)
		}
		handlers[hub] = append(handlers[hub], handler)
	}
	return handlers, nil
}

// retryWindow reads --upstream-retry.
func retryWindow(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	window, err := time.ParseDuration(text)
	if err != nil || window < time.Millisecond || window > webhook.MaxRetryWindow {
		return 0, fmt.Errorf("--upstream-retry: %q: must be a time from 1ms to 24h, for example 60s or 5m", text)
	}
	return window, nil
}

// addService makes the service of a hub.
func (a *public) addService(hub string, handlers []webhook.Handler, logger *slog.Logger) error {
	key := make([]byte, 32) // what is recovered lives no longer than the process
	rand.Read(key)
	config := pubsub.Config{Hub: hub, Tokens: a.authority, RecoveryKey: key}
	if len(handlers) > 0 {
		upstream, err := webhook.New(webhook.Config{Hub: hub, Handlers: handlers, Origin: a.origin, Keys: a.tokens.Keys, RetryWindow: a.retry, Logger: logger})
		if err != nil {
			return fmt.Errorf("--upstream: %w", err)
		}
		a.upstreams = append(a.upstreams, upstream)
		config.Upstream = upstream
	}
	service, err := pubsub.New(config)
	a.hubs[hub] = service
	return err
}

// post has the services serve the hubs of a configuration, and adds those that only
// upstreams name.
func (a *public) post(config *gateway.Config) {
	if a == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(a.hubs)) {
		at := slices.IndexFunc(config.Hubs, func(h gateway.HubConfig) bool { return h.Name == name })
		if at < 0 {
			at = len(config.Hubs)
			config.Hubs = append(config.Hubs, gateway.HubConfig{Name: name})
		}
		a.hubs[name].Configure(&config.Hubs[at])
	}
}

// bind gives the API its gateway, before that serves. The kernel may have chosen the
// port that new tokens are for.
func (a *public) bind(g *gateway.Gateway) error {
	if a == nil {
		return nil
	}
	for _, service := range a.hubs {
		service.Bind(g)
	}
	if !a.tokens.PathOnly {
		return nil
	}
	endpoint, err := token.ParseEndpoint(a.scheme + reachable(g.Addr()))
	if err != nil {
		return err
	}
	a.tokens.Endpoints = []token.Endpoint{endpoint}
	return a.authority.Replace(a.tokens)
}

// watched is a gateway with a public API, as the admin listener sees them.
type watched struct {
	*gateway.Gateway
	api *public
}

// PublicStats implements [admin.PublicSource].
func (w watched) PublicStats() admin.PublicStats {
	stats := admin.PublicStats{REST: w.api.rest.Stats()}
	for _, name := range slices.Sorted(maps.Keys(w.api.hubs)) {
		stats.Hubs = append(stats.Hubs, w.api.hubs[name].Stats())
	}
	return stats
}

// Served implements [admin.PublicSource].
func (w watched) Served(hub string) (admin.Served, bool) {
	service, is := w.api.hubs[hub]
	return service, is
}

// watch returns what the admin listener shows of a gateway.
func (a *public) watch(g *gateway.Gateway) admin.Source {
	if a == nil {
		return g
	}
	return watched{g, a}
}

// stop ends what the API does beside the gateway, which has shut down. Handlers are
// still told what has happened, until ctx ends.
func (a *public) stop(ctx context.Context) error {
	if a == nil {
		return nil
	}
	var failed error
	for _, service := range a.hubs {
		failed = errors.Join(failed, service.Stop(ctx))
	}
	for _, upstream := range a.upstreams {
		failed = errors.Join(failed, upstream.Close(ctx))
	}
	return failed
}
