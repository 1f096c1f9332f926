package bench

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Assault is what the attackers of an [Attack] do: connections that break the
// rules, are ended for it and connect anew. They are bounded in number, pace and
// time. The zero value of a field selects its default.
//
// They stand for other machines. Where they have to share a CPU with the clients
// that measure they run only while nobody else wants it (SCHED_IDLE). That helps
// little within one process: an attacker that gave way in the kernel may still hold
// what a client needs from the Go scheduler, its P, and the wait counts as the
// server's. The p99 beside 2,000 silent attackers was 2.6 ms that way, and 0.35 ms
// with the attackers in a process of their own; see [Attack].Assail.
type Assault struct {
	// URL is the server's WebSocket URL, ws://HOST:PORT/PATH. Required.
	URL string `json:"url"`
	// Sources are as in [Load].
	Sources []netip.Addr `json:"sources,omitempty"`
	// CPUs are those that the attackers' thread may run on. Default: all.
	CPUs []int `json:"cpus,omitempty"`
	// Mode names what the attackers do, see [AttackModes]. Required.
	Mode string `json:"mode"`
	// Attackers is how many connections attack at once, 1 to 1,000,000. One that
	// the server ends connects anew. Default: the mode's.
	Attackers int `json:"attackers"`
	// AttackRate is how many frames all attackers send in a second, up to 1e9;
	// before the upgrade a request, a header line or a byte counts as a frame.
	// Default: the mode's.
	AttackRate float64 `json:"attackRate"`
	// AttackConnectRate is how many connections attackers begin in a second, up
	// to 1e9. Default: the mode's.
	AttackConnectRate float64 `json:"attackConnectRate"`
	// Duration is how long they attack, 1 ms to 1 h. Default 5 s.
	Duration time.Duration `json:"durationNanoseconds"`
}

// Validate returns every fault of a, joined; nil if there is none.
func (a Assault) Validate() error {
	a = a.withDefaults()
	var f faults
	f.checkAssault(a)
	f.checkPhase("Duration", a.Duration)
	return f.joined()
}

// checkAssault finds the faults of a, which has its defaults filled in.
func (f *faults) checkAssault(a Assault) {
	f.check(!strings.HasPrefix(a.URL, "wss:"), "URL", a.URL, "must begin with ws://: attackers speak no TLS")
	if modeNamed(a.Mode) == nil { // of which the others have their defaults
		f.check(false, "Mode", a.Mode, fmt.Sprintf("must be one of %v", modeNames()))
		return
	}
	f.between("Attackers", a.Attackers, 1, 1_000_000, "")
	f.check(a.AttackRate >= 0 && a.AttackRate <= 1e9, "AttackRate", a.AttackRate, "must be 0 (the mode's) to 1e9 per second")
	f.check(a.AttackConnectRate >= 0 && a.AttackConnectRate <= 1e9, "AttackConnectRate", a.AttackConnectRate, "must be 0 (the mode's) to 1e9 per second")
}

func (f *faults) checkPhase(field string, length time.Duration) {
	f.check(length >= time.Millisecond && length <= time.Hour, field, length, "must be 1 ms to 1 h")
}

func (a Assault) withDefaults() Assault {
	if mode := modeNamed(a.Mode); mode != nil {
		a.Attackers = cmp.Or(a.Attackers, mode.Attackers)
		a.AttackRate = cmp.Or(a.AttackRate, mode.rate(a.Attackers))
		a.AttackConnectRate = cmp.Or(a.AttackConnectRate, mode.ConnectRate)
	}
	a.Duration = cmp.Or(a.Duration, 5*time.Second)
	return a
}
