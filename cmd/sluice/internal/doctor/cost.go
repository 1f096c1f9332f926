package doctor

import "fmt"

// The costs of a connection. They stand here only; docs/performance.md, "What
// sluice doctor counts with", says how they were measured.
const (
	// plainSession and tlsSession are bytes of the gateway's resident set for an
	// idle session, the second over TLS 1.3 right after the handshake.
	plainSession = 185
	tlsSession   = 2_800
	// kernelSocket is bytes of kernel memory for an idle socket in an epoll set.
	kernelSocket = 4_200
	// idlePerCore is how many idle connections, with pings every 25 s, keep one
	// core busy.
	idlePerCore = 1_100_000
)

// Memory is what idle connections take, in bytes. Messages under way, and what
// does not depend on the number of connections, come on top.
type Memory struct {
	PerSession int    `json:"perSession"` // resident set of the gateway
	PerSocket  int    `json:"perSocket"`  // of the kernel
	Sessions   uint64 `json:"sessions"`
	Sockets    uint64 `json:"sockets"`
}

// Expect returns what the wishes take while all connections are idle.
func Expect(w Wishes) Memory {
	m := Memory{PerSession: plainSession, PerSocket: kernelSocket}
	if w.TLS {
		m.PerSession = tlsSession
	}
	m.Sessions = uint64(w.Connections) * uint64(m.PerSession)
	m.Sockets = uint64(w.Connections) * uint64(m.PerSocket)
	return m
}

// Total is all of it.
func (m Memory) Total() uint64 { return m.Sessions + m.Sockets }

func (m Memory) String() string {
	return fmt.Sprintf("%s for idle sessions (%d B each) and %s in the kernel for their sockets (%d B each)",
		size(Of(m.Sessions)), m.PerSession, size(Of(m.Sockets)), m.PerSocket)
}
