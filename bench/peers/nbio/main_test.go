//go:build !race

// The library hands connections to its pollers through epoll_ctl alone. That is
// an order, but not one that the race detector can see.

package main

import (
	"testing"

	"github.com/sluicegate/sluice/bench/peers/internal/smoke"
)

func TestMain(m *testing.M) { smoke.Main(m, main) }

// The library drops empty messages: it hands them to no handler.
func TestEcho(t *testing.T) { smoke.Echo(t, smoke.Start(t), 1) }

// Of bursts over TLS the library ends some connections.
func TestEchoOverTLS(t *testing.T) { smoke.Sizes(t, smoke.StartSecured(t), 1) }

func TestBroadcast(t *testing.T) { smoke.Broadcast(t, smoke.Start(t, "--broadcast")) }
