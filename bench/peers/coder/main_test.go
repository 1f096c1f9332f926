package main

import (
	"testing"

	"github.com/sluicegate/sluice/bench/peers/internal/smoke"
)

func TestMain(m *testing.M) { smoke.Main(m, main) }

func TestEcho(t *testing.T) { smoke.Echo(t, smoke.Start(t), 0) }

func TestEchoOverTLS(t *testing.T) { smoke.Echo(t, smoke.StartSecured(t), 0) }

func TestBroadcast(t *testing.T) { smoke.Broadcast(t, smoke.Start(t, "--broadcast")) }
