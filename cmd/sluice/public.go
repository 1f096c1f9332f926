package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/pubsub"
	"github.com/sluicegate/sluice/gateway/token"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// publicFlags ask for the public API. Without an access key there is none, and hubs
// are open.
type publicFlags struct {
	AccessKey []string `sep:"," placeholder:"KEY" help:"Access key of 32 bytes or more that backends sign with: has every hub served to the SDKs of Web PubSub. The first of several mints. Others can see it here; default: SLUICE_ACCESS_KEY of the environment, with commas."`
	Upstream  []string `sep:"none" placeholder:"HUB=URL" help:"Event handler of a hub; may be repeated. Default: SLUICE_UPSTREAM, with blanks."`
	Endpoint  []string `sep:"," placeholder:"URL" help:"Public endpoint that tokens may be for; may be repeated. Default: SLUICE_ENDPOINT, with commas, or any: only the path counts then."`
}

// resolve takes from the environment what no flag gives.
func (f publicFlags) resolve(p *process) publicFlags {
	take := func(given *[]string, variable, separator string) {
		if value, _ := p.env(variable); len(*given) == 0 && value != "" {
			*given = strings.Split(value, separator)
		}
	}
	take(&f.AccessKey, accessKeyVariable, ",")
	take(&f.Upstream, "SLUICE_UPSTREAM", " ")
	take(&f.Endpoint, "SLUICE_ENDPOINT", ",")
	return f
}

// public is the public API of a gateway. A nil one is none.
type public struct {
	tokens    token.Config
	scheme    string
	origin    string // the host that event handlers know the gateway by
	authority *token.Authority
	hubs      pubsub.Hubs
	upstreams []*webhook.Upstream
}

// newPublic has the hubs of a configuration, and those that have an upstream, served
// to the SDKs, if the flags ask for that.
func newPublic(f publicFlags, config *gateway.Config) (*public, error) {
	if len(f.AccessKey) == 0 {
		if len(f.Upstream)+len(f.Endpoint) > 0 {
			return nil, fmt.Errorf("--access-key: is missing; --upstream and --endpoint need it, or %s", accessKeyVariable)
		}
		return nil, nil
	}
	a := &public{tokens: token.Config{Keys: f.AccessKey}, scheme: "http://", hubs: make(pubsub.Hubs)}
	if err := a.setTokens(f.Endpoint, config); err != nil {
		return nil, err
	}
	handlers, err := handlersOf(f.Upstream)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(handlers)) {
		if !slices.ContainsFunc(config.Hubs, func(h gateway.HubConfig) bool { return h.Name == name }) {
			config.Hubs = append(config.Hubs, gateway.HubConfig{Name: name})
		}
	}
	for i := range config.Hubs {
		if err := a.addHub(&config.Hubs[i], handlers[config.Hubs[i].Name], config); err != nil {
			return nil, err
		}
	}
	rest, err := api.New(api.Config{Hubs: a.hubs, Tokens: a.authority})
	if err != nil {
		return nil, err
	}
	config.HTTP = rest.Before(cmp.Or[http.Handler](config.HTTP, http.NotFoundHandler()))
	return a, nil
}

// setTokens makes what checks tokens. Without an endpoint those of any are good, and
// links are made of where the gateway listens.
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
		return fmt.Errorf("--access-key, --endpoint: %w", err)
	}
	return nil
}

// handlersOf returns the event handlers by hub.
func handlersOf(upstreams []string) (map[string][]webhook.Handler, error) {
	handlers := make(map[string][]webhook.Handler)
	for _, text := range upstreams {
		hub, handler, err := webhook.ParseHandler(text)
		if err != nil {
			return nil, fmt.Errorf("--upstream: %w", err)
		}
		handlers[hub] = append(handlers[hub], handler)
	}
	return handlers, nil
}

// addHub has a service serve a hub.
func (a *public) addHub(hub *gateway.HubConfig, handlers []webhook.Handler, config *gateway.Config) error {
	key := make([]byte, 32) // what is recovered lives no longer than the process
	rand.Read(key)
	settings := pubsub.Config{Hub: hub.Name, Tokens: a.authority, RecoveryKey: key}
	if len(handlers) > 0 {
		upstream, err := webhook.New(webhook.Config{
			Hub: hub.Name, Handlers: handlers, Origin: a.origin, Keys: a.tokens.Keys, Logger: config.Logger,
		})
		if err != nil {
			return fmt.Errorf("--upstream: %w", err)
		}
		a.upstreams = append(a.upstreams, upstream)
		settings.Upstream = upstream
	}
	service, err := pubsub.New(settings)
	if err != nil {
		return err
	}
	service.Configure(hub)
	a.hubs[hub.Name] = service
	return nil
}

// bind gives the API its gateway, before that serves. The kernel may have chosen the
// port that links are made of.
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
