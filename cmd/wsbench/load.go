package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/bench"
)

// loadFlags are the flags of bench.Load, which all scenarios share.
type loadFlags struct {
	upgradeFlags
	URL             string        `arg:"" help:"The server, ws://HOST:PORT/PATH or wss://. {n} stands for the number of a connection, {token} for its token."`
	Connections     int           `short:"n" default:"1000" help:"Connections to open (${default})."`
	Loops           int           `default:"1" help:"Event loops, each a thread (${default})."`
	CPU             cpuList       `name:"cpu" placeholder:"LIST" help:"Pin the loops to these CPUs, in turn, for example 1 or 0,2-3."`
	Source          []netip.Addr  `placeholder:"ADDRESS" help:"Connect from these addresses, in turn. A loopback target needs none."`
	ConnectRate     float64       `placeholder:"N" help:"Connections to begin per second. Default: no limit."`
	ConnectRamp     time.Duration `placeholder:"TIME" help:"How long it takes to reach that rate. Default: no time."`
	ConnectInFlight int           `default:"256" placeholder:"N" help:"Connections of a loop that may wait for the server's answer (${default})."`
	ConnectTimeout  time.Duration `default:"10s" help:"How long one may wait (${default})."`
	FinishTimeout   time.Duration `default:"5s" help:"How long to wait for outstanding echoes and close frames at the end (${default})."`
	PrivateFDTables bool          `name:"private-fd-tables" help:"Give each loop a descriptor table of its own: RLIMIT_NOFILE then bounds a loop, not the process."`
	Compression     bool          `help:"Offer permessage-deflate and send messages compressed; idle connections exchange one first. A server that declines it fails the connection."`
	PID             int           `name:"pid" placeholder:"PID" help:"Report memory and CPU of this server process."`
	StatsURL        string        `name:"stats-url" placeholder:"URL" help:"Fetch JSON here before and after, for the JSON report."`
	AllowOverload   bool          `help:"Show latencies, and exit with 0, even if the generator could not keep its schedule, so that they are its own."`

	outputFlags
}

func (f *loadFlags) load() bench.Load {
	l := bench.Load{
		URL:             f.URL,
		Connections:     f.Connections,
		Loops:           f.Loops,
		CPUs:            f.CPU,
		Sources:         f.Source,
		ConnectRate:     f.ConnectRate,
		ConnectRamp:     f.ConnectRamp,
		ConnectInFlight: f.ConnectInFlight,
		ConnectTimeout:  f.ConnectTimeout,
		FinishTimeout:   f.FinishTimeout,
		Compression:     f.Compression,
		PrivateFDTables: f.PrivateFDTables,
		PID:             f.PID,
		StatsURL:        f.StatsURL,
		SampleEvery:     f.SampleEvery,
		Observer:        f.observers,
	}
	f.apply(&l)
	return l
}

func (f *loadFlags) allowsOverload() bool { return f.AllowOverload }

// cpuList is a list of CPU numbers and ranges of them, in the notation of
// taskset.
type cpuList []int

func (l *cpuList) UnmarshalText(text []byte) error {
	var cpus cpuList
	for part := range strings.SplitSeq(string(text), ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 10)
		to, err2 := strconv.ParseUint(last, 10, 10)
		if err != nil || err2 != nil || to < from {
			return fmt.Errorf("%q: write CPU numbers and ranges, for example 1 or 0,2-3", part)
		}
		for cpu := from; cpu <= to; cpu++ {
			cpus = append(cpus, int(cpu))
		}
	}
	*l = cpus
	return nil
}
