package bench

import (
	"testing"
	"time"
)

// A connection is late by the pace that was asked for, which a ramp is a part of.
func TestConnectionsOfARampAreLateByTheRamp(t *testing.T) {
	for _, pace := range []ramp{{pace: 100}, {pace: 100, over: 10 * time.Second}} {
		d := dialer{pace: pace, since: int64(time.Hour)}
		for d.begun = range 1000 {
			due := d.since + int64(pace.at(d.begun))
			if d.late(due) || d.late(due+int64(lateAfter)) {
				t.Fatalf("with a ramp of %v, connection %d is late when it is due", pace.over, d.begun)
			}
			if !d.late(due + int64(lateAfter) + 1) {
				t.Fatalf("with a ramp of %v, connection %d is never late", pace.over, d.begun)
			}
		}
	}
}
