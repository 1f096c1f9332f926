package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// bystanders are what sessions saw that have no part in what is measured. They
// belong to a load tool of their own: within that of a storm their messages wait
// for its loops, which open connections by the thousand, and that would count as
// the server's delay.
type bystanders struct {
	Due     uint64  `json:"due"`
	Late    uint64  `json:"late"` // left more than 1 ms after they were due
	Lost    uint64  `json:"lost"`
	Latency latency `json:"latency"`
}

const (
	// bystanderSessions are how many there are.
	bystanderSessions = 200
	// bystanderRate is how many messages they send in a second.
	bystanderRate = 1000
	// bystanderWarmup lets a new server's heap and caches settle: the first
	// second has a p99 of up to 4 ms without any storm.
	bystanderWarmup = time.Second
)

// p99 is in milliseconds.
func (b bystanders) p99() float64 { return b.Latency.at(99) / microsecondsPerMillisecond }

func (b bystanders) String() string {
	return fmt.Sprintf("%.2f ms, %.2f ms", b.Latency.at(50)/microsecondsPerMillisecond, b.p99())
}

// standBy has bystanders speak to the server at url. For that long they only warm
// up, and are then measured.
func standBy(ctx context.Context, tool loadTool, url string, warmup, measured time.Duration) (b bystanders, used time.Duration, err error) {
	text, used, err := tool.execute(ctx, []string{"rate", url,
		fmt.Sprintf("--connections=%d", bystanderSessions),
		fmt.Sprintf("--rate=%d", bystanderRate),
		fmt.Sprintf("--warmup=%v", warmup),
		fmt.Sprintf("--duration=%v", measured),
	}, 0, warmup+measured)
	if err == nil {
		b, err = parseBystanders(text)
	}
	return b, used, err
}

func parseBystanders(text []byte) (bystanders, error) {
	var r struct {
		Failures []failure   `json:"failures"`
		Rate     *bystanders `json:"rate"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return bystanders{}, fmt.Errorf("no report of the bystanders: %w", err)
	}
	switch {
	case len(r.Failures) > 0:
		return bystanders{}, fmt.Errorf("bystanders: %v", r.Failures[0])
	case r.Rate == nil || r.Rate.Due == 0:
		return bystanders{}, errors.New("the bystanders sent no message")
	}
	return *r.Rate, nil
}
