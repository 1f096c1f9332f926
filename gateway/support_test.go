package gateway_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// variants are the ways a gateway can meet its kernel. What a client sees must
// not depend on which it is.
var variants = []struct {
	name   string
	config gateway.Config
}{
	{"epoll", gateway.Config{Engine: "epoll", Loops: 2, Workers: 4}},
	{"easygo", gateway.Config{Engine: "easygo", Loops: 2, Workers: 4}},
	{"private", gateway.Config{Engine: "epoll", Loops: 2, Workers: 4, PrivateFDTables: true}},
}

// onEngines runs test with the configuration of each engine.
func onEngines(t *testing.T, test func(*testing.T, gateway.Config)) {
	for _, v := range variants[:2] {
		t.Run(v.name, func(t *testing.T) { test(t, v.config) })
	}
}

// onVariants runs test with each engine, and with private descriptor tables.
func onVariants(t *testing.T, test func(*testing.T, gateway.Config)) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) { test(t, v.config) })
	}
}

var dispatches = []struct {
	name string
	mode gateway.Dispatch
}{{"inline", gateway.Inline}, {"pooled", gateway.Pooled}}

// onDispatches runs test with either dispatch, on each engine.
func onDispatches(t *testing.T, test func(*testing.T, gateway.Config, gateway.Dispatch)) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		for _, d := range dispatches {
			t.Run(d.name, func(t *testing.T) { test(t, config, d.mode) })
		}
	})
}

// serving returns config with one route of that handler at /.
func serving(config gateway.Config, h gateway.Handler, d gateway.Dispatch) gateway.Config {
	config.Routes = []gateway.Route{{Path: "/", Handler: h, Dispatch: d}}
	return config
}

// hooks is a handler of functions; those that are nil do nothing.
type hooks struct {
	open    func(gateway.Session, *gateway.Request)
	message func(gateway.Session, gateway.Message)
	close   func(gateway.Session, gateway.Reason)
}

func (h hooks) Open(s gateway.Session, r *gateway.Request) {
	if h.open != nil {
		h.open(s, r)
	}
}

func (h hooks) Message(s gateway.Session, m gateway.Message) {
	if h.message != nil {
		h.message(s, m)
	}
}

func (h hooks) Close(s gateway.Session, r gateway.Reason) {
	if h.close != nil {
		h.close(s, r)
	}
}

// patterned returns n bytes that differ from position to position, all ASCII.
func patterned(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = 'a' + byte(i%23+i/251)%26
	}
	return p
}

// reset ends the client's connection with a TCP reset.
func reset(c *gatewaytest.Client) {
	c.Conn().(*net.TCPConn).SetLinger(0)
	c.Close()
}

// shutDown shuts g down and allows it that time. It returns the error.
func shutDown(t *testing.T, g *gateway.Gateway, within time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return g.Shutdown(ctx)
}
