package main

import (
	"context"

	"github.com/sluicegate/sluice/bench"
)

type roomsCommand struct {
	loadFlags
	publishingFlags
	Rooms int     `default:"100" placeholder:"N" help:"Rooms that share the connections (${default})."`
	Zipf  float64 `placeholder:"EXPONENT" help:"Let the sizes of rooms follow Zipf's law, for example with 1. Default: all are equal."`
}

func (c *roomsCommand) run(ctx context.Context) (*bench.Report, error) {
	return bench.Rooms{Load: c.load(), Publishing: c.publishing(), Rooms: c.Rooms, Zipf: c.Zipf}.Run(ctx)
}

// Help is called by kong.
func (c *roomsCommand) Help() string {
	return "In the URL {room} stands for the name of the room that a connection is to be in, " +
		"for example 'ws://127.0.0.1:8080/client/hubs/rooms?rooms={room}'. " +
		"A message begins with the name of its room and a space. The server is to send it, as it is, to the room's other members."
}
