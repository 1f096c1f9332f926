//go:build !race

package gateway_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/sluicegate/sluice/gateway"
)

// TestPublishingAllocatesTheSameForAnyNumberOfMembers counts the allocations of
// the whole process, the clients' among them, which make none.
func TestPublishingAllocatesTheSameForAnyNumberOfMembers(t *testing.T) {
	const rounds = 200
	const few, many = 10, 300
	each := make(map[int]float64)
	for _, members := range []int{few, many} {
		t.Run(fmt.Sprint(members), func(t *testing.T) {
			l := openLobby(t, gateway.Config{Loops: 2}, gateway.HubConfig{})
			all := l.enterMany(members, "room")
			room, p := l.hub.Group("room"), text("%0100d", 0)
			frame := make([]byte, 102)
			publish := func() {
				must(t, room.Publish(p))
				for _, m := range all {
					if _, err := io.ReadFull(m.Conn(), frame); err != nil {
						t.Fatal(err)
					}
				}
			}
			for range rounds / 4 {
				publish() // pools fill, slices grow
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range rounds {
				publish()
			}
			runtime.ReadMemStats(&after)
			each[members] = float64(after.Mallocs-before.Mallocs) / rounds
		})
	}
	if each[many] > each[few]+2 || each[few] > 12 {
		t.Errorf("a publish allocates %.1f objects for %d members and %.1f for %d, want the same few", each[few], few, each[many], many)
	}
}
