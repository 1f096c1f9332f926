package bench

import (
	"strings"
	"testing"
	"time"
)

func TestSampleText(t *testing.T) {
	busy := Sample{At: 72 * time.Second, Phase: "measuring", Left: 3628 * time.Second, Connected: 1000, Errors: 2, Messages: 5000, PerSecond: 4999.6,
		P50: 120, P99: 1234, Max: 3000, ClientCPU: 0.124, Server: &ServerSample{RSS: 24 << 20, CPU: 1.5}}
	own := busy
	own.Overloaded = true
	for _, test := range []struct {
		sample Sample
		want   string
	}{
		{busy, "1:12  measuring, 1:00:28 left  connected 1000  errors 2|5000 messages/s  p50 120µs  p99 1.23ms  max 3ms|client 12 % of a CPU  server 150 %, 24.0 MiB"},
		{own, "1:12  measuring, 1:00:28 left  connected 1000  errors 2|5000 messages/s  p50 120µs  p99 1.23ms  max 3ms  the client's own: it is overloaded|client 12 % of a CPU  server 150 %, 24.0 MiB"},
		{own.WithoutOwnLatencies(), "1:12  measuring, 1:00:28 left  connected 1000  errors 2|5000 messages/s  latencies withheld: the client is overloaded|client 12 % of a CPU  server 150 %, 24.0 MiB"},
		{Sample{At: 900 * time.Millisecond, Phase: "connecting", Connected: 1}, "0:01  connecting  connected 1  errors 0|0 messages/s|client 0 % of a CPU"},
	} {
		text := test.sample.Text()
		if got := strings.Join(text[:], "|"); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
