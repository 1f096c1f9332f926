package bench

// tally is what one loop counts. It belongs to the loop until the loop has
// ended.
type tally struct {
	opened     int
	failed     int    // never opened
	lost       int    // opened, and ended before the run did
	lateBegun  uint64 // connections that began late
	pings      uint64
	failures   failures
	handshakes latencies
	ciphers    ciphers
	agreed     string // on compression, by the first server to do so
	compressed CompressionFigures
	// firstBegan and lastOpened are moments on the loop's clock.
	firstBegan int64
	lastOpened int64
}

func newTally() tally {
	return tally{failures: failures{}, handshakes: newLatencies(), ciphers: ciphers{}}
}
