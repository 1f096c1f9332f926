package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

type peersCommand struct {
	common
	InFlight      []int         `help:"Messages of one connection that are outstanding; each value makes a row." default:"1,8"`
	Members       []int         `help:"Members of a broadcast; each value makes a row." default:"1000,10000"`
	AtRest        int           `help:"Connections whose handshakes and memory are measured." default:"10000"`
	BroadcastPath string        `help:"Path of the WebSocket URL at which servers broadcast." default:"/client/hubs/chat"`
	Warmup        time.Duration `help:"How long each run loads the server before it is measured." default:"1s"`
	Duration      time.Duration `help:"How long each run is measured." default:"3s"`
	Hold          time.Duration `help:"How long connections rest before memory is read." default:"8s"`
	Notes         string        `help:"Markdown file to end the page with: how the servers are set up." type:"existingfile"`
}

// Payloads of messages, in bytes: as the tables of single comparisons have them.
const (
	echoSize      = 64
	broadcastSize = 128
)

func (p *peersCommand) Run(ctx context.Context) error {
	notes, err := p.notes()
	if err != nil {
		return err
	}
	s := standings{began: time.Now().UTC(), servers: p.names(), baseline: p.baseline(), place: p.place}
	err = p.measure(ctx, p.cells(), func(of *summary) error {
		s.add(of)
		return nil
	})
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(s.String() + notes)
	return err
}

func (p *peersCommand) cells() []cell {
	var cells []cell
	for _, inFlight := range p.InFlight {
		cells = append(cells, echoOf(p.Connections, echoSize, inFlight, p.Warmup, p.Duration))
	}
	for _, members := range p.Members {
		broadcast := broadcastOf(members, broadcastSize, p.Warmup, p.Duration)
		broadcast.path = p.BroadcastPath
		cells = append(cells, broadcast)
	}
	return append(cells, idleOf(p.AtRest, p.Hold))
}

// notes returns what ends the page, with an empty line before it.
func (p *peersCommand) notes() (string, error) {
	if p.Notes == "" {
		return "", nil
	}
	text, err := os.ReadFile(p.Notes)
	if err != nil {
		return "", fmt.Errorf("--notes: %w", err)
	}
	return "\n" + string(text), nil
}
