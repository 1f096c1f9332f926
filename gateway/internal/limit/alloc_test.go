//go:build !race

package limit

import (
	"net/netip"
	"testing"
	"time"
)

func TestDecisionsAllocateNothing(t *testing.T) {
	rate := Rate{PerSecond: 1000}
	var own Bucket
	var shared SharedBucket
	var now time.Duration
	access := Access{Allow: networks(t, "10.0.0.0/8", "2001:db8::/32"), Deny: networks(t, "10.1.0.0/16")}
	addr := netip.MustParseAddr("2001:db8::1%eth0")
	for name, decide := range map[string]func(){
		"Bucket.Take":       func() { now += time.Microsecond; own.Take(rate, now, 1) },
		"Bucket.Charge":     func() { now += time.Microsecond; own.Charge(rate, now, 1) },
		"SharedBucket.Take": func() { now += time.Microsecond; shared.Take(rate, now, 1) },
		"Access.Admits":     func() { access.Admits(addr) },
		"Mask.Masked":       func() { Mask{}.Masked(addr) },
	} {
		if n := testing.AllocsPerRun(100, decide); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}
