package main

import (
	"cmp"
	"context"

	"github.com/sluicegate/sluice/bench"
)

// slowShare is the percentage of members that stop reading, if none is given.
const slowShare = 10

type slowCommand struct {
	loadFlags
	publishingFlags
}

// run is a broadcast in which somebody is slow for sure.
func (c *slowCommand) run(ctx context.Context) (*bench.Report, error) {
	publishing := c.publishing()
	publishing.Slow = cmp.Or(publishing.Slow, slowShare)
	return bench.Broadcast{Load: c.load(), Publishing: publishing}.Run(ctx)
}
