package gateway

import (
	"runtime"
	"testing"
	"time"

	"github.com/sluicegate/sluice/poller/pollertest"
)

// TestBegunRequestsAreGivenBack: a storm of clients that send the half of a request leaves
// nothing behind that one of clients that are refused at once does not.
func TestBegunRequestsAreGivenBack(t *testing.T) {
	const clients = 8_000
	s, rig := onRig(t, Config{Hubs: []HubConfig{{Name: "any"}}})
	storm := func(request string) (heap int) {
		peers := make([]*pollertest.Peer, clients)
		for i := range peers {
			peers[i] = rig.Dial()
			peers[i].Write([]byte(request))
		}
		rig.Settle()
		for _, p := range peers {
			p.Close()
		}
		rig.Pass(2 * time.Second)
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	storm("x\r\n\r\n")
	whole := storm("x\r\n\r\n")
	if left := storm("GET / HTTP/1.1\r\n") - whole; left > 100<<10 {
		t.Errorf("%d bytes are kept after %d clients with half a request", left, clients)
	}
	runtime.KeepAlive(s)
	rig.End()
}
