package gateway

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/poller"
)

// tlsSide is the TLS configuration of the public port, which can be replaced
// while it is in use, and the keys of the session tickets, which outlast it.
type tlsSide struct {
	// Atomic.
	config atomic.Pointer[tls.Config]

	// Guarded by mu.
	mu      sync.Mutex
	keys    [][32]byte // the newest first
	renewal *time.Timer
}

const (
	// ticketKeyLife is how often there is a new ticket key, and ticketKeys how
	// many are good: a session can be resumed for up to two days (RFC 8446
	// §4.6.1 allows seven).
	ticketKeyLife = 24 * time.Hour
	ticketKeys    = 3
)

// use has the following handshakes made with config. The error is a [*Fault].
func (t *tlsSide) use(config *tls.Config) error {
	if config.GetConfigForClient != nil {
		return &Fault{"TLS", "…", "must not have GetConfigForClient; see Gateway.SetTLS"}
	}
	if len(config.Certificates) == 0 && config.GetCertificate == nil {
		return &Fault{"TLS", "…", "must have Certificates, or GetCertificate"}
	}
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"} // what a WebSocket is upgraded from (RFC 6455 §4.1)
	config.DynamicRecordSizingDisabled = true
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys == nil {
		t.addKey()
	}
	config.SetSessionTicketKeys(t.keys)
	t.config.Store(config)
	return nil
}

// addKey makes a ticket key. It is called with mu held.
func (t *tlsSide) addKey() {
	var key [32]byte
	rand.Read(key[:])
	t.keys = append([][32]byte{key}, t.keys[:min(len(t.keys), ticketKeys-1)]...)
	t.renewal = time.AfterFunc(ticketKeyLife, t.renew)
}

// renew has new tickets made with a new key.
func (t *tlsSide) renew() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addKey()
	t.config.Load().SetSessionTicketKeys(t.keys)
}

// close ends the renewal of keys.
func (t *tlsSide) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.renewal != nil {
		t.renewal.Stop()
	}
}

// poller returns what the loops need, nil if the public port is plain. failed is
// told of connections that were not secured.
func (t *tlsSide) poller(config *Config, failed func(int, netip.AddrPort, error)) *poller.TLS {
	if config.TLS == nil {
		return nil
	}
	mask := config.Admission.mask()
	return &poller.TLS{
		Config:     t.config.Load,
		Timeout:    config.Timeouts.Handshake,
		Handshakes: max(1, config.Limits.TLSHandshakes/config.Loops),
		Network:    func(addr netip.Addr) netip.Prefix { return siteOf(mask.Masked(addr)) },
		Failed:     failed,
	}
}

// unsecured counts and records a connection that was not secured. It is called on
// its loop.
func (g *Gateway) unsecured(loop int, peer netip.AddrPort, cause error) {
	r := unsecuredReason(cause)
	g.shards[loop].counts.reasons[r]++
	g.journal.refused(r, peer, "cause", cause)
}

func unsecuredReason(cause error) Reason {
	switch {
	case errors.As(cause, new(*poller.HandshakeError)):
		return ReasonTLSFailed
	case errors.Is(cause, poller.ErrHandshakeTimeout):
		return ReasonTLSTimeout
	}
	return reasonOf(opening, cause)
}

// SetTLS has new connections secured with config, from now on; those that are
// open stay as they are. The gateway must have been made with a [Config].TLS.
// On an error everything stays as it was. It may be called from any goroutine.
func (g *Gateway) SetTLS(config *tls.Config) error {
	if g.config.TLS == nil {
		return errors.New("gateway: the public port is plain; TLS cannot be turned on while it is open")
	}
	if err := g.tls.use(config); err != nil {
		return fmt.Errorf("gateway: configuration: %w", err)
	}
	return nil
}
