package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// verdict is what the load tool's JSON document says of itself.
type verdict struct {
	// Overloaded says why an open loop's latencies are the load tool's own.
	Overloaded []string `json:"generatorOverloaded"`
}

func (v verdict) overloaded() bool { return len(v.Overloaded) > 0 }

// note is a sentence about an overload; empty if there was none.
func (v verdict) note() string {
	if !v.overloaded() {
		return ""
	}
	return fmt.Sprintf("the load tool was overloaded (%s): its latencies are its own.", strings.Join(v.Overloaded, "; "))
}

// environment is what a run was made with and on.
type environment struct {
	Commit   string `json:"commit"`
	Go       string `json:"go"`
	Kernel   string `json:"kernel"`
	CPUModel string `json:"cpuModel"`
}

// report is what a comparison reads of the load tool's JSON document.
type report struct {
	verdict
	Environment environment `json:"environment"`
	Connections struct {
		Asked     int     `json:"asked"`
		Opened    int     `json:"opened"`
		Lost      int     `json:"lost"`
		PerSecond float64 `json:"perSecond"`
		TLS       []struct {
			Version     string `json:"version"`
			CipherSuite string `json:"cipherSuite"`
		} `json:"tls"`
	} `json:"connections"`
	Failures []failure `json:"failures"`
	Echo     *struct {
		Messages     uint64        `json:"messages"`
		PerSecond    float64       `json:"perSecond"`
		Latency      latency       `json:"latency"`
		ServerUser   time.Duration `json:"serverUserNanosecondsPerMessage"`
		ServerSystem time.Duration `json:"serverSystemNanosecondsPerMessage"`
	} `json:"echo"`
	Broadcast *struct {
		Deliveries   uint64        `json:"deliveries"`
		Lost         uint64        `json:"lost"`
		OutOfOrder   uint64        `json:"outOfOrder"`
		PerSecond    float64       `json:"perSecond"`
		PerRead      float64       `json:"deliveriesPerRead"`
		Latency      latency       `json:"latency"`
		LastLatency  latency       `json:"lastLatency"`
		ServerUser   time.Duration `json:"serverUserNanosecondsPerDelivery"`
		ServerSystem time.Duration `json:"serverSystemNanosecondsPerDelivery"`
	} `json:"broadcast"`
	Generator struct {
		Saturated bool `json:"generatorSaturated"`
	} `json:"generator"`
	Server []processSample `json:"server"`
	Series []point         `json:"series"`
}

type latency struct {
	Percentiles []struct {
		Percent      float64 `json:"percent"`
		Microseconds float64 `json:"microseconds"`
	} `json:"percentiles"`
}

// at returns a percentile in microseconds, or 0 if it was not reported.
func (l latency) at(percent float64) float64 {
	for _, p := range l.Percentiles {
		if p.Percent == percent {
			return p.Microseconds
		}
	}
	return 0
}

// processSample is what the load tool saw of the server's process.
type processSample struct {
	RSS    int64         `json:"rssBytes"`
	User   time.Duration `json:"userNanoseconds"`
	System time.Duration `json:"systemNanoseconds"`
}

func (s processSample) cpu() time.Duration { return s.User + s.System }

// parseReport returns the report in text, if it is one of a run that did what
// it was asked for and has the figures of scenario.
func parseReport(text []byte, scenario string) (*report, error) {
	r := new(report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("no report of the load tool: %w", err)
	}
	switch {
	case len(r.Failures) > 0:
		f := r.Failures[0]
		return nil, errors.New(f.String())
	case r.Connections.Opened == 0 || r.Connections.Opened < r.Connections.Asked:
		return nil, fmt.Errorf("%d of %d connections opened", r.Connections.Opened, r.Connections.Asked)
	case r.Connections.Lost > 0:
		return nil, fmt.Errorf("%d connections were lost", r.Connections.Lost)
	case len(r.Server) < 2:
		return nil, fmt.Errorf("%d samples of the server's process, want 2 or more", len(r.Server))
	case scenario == scenarioEcho && (r.Echo == nil || r.Echo.Messages == 0):
		return nil, errors.New("no message was echoed")
	case scenario == scenarioBroadcast && (r.Broadcast == nil || r.Broadcast.Deliveries == 0):
		return nil, errors.New("no message was delivered")
	case scenario == scenarioBroadcast && r.Broadcast.Lost+r.Broadcast.OutOfOrder > 0:
		return nil, fmt.Errorf("%d deliveries were lost and %d messages out of order", r.Broadcast.Lost, r.Broadcast.OutOfOrder)
	}
	return r, nil
}

// first, opened and last return the samples taken before the first connection,
// with all of them open, and at the end.
func (r *report) first() processSample  { return r.Server[0] }
func (r *report) opened() processSample { return r.Server[1] }
func (r *report) last() processSample   { return r.Server[len(r.Server)-1] }

// peak is the greatest RSS of all samples, which are a second apart at most.
func (r *report) peak() (rss int64) {
	for _, s := range r.Server {
		rss = max(rss, s.RSS)
	}
	for _, p := range r.Series {
		if p.Server != nil {
			rss = max(rss, p.Server.RSS)
		}
	}
	return rss
}

// cipher names what the connections have negotiated, the most frequent first.
func (r *report) cipher() string {
	var names []string
	for _, n := range r.Connections.TLS {
		names = append(names, n.Version+" "+n.CipherSuite)
	}
	return strings.Join(names, ", ")
}

func (r *report) perConnection(v float64) float64 { return v / float64(r.Connections.Opened) }
