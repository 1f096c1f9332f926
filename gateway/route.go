package gateway

import (
	"slices"
	"sync/atomic"
)

// route is a [Route] or a hub, as the data path needs it.
type route struct {
	// Fixed.
	path         string
	number       uint16 // index into the gateway's list; no route has 0
	handler      Handler
	dispatch     Dispatch
	quiet        bool   // the handler takes messages only
	hub          *Hub   // nil: not a hub's
	class        *class // of what is sent to single sessions
	subprotocols []string
	compression  Compression
	authorize    Authorize
	decide       Decide

	// Atomic.
	origins atomic.Pointer[[]string]
}

// asks reports whether a program has a say in the route's upgrades.
func (rt *route) asks() bool { return rt.authorize != nil || rt.decide != nil }

// buildRoutes makes the table of paths, and the hubs.
func (g *Gateway) buildRoutes() {
	g.routes = make(map[string]*route, len(g.config.Hubs)+len(g.config.Routes))
	g.numbered = []*route{nil}
	g.addClass("", "route", "", Delivery{})
	for _, config := range g.config.Hubs {
		h := g.newHub(config)
		handler := config.Handler
		if handler == nil {
			handler = h.onMessage(config.OnMessage)
		}
		g.addRoute(h, Route{
			Path:         HubPath(config.Name),
			Handler:      handler,
			Dispatch:     config.Dispatch,
			Origins:      config.Origins,
			Subprotocols: config.Subprotocols,
			Compression:  config.Compression,
			Authorize:    config.Authorize,
			Decide:       config.Decide,
		})
	}
	for _, config := range g.config.Routes {
		g.addRoute(nil, config)
	}
}

// compressionOf returns a route's own compression, or that of the gateway.
func (g *Gateway) compressionOf(own *Compression) Compression {
	if own == nil {
		return g.config.Compression
	}
	return own.withDefaults()
}

func (g *Gateway) addRoute(h *Hub, config Route) {
	class := g.classes[0]
	if h != nil {
		class = h.class
	}
	_, quiet := config.Handler.(onlyMessages)
	r := &route{
		path:         config.Path,
		number:       uint16(len(g.numbered)),
		handler:      config.Handler,
		dispatch:     config.Dispatch,
		quiet:        quiet,
		hub:          h,
		class:        class,
		subprotocols: slices.Clone(config.Subprotocols),
		compression:  g.compressionOf(config.Compression),
		authorize:    config.Authorize,
		decide:       config.Decide,
	}
	r.allowOrigins(config.Origins)
	g.routes[config.Path] = r
	g.numbered = append(g.numbered, r)
}

// allowOrigins has new sessions admitted from these origins; see [Route].
func (rt *route) allowOrigins(origins []string) {
	origins = slices.Clone(origins)
	rt.origins.Store(&origins)
}
