package bench

import "time"

// AttackMode is one kind of attack.
type AttackMode struct {
	// Name is what [Attack].Mode takes.
	Name string `json:"name"`
	// Does says in one line what its attackers do.
	Does string `json:"does"`
	// Reasons are those under which Sluice counts the attackers that it ends.
	// Empty: it has no reason to end them, and must serve others beside them.
	Reasons []string `json:"reasons,omitempty"`

	// Attackers is the default of [Attack].Attackers.
	Attackers int `json:"-"`
	// Rate is the default of [Attack].AttackRate; 0 is one frame a second for
	// each attacker.
	Rate float64 `json:"-"`
	// ConnectRate is the default of [Attack].AttackConnectRate.
	ConnectRate float64 `json:"-"`

	begins   beginning
	deaf     bool          // its attackers never read
	holds    time.Duration // how long they keep a connection that the server has ended
	attacker func(*Target) attacker
}

// beginning is where on a connection an attack begins.
type beginning uint8

const (
	// onConnect: once TCP is connected.
	onConnect beginning = iota
	// onUpgrade: once the server has answered an upgrade with 101.
	onUpgrade
	// onDeflate: the same, with permessage-deflate accepted.
	onDeflate
)

// rate returns how many frames so many attackers send in a second.
func (m *AttackMode) rate(attackers int) float64 {
	if m.Rate == 0 {
		return float64(attackers)
	}
	return m.Rate
}

// AttackModes returns every mode. The slice is the caller's.
func AttackModes() []AttackMode {
	modes := make([]AttackMode, len(attackModes))
	copy(modes, attackModes)
	return modes
}

func modeNamed(name string) *AttackMode {
	for i := range attackModes {
		if attackModes[i].Name == name {
			return &attackModes[i]
		}
	}
	return nil
}

func modeNames() []string {
	var names []string
	for _, m := range attackModes {
		names = append(names, m.Name)
	}
	return names
}

// attackModes has the attacks in the order of a connection's life. The rates
// are such that a server can serve others beside them on one core.
var attackModes = []AttackMode{
	{Name: "fd-exhaustion", Does: "opens more connections than the server has descriptors for",
		Reasons: []string{"no_descriptors"}, Attackers: 4096, ConnectRate: 2000,
		begins: onUpgrade, attacker: silence},
	{Name: "silent", Does: "connects and never sends a byte",
		Reasons: []string{"handshake_timeout"}, Attackers: 2000, ConnectRate: 1000,
		begins: onConnect, attacker: silence},
	{Name: "slow-handshake", Does: "sends one byte of an upgrade request per second",
		Reasons: []string{"handshake_timeout"}, Attackers: 2000, ConnectRate: 1000,
		begins: onConnect, attacker: slowHandshake},
	{Name: "header-flood", Does: "sends an upgrade request whose header lines never end",
		Reasons: []string{"head_too_large"}, Attackers: 100, Rate: 50_000, ConnectRate: 500,
		begins: onConnect, attacker: headerFlood},
	{Name: "upgrade-storm", Does: "sends invalid upgrade requests as fast as it may connect",
		Reasons: []string{"bad_request", "method", "version", "route_unknown"}, Attackers: 100, Rate: 1e9, ConnectRate: 2000,
		begins: onConnect, attacker: upgradeStorm},
	{Name: "random-bytes", Does: "sends random bytes after the upgrade",
		Reasons: []string{"protocol_error"}, Attackers: 100, Rate: 10_000, ConnectRate: 500,
		begins: onUpgrade, attacker: randomBytes},
	{Name: "slow-frames", Does: "sends one byte of a long message per second",
		Reasons: []string{"idle"}, Attackers: 2000, ConnectRate: 1000,
		begins: onUpgrade, attacker: slowFrames},
	{Name: "huge-length", Does: "declares a frame of 2^62 bytes and sends on",
		Reasons: []string{"message_too_big"}, Attackers: 100, Rate: 10_000, ConnectRate: 500,
		begins: onUpgrade, attacker: hugeLength},
	{Name: "fragment-flood", Does: "sends a message in endless fragments of one byte, or of none",
		Reasons: []string{"message_too_big"}, Attackers: 10, Rate: 500_000, ConnectRate: 500,
		begins: onUpgrade, attacker: fragmentFlood},
	{Name: "ping-flood", Does: "sends pings without end, and reads the pongs",
		Reasons: []string{"control_flood"}, Attackers: 100, Rate: 20_000, ConnectRate: 500,
		begins: onUpgrade, attacker: pingFlood},
	{Name: "ping-flood-deaf", Does: "sends pings without end, and does not read",
		Reasons: []string{"control_flood"}, Attackers: 100, Rate: 20_000, ConnectRate: 500,
		begins: onUpgrade, deaf: true, attacker: pingFlood},
	{Name: "deaf", Does: "sends messages that are echoed, and does not read",
		Reasons: []string{"slow_consumer", "write_stalled"}, Attackers: 20, Rate: 10_000, ConnectRate: 500,
		begins: onUpgrade, deaf: true, attacker: messageFlood},
	{Name: "bomb", Does: "sends 32 KiB that inflate to 32 MiB",
		Reasons: []string{"message_too_big"}, Attackers: 100, Rate: 500, ConnectRate: 500,
		begins: onDeflate, attacker: bomb},
	{Name: "empty-blocks", Does: "sends compressed messages of empty DEFLATE blocks, costly to inflate to nothing",
		Reasons: []string{"costly_message"}, Attackers: 20, Rate: 50, ConnectRate: 100,
		begins: onDeflate, attacker: emptyBlocks},
	{Name: "close-stall", Does: "sends a close frame, or leaves the server's unanswered, and keeps TCP open",
		Reasons: []string{"closed_by_peer", "protocol_error"}, Attackers: 500, Rate: 1e9, ConnectRate: 500,
		begins: onUpgrade, deaf: true, holds: time.Second, attacker: closeStall},
}
