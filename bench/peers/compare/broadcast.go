package main

import (
	"context"
	"fmt"
	"time"
)

type broadcastCommand struct {
	common
	Size     []int         `help:"Payload of a message in bytes; each value makes a table." default:"128"`
	Duration time.Duration `help:"How long each run is measured." default:"5s"`
	Warmup   time.Duration `help:"How long each run loads the server before that." default:"2s"`
}

func (b *broadcastCommand) Run(ctx context.Context) error {
	var cells []cell
	for _, size := range b.Size {
		cells = append(cells, broadcastOf(b.Connections, size, b.Warmup, b.Duration))
	}
	return b.compare(ctx, cells)
}

// broadcastOf is the cell of messages of size bytes to so many members.
func broadcastOf(members, size int, warmup, duration time.Duration) cell {
	return cell{
		title:    fmt.Sprintf("broadcast: %d members × %d B", members, size),
		scenario: scenarioBroadcast,
		flags: []string{
			fmt.Sprintf("--connections=%d", members),
			fmt.Sprintf("--size=%d", size),
			fmt.Sprintf("--warmup=%v", warmup),
			fmt.Sprintf("--duration=%v", duration),
		},
		takes:   warmup + duration,
		figures: broadcastFigures,
	}
}
