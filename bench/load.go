package bench

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Load says where connections go and how they are opened. The zero value of a
// field selects its default.
type Load struct {
	// URL is the server's WebSocket URL, ws://HOST:PORT/PATH or wss://. In it {n}
	// stands for the number of a connection, from 0 on, and {token} for its token.
	// Required.
	URL string `json:"url"`
	// Connections is how many to open, 1 to 16,777,216. Default 1,000.
	Connections int `json:"connections"`
	// Loops is the number of event loops, 1 to 1,024, each a thread. Default 1.
	Loops int `json:"loops"`
	// CPUs pins the loops' threads, loop i to the i-th CPU, round and round.
	// Default: not pinned.
	CPUs []int `json:"cpus,omitempty"`
	// Sources are the addresses that connections come from, in turn. Default:
	// for an IPv4 loopback target one address of 127.0.0.0/8 for every 12,000
	// connections; otherwise the kernel's choice, which has some 28,000 ports.
	Sources []netip.Addr `json:"sources,omitempty"`
	// ConnectRate is how many connections to begin per second, over all loops.
	// Default 0: no limit but ConnectInFlight.
	ConnectRate float64 `json:"connectRate"`
	// ConnectRamp is how long that rate takes to be reached, rising evenly from
	// none. Default 0: it holds from the start.
	ConnectRamp time.Duration `json:"connectRampNanoseconds"`
	// ConnectInFlight is how many connections of one loop may be between their
	// beginning and the server's answer, 1 to 65,536. Default 256.
	ConnectInFlight int `json:"connectInFlight"`
	// ConnectTimeout bounds that time for one connection. Default 10 s.
	ConnectTimeout time.Duration `json:"connectTimeoutNanoseconds"`
	// FinishTimeout bounds the wait for outstanding echoes and close frames at
	// the end. Default 5 s.
	FinishTimeout time.Duration `json:"finishTimeoutNanoseconds"`
	// TLS says how the server of a wss:// URL is verified.
	TLS TLS `json:"tls"`
	// Headers are further fields of the upgrade requests, with the same marks as
	// the URL. No report shows them.
	Headers http.Header `json:"-"`
	// Origin is the value of the header field of that name. Default: none.
	Origin string `json:"origin,omitempty"`
	// Subprotocols are offered; the server may choose one or none.
	Subprotocols []string `json:"subprotocols,omitempty"`
	// Tokens are those of the connections, which take them in turn. Where neither
	// the URL nor Headers has the mark {token}, they go into a header field
	// Authorization, as bearer tokens. No report shows them.
	Tokens []string `json:"-"`
	// Compression offers permessage-deflate (RFC 7692), without context
	// takeover, and sends messages compressed. A server that declines it fails
	// the connection.
	Compression bool `json:"compression"`
	// PrivateFDTables gives each loop's thread a descriptor table of its own,
	// so that RLIMIT_NOFILE bounds a loop and not the process.
	PrivateFDTables bool `json:"privateFDTables"`
	// PID is the server's process, if its memory and CPU time are to be
	// reported. It must be on this machine. Default 0: none.
	PID int `json:"pid,omitempty"`
	// StatsURL is fetched before and after, and its JSON put into the report as
	// it is. Default: none.
	StatsURL string `json:"statsURL,omitempty"`
	// SampleEvery is how often the run is sampled, 10 ms or more. Default 1 s.
	SampleEvery time.Duration `json:"sampleEveryNanoseconds"`
	// Observer is shown each sample while the run is under way. Default: none.
	Observer Observer `json:"-"`
}

func (l Load) withDefaults() Load {
	if l.Connections == 0 {
		l.Connections = 1000
	}
	if l.Loops == 0 {
		l.Loops = 1
	}
	if l.ConnectInFlight == 0 {
		l.ConnectInFlight = 256
	}
	if l.ConnectTimeout == 0 {
		l.ConnectTimeout = 10 * time.Second
	}
	if l.FinishTimeout == 0 {
		l.FinishTimeout = 5 * time.Second
	}
	if l.SampleEvery == 0 {
		l.SampleEvery = defaultSampleEvery
	}
	return l
}

// Fault is an error of a field of a scenario.
type Fault struct {
	Field string // as it is called here, for example "ConnectRate" or "Publish.URL"
	Err   error
}

func (f *Fault) Error() string { return f.Field + ": " + f.Err.Error() }

func (f *Fault) Unwrap() error { return f.Err }

// faultf returns the fault of a field.
func faultf(field, format string, values ...any) error {
	return &Fault{field, fmt.Errorf(format, values...)}
}

// faults collects what is wrong with a scenario.
type faults []error

func (f *faults) check(good bool, field string, value any, problem string) {
	if !good {
		*f = append(*f, faultf(field, "%v: %s", value, problem))
	}
}

func (f *faults) between(field string, v, low, high int, unit string) {
	f.check(low <= v && v <= high, field, v, fmt.Sprintf("must be %d to %d%s", low, high, unit))
}

func (f *faults) joined() error { return errors.Join(*f...) }

// checkLoad finds the faults of l, which has its defaults filled in.
func (f *faults) checkLoad(l Load) {
	f.check(l.URL != "", "URL", `""`, "must be set, for example ws://127.0.0.1:8080/client/hubs/echo")
	f.between("Connections", l.Connections, 1, 1<<24, "")
	f.between("Loops", l.Loops, 1, 1024, "")
	f.check(l.Loops <= l.Connections, "Loops", l.Loops, "must not exceed the connections")
	for _, cpu := range l.CPUs {
		f.between("CPUs", cpu, 0, 1023, "")
	}
	f.check(l.ConnectRate >= 0 && l.ConnectRate <= 1e9, "ConnectRate", l.ConnectRate, "must be 0 (no limit) to 1e9 per second")
	f.check(l.ConnectRamp == 0 || l.ConnectRamp > 0 && l.ConnectRate > 0, "ConnectRamp", l.ConnectRamp, "must not be negative, and needs a connect rate")
	f.between("ConnectInFlight", l.ConnectInFlight, 1, 1<<16, "")
	f.check(l.ConnectTimeout >= time.Millisecond, "ConnectTimeout", l.ConnectTimeout, "must be 1 ms or more")
	f.check(l.FinishTimeout >= time.Millisecond, "FinishTimeout", l.FinishTimeout, "must be 1 ms or more")
	f.check(l.SampleEvery >= 10*time.Millisecond, "SampleEvery", l.SampleEvery, "must be 10 ms or more")
	f.checkUpgrade(l)
	f.check(l.PID >= 0, "PID", l.PID, "must be the id of a process")
	if l.StatsURL != "" {
		u, err := url.Parse(l.StatsURL)
		f.check(err == nil && (u.Scheme == "http" || u.Scheme == "https"), "StatsURL", l.StatsURL, "must be an http:// URL")
	}
}
