package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

type idleCommand struct {
	common
	Hold       time.Duration `help:"How long the connections rest before memory is read again. It is sampled every second meanwhile." default:"3s"`
	Compressed []string      `help:"Server that each connection exchanges a compressed message with first; may be repeated." sep:"none"`
}

// Validate is called by kong.
func (i *idleCommand) Validate() error {
	for _, name := range i.Compressed {
		if !slices.Contains(i.names(), name) {
			return fmt.Errorf("--compressed %q: is not among the servers %v", name, i.names())
		}
	}
	return i.common.Validate()
}

func (i *idleCommand) Run(ctx context.Context) error {
	idle := idleOf(i.Connections, i.Hold)
	idle.flagsOf = make(map[string][]string)
	for _, name := range i.Compressed {
		idle.flagsOf[name] = []string{"--compression"}
	}
	return i.compare(ctx, []cell{idle})
}

// idleOf is the cell of connections that rest for hold.
func idleOf(connections int, hold time.Duration) cell {
	return cell{
		title:    fmt.Sprintf("idle: %d connections", connections),
		scenario: scenarioIdle,
		flags:    []string{fmt.Sprintf("--connections=%d", connections), fmt.Sprintf("--hold=%v", hold)},
		takes:    hold,
		figures:  idleFigures,
	}
}
