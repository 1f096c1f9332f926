package bench_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/sluicegate/sluice/bench"
)

// The load and the echo server share one process here; a measurement would keep
// them apart.
func ExampleEcho_Run() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			message, op, err := wsutil.ReadClientData(c)
			if err != nil {
				return
			}
			if err := wsutil.WriteServerMessage(c, op, message); err != nil {
				return
			}
		}
	}))
	defer server.Close()

	report, err := bench.Echo{
		Load: bench.Load{
			URL:         strings.Replace(server.URL, "http:", "ws:", 1),
			Connections: 10,
		},
		Size:     256,
		InFlight: 4,
		Duration: 50 * time.Millisecond,
	}.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("opened:", report.Connections.Opened)
	fmt.Println("all echoed as sent:", report.OK() && report.Echo.Messages > 0)
	// Output:
	// opened: 10
	// all echoed as sent: true
}
