package bench

import (
	"cmp"
	"context"
	"net/url"
	"time"
)

// Attack is the scenario that shows what an attack does to others: a
// well-behaved open loop as in [Rate] runs alone, then beside attackers of one
// mode, then alone again. The zero value of a field selects its default.
type Attack struct {
	// Load is that of the well-behaved connections.
	Load
	// PerSecond is how many messages the well-behaved connections send, as in
	// [Rate]. Default 1,000.
	PerSecond float64 `json:"messagesPerSecond"`
	// Size is the payload of such a message in bytes. Default 64.
	Size int `json:"size"`

	// Mode, Attackers, AttackRate and AttackConnectRate are those of the [Assault].
	// Mode is required.
	Mode              string  `json:"mode"`
	Attackers         int     `json:"attackers"`
	AttackRate        float64 `json:"attackRate"`
	AttackConnectRate float64 `json:"attackConnectRate"`
	// Assail has the attackers attack until ctx ends, and returns what they did. It
	// is called once, on a goroutine of its own. Default: [Assault.Run], in this
	// process; where that has one CPU only, have another process call it.
	Assail func(ctx context.Context, a Assault) (*AttackerFigures, error) `json:"-"`
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
	f.checkAssault(a.assault())
	if a.AdminURL != "" {
		u, err := url.Parse(a.AdminURL)
		f.check(err == nil && u.Scheme == "http" && u.Host != "", "AdminURL", a.AdminURL, "must be an http:// URL")
	}
	for _, phase := range []struct {
		name   string
		length time.Duration
	}{{"Before", a.Before}, {"During", a.During}, {"After", a.After}} {
		f.checkPhase(phase.name, phase.length)
	}
	return f.joined()
}

func (a Attack) withDefaults() Attack {
	r := a.wellBehaved().withDefaults()
	a.Load, a.PerSecond, a.Size = r.Load, r.PerSecond, r.Size
	foes := a.assault().withDefaults()
	a.Attackers, a.AttackRate, a.AttackConnectRate = foes.Attackers, foes.AttackRate, foes.AttackConnectRate
	if a.Assail == nil {
		a.Assail = func(ctx context.Context, a Assault) (*AttackerFigures, error) { return a.Run(ctx) }
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

// assault is what the attackers do. Their thread is pinned as the loop after the
// last of the load's would be.
func (a Attack) assault() Assault {
	foes := Assault{
		URL:               a.URL,
		Sources:           a.Sources,
		Mode:              a.Mode,
		Attackers:         a.Attackers,
		AttackRate:        a.AttackRate,
		AttackConnectRate: a.AttackConnectRate,
		Duration:          a.During,
	}
	if len(a.CPUs) > 0 {
		foes.CPUs = []int{a.CPUs[a.Loops%len(a.CPUs)]}
	}
	return foes
}
