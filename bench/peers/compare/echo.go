package main

import (
	"context"
	"fmt"
	"time"
)

type echoCommand struct {
	common
	InFlight []int         `help:"Messages of one connection that are outstanding; each value makes a table." default:"1,8"`
	Size     []int         `help:"Payload of a message in bytes; each value makes a table." default:"64"`
	Duration time.Duration `help:"How long each run is measured." default:"5s"`
	Warmup   time.Duration `help:"How long each run loads the server before that." default:"1s"`
}

func (e *echoCommand) Run(ctx context.Context) error {
	var cells []cell
	for _, size := range e.Size {
		for _, inFlight := range e.InFlight {
			cells = append(cells, echoOf(e.Connections, size, inFlight, e.Warmup, e.Duration))
		}
	}
	return e.compare(ctx, cells)
}

// echoOf is the cell of connections with so many messages of size bytes in
// flight each.
func echoOf(connections, size, inFlight int, warmup, duration time.Duration) cell {
	return cell{
		title:    fmt.Sprintf("echo: %d connections × %d B, %d in flight", connections, size, inFlight),
		scenario: scenarioEcho,
		flags: []string{
			fmt.Sprintf("--connections=%d", connections),
			fmt.Sprintf("--size=%d", size),
			fmt.Sprintf("--in-flight=%d", inFlight),
			fmt.Sprintf("--warmup=%v", warmup),
			fmt.Sprintf("--duration=%v", duration),
		},
		takes:   warmup + duration,
		figures: echoFigures,
	}
}
