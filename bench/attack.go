package bench

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Attack is the scenario that shows what an attack does to others: a
// well-behaved open loop as in [Rate] runs alone, then beside attackers of one
// mode, then alone again. The attackers have a loop and a thread of their own, so
// that they do not stand in the way of the loops that measure. They are bounded
// in number, pace and time. The zero value of a field selects its default.
type Attack struct {
	// Load is that of the well-behaved connections.
	Load
	// PerSecond is how many messages the well-behaved connections send, as in
	// [Rate]. Default 1,000.
	PerSecond float64 `json:"messagesPerSecond"`
	// Size is the payload of such a message in bytes. Default 64.
	Size int `json:"size"`

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
	// AdminURL is the base of Sluice's admin address. Counters that have a
	// reason are then read from /metrics below it. Default: none.
	AdminURL string `json:"adminURL,omitempty"`

	// Warmup is how long the well-behaved load runs before figures are taken.
	// Default 0.
	Warmup time.Duration `json:"warmupNanoseconds"`
	// Before, During and After are how long figures are taken in each phase.
	// Default 3 s, 5 s and 2 s.
	Before time.Duration `json:"beforeNanoseconds"`
	During time.Duration `json:"duringNanoseconds"`
	After  time.Duration `json:"afterNanoseconds"`
}

// Validate returns every fault of a, joined; nil if there is none.
func (a Attack) Validate() error {
	a = a.withDefaults()
	var f faults
	f.checkRate(a.wellBehaved())
	f.check(!strings.HasPrefix(a.URL, "wss:"), "URL", a.URL, "must begin with ws://: attackers speak no TLS")
	f.check(modeNamed(a.Mode) != nil, "Mode", a.Mode, fmt.Sprintf("must be one of %v", modeNames()))
	f.between("Attackers", a.Attackers, 1, 1_000_000, "")
	f.check(a.AttackRate >= 0 && a.AttackRate <= 1e9, "AttackRate", a.AttackRate, "must be 0 (the mode's) to 1e9 per second")
	f.check(a.AttackConnectRate >= 0 && a.AttackConnectRate <= 1e9, "AttackConnectRate", a.AttackConnectRate, "must be 0 (the mode's) to 1e9 per second")
	if a.AdminURL != "" {
		u, err := url.Parse(a.AdminURL)
		f.check(err == nil && u.Scheme == "http" && u.Host != "", "AdminURL", a.AdminURL, "must be an http:// URL")
	}
	for _, phase := range []struct {
		name   string
		length time.Duration
	}{{"Before", a.Before}, {"During", a.During}, {"After", a.After}} {
		f.check(phase.length >= time.Millisecond && phase.length <= time.Hour, phase.name, phase.length, "must be 1 ms to 1 h")
	}
	return f.joined()
}

func (a Attack) withDefaults() Attack {
	r := a.wellBehaved().withDefaults()
	a.Load, a.PerSecond, a.Size = r.Load, r.PerSecond, r.Size
	if mode := modeNamed(a.Mode); mode != nil {
		a.Attackers = cmp.Or(a.Attackers, mode.Attackers)
		a.AttackRate = cmp.Or(a.AttackRate, mode.rate(a.Attackers))
		a.AttackConnectRate = cmp.Or(a.AttackConnectRate, mode.ConnectRate)
	}
	a.Before = cmp.Or(a.Before, 3*time.Second)
	a.During = cmp.Or(a.During, 5*time.Second)
	a.After = cmp.Or(a.After, 2*time.Second)
	return a
}

// wellBehaved is the load that the attack is to disturb.
func (a Attack) wellBehaved() Rate {
	return Rate{
		Load:      a.Load,
		PerSecond: a.PerSecond,
		Size:      a.Size,
		Warmup:    a.Warmup,
		Duration:  a.Before + a.During + a.After,
	}
}
