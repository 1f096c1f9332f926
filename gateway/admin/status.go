package admin

import (
	"net/http"
	"os"
	"runtime"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

// statusDocument is the answer of /status.
type statusDocument struct {
	Version       string  `json:"version"`
	PID           int     `json:"pid"`
	UptimeSeconds float64 `json:"uptimeSeconds"`
	Ready         bool    `json:"ready"`
	Goroutines    int     `json:"goroutines"`
	// RSSBytes is the resident set size, 0 where the system does not tell.
	RSSBytes int64         `json:"rssBytes"`
	Gateway  gateway.Stats `json:"gateway"`
}

func status(source Source, version string) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		stats, err := snapshot(source, r)
		if err != nil {
			return err
		}
		return document(w, statusDocument{
			Version:       version,
			PID:           os.Getpid(),
			UptimeSeconds: time.Since(stats.Started).Seconds(),
			Ready:         source.Ready(),
			Goroutines:    runtime.NumGoroutine(),
			RSSBytes:      residentBytes(),
			Gateway:       stats,
		})
	}
}
