//go:build !race

package webhook_test

import (
	"net/http"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// What waits costs as much as [webhook.Config].Queue says, each of a connection of
// its own.
func TestMemoryOfAQueuedNotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, budget = 50_000, 350
		release := make(chan struct{})
		u := open(t, func(w http.ResponseWriter, r *http.Request) { <-release })
		clients := make([]webhook.Connection, count)
		for i := range clients {
			clients[i].ID = strconv.Itoa(i)
		}
		before := heap()
		for i := range clients {
			if err := u.Notify(&clients[i], webhook.Notification{Kind: webhook.Connected}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		each := int(heap()-before) / count
		t.Logf("%d bytes each", each)
		if each > budget {
			t.Errorf("%d bytes for each, want at most %d", each, budget)
		}
		close(release)
		runtime.KeepAlive(clients)
	})
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
