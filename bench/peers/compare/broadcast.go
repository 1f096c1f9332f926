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
		cells = append(cells, cell{
			title:    fmt.Sprintf("broadcast: %d members × %d B", b.Connections, size),
			scenario: "broadcast",
			flags: []string{
				fmt.Sprintf("--connections=%d", b.Connections),
				fmt.Sprintf("--size=%d", size),
				fmt.Sprintf("--duration=%v", b.Duration),
				fmt.Sprintf("--warmup=%v", b.Warmup),
			},
			takes:   b.Duration + b.Warmup,
			figures: broadcastFigures,
		})
	}
	return b.compare(ctx, cells)
}
