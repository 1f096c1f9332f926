package gateway

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"time"
)

// Fault is one thing wrong with a configuration.
type Fault struct {
	// Field is the path to the field, for example "Limits.Message" or
	// "Hubs[2].Name".
	Field string
	// Value is what was found there.
	Value any
	// Problem says what is wrong with it and what would be right.
	Problem string
}

func (f *Fault) Error() string { return fmt.Sprintf("%s: %v: %s", f.Field, f.Value, f.Problem) }

// Validate returns every fault of c, joined, each a [*Fault]; nil if there is
// none. It does not change c.
func (c Config) Validate() error {
	c = c.WithDefaults()
	var check checker
	check.engine(c)
	check.limits(c.Limits)
	check.timeouts(c.Timeouts)
	check.drain(c.Drain)
	check.admission(c.Admission)
	check.rates(c.Rates)
	check.compression("Compression", &c.Compression)
	check.paths(c)
	return errors.Join(check.faults...)
}

// checker collects faults.
type checker struct{ faults []error }

func (k *checker) fault(bad bool, field string, value any, problem string) {
	if bad {
		k.faults = append(k.faults, &Fault{field, value, problem})
	}
}

func (k *checker) between(field string, v, low, high int, unit string) {
	k.fault(v < low || v > high, field, v, fmt.Sprintf("must be %d to %d%s", low, high, unit))
}

func (k *checker) timeout(field string, d time.Duration) {
	k.fault(d < minTimeout || d > maxTimeout, field, d, fmt.Sprintf("must be %v to %v", minTimeout, maxTimeout))
}

func (k *checker) engine(c Config) {
	k.fault(!validListen(c.Listen), "Listen", c.Listen, `must be "host:port" with a port of 0 to 65535, for example "127.0.0.1:8080"`)
	k.fault(c.Engine != "epoll" && c.Engine != "easygo", "Engine", c.Engine, `must be "epoll" or "easygo"`)
	k.fault(c.Engine == "epoll" && runtime.GOOS != "linux", "Engine", c.Engine, `runs on Linux only; use "easygo"`)
	k.fault(c.PrivateFDTables && c.Engine != "epoll", "PrivateFDTables", true, "needs the epoll engine")
	k.fault(c.LongTurn >= 0 && c.LongTurn < minTimeout || c.LongTurn > maxTimeout, "LongTurn", c.LongTurn, fmt.Sprintf("must be %v to %v, or negative", minTimeout, maxTimeout))
	k.between("Loops", c.Loops, 1, maxLoops, "")
	k.between("Workers", c.Workers, 1, 65536, "")
}

func (k *checker) limits(l Limits) {
	k.between("Limits.Message", l.Message, 1, 1<<30, " bytes")
	k.between("Limits.Fragments", l.Fragments, 1, 1<<30, "")
	k.between("Limits.Head", l.Head, 512, 1<<20, " bytes")
	k.between("Limits.Inflated", l.Inflated, 1, 1<<30, " bytes")
	k.between("Limits.Outbound", l.Outbound, 1, 1<<30, " bytes")
	k.between("Limits.OutboundMessages", l.OutboundMessages, 1, 1<<20, "")
	k.between("Limits.Backlog", l.Backlog, 1, 1<<30, " bytes")
	k.between("Limits.Connections", l.Connections, 0, 1<<30, "")
	k.between("Limits.ConnectionsPerAddress", l.ConnectionsPerAddress, 0, 1<<30, "")
	k.between("Limits.Sessions", l.Sessions, 0, 1<<30, "")
	k.between("Limits.SessionsPerAddress", l.SessionsPerAddress, 0, 1<<30, "")
	k.between("Limits.Groups", l.Groups, 1, 1<<16, "")
	k.between("Limits.Identity", l.Identity, 1, 1<<20, " bytes")
	for field, v := range map[string]int{"Limits.KernelSend": l.KernelSend, "Limits.KernelReceive": l.KernelReceive} {
		if v >= 0 {
			k.between(field, v, 4<<10, 64<<20, " bytes")
		}
	}
	k.between("Limits.Inbound", l.Inbound, 1, 1<<30, " bytes")
	k.between("Limits.InboundMessages", l.InboundMessages, 1, 1<<20, "")
	k.between("Limits.ControlFrames", l.ControlFrames, 1, 1<<15, " a second")
	k.between("Limits.Decisions", l.Decisions, 1, 1<<16, "")
	k.between("Limits.Undecided", l.Undecided, 1, 1<<30, "")
	k.between("Limits.TLSHandshakes", l.TLSHandshakes, 1, 1<<16, "")
	k.between("Limits.HTTPConnections", l.HTTPConnections, 1, 1<<16, "")
}

func (k *checker) timeouts(t Timeouts) {
	k.timeout("Timeouts.Handshake", t.Handshake)
	k.timeout("Timeouts.Decide", t.Decide)
	k.timeout("Timeouts.Pong", t.Pong)
	k.timeout("Timeouts.Close", t.Close)
	k.timeout("Timeouts.WriteStall", t.WriteStall)
	if t.Ping > 0 {
		k.timeout("Timeouts.Ping", t.Ping)
	}
	if t.Idle != 0 {
		k.timeout("Timeouts.Idle", t.Idle)
	}
}

func (k *checker) compression(field string, z *Compression) {
	if z == nil {
		return
	}
	full := z.withDefaults()
	k.between(field+".Threshold", full.Threshold, 1, 1<<30, " bytes")
	k.between(field+".Level", full.Level, 1, 9, "")
	k.between(field+".WindowBits", full.WindowBits, 8, 15, "")
}

// paths checks hubs and routes, each of which has a path of its own.
func (k *checker) paths(c Config) {
	k.between("Hubs and Routes", len(c.Hubs)+len(c.Routes), 0, 1<<16-1, " together")
	taken := make(map[string]string, len(c.Hubs)+len(c.Routes))
	claim := func(field, path string) {
		other, claimed := taken[path]
		k.fault(claimed, field, path, "the path is already taken by "+other)
		taken[path] = field
	}
	for i, h := range c.Hubs {
		at := fmt.Sprintf("Hubs[%d]", i)
		k.fault(!validHubName(h.Name), at+".Name", h.Name, "must be 1 to 128 characters of A-Z a-z 0-9 _ - and dot")
		k.fault(h.OnMessage > PublishToOthers, at+".OnMessage", h.OnMessage, "is no known action")
		k.fault(h.Handler != nil && h.OnMessage != Discard, at+".OnMessage", h.OnMessage, "must not be set beside Handler")
		k.between(at+".Sessions", h.Sessions, 0, 1<<30, "")
		k.between(at+".SessionsPerUser", h.SessionsPerUser, 0, 1<<30, "")
		claim(at+".Name", HubPath(h.Name))
		k.compression(at+".Compression", h.Compression)
		k.delivery(at+".Delivery", h.Delivery)
		k.classes(at+".Groups", h.Groups)
	}
	for i, r := range c.Routes {
		at := fmt.Sprintf("Routes[%d]", i)
		k.fault(r.Path == "" || r.Path[0] != '/', at+".Path", r.Path, "must begin with a slash")
		k.fault(r.Handler == nil, at+".Handler", r.Handler, "must be set")
		claim(at+".Path", r.Path)
		k.compression(at+".Compression", r.Compression)
	}
}

func (k *checker) delivery(field string, d Delivery) {
	d = d.WithDefaults()
	k.fault(d.Policy > Conflate, field+".Policy", d.Policy, "is no known policy")
	k.fault(d.Window != 0 && (d.Window < minWindow || d.Window > maxWindow), field+".Window", d.Window, fmt.Sprintf("must be 0 or %v to %v", minWindow, maxWindow))
	k.between(field+".Batch", d.Batch, 1, 16<<20, " bytes")
}

func (k *checker) classes(field string, classes []GroupClass) {
	names, prefixes := make(map[string]bool), make(map[string]bool)
	for i, c := range classes {
		at := fmt.Sprintf("%s[%d]", field, i)
		k.fault(!validClassName(c.Name), at+".Name", c.Name, `must be 1 to 64 characters of a-z 0-9 _ and -, and not "hub"`)
		k.fault(names[c.Name], at+".Name", c.Name, "is the name of another class")
		k.fault(prefixes[c.Prefix], at+".Prefix", c.Prefix, "is the prefix of another class")
		names[c.Name], prefixes[c.Prefix] = true, true
		k.delivery(at+".Delivery", c.Delivery)
	}
}

const (
	maxLoops   = 1024
	minTimeout = 10 * time.Millisecond
	maxTimeout = 7 * 24 * time.Hour
	minWindow  = time.Millisecond
	maxWindow  = 10 * time.Second
)

func validListen(listen string) bool {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func validHubName(name string) bool { return consistsOf(name, 128, isHubByte) }

func isHubByte(b byte) bool { return isClassByte(b) || 'A' <= b && b <= 'Z' || b == '.' }

func validClassName(name string) bool { return name != hubClass && consistsOf(name, 64, isClassByte) }

func isClassByte(b byte) bool {
	return 'a' <= b && b <= 'z' || '0' <= b && b <= '9' || b == '_' || b == '-'
}

// consistsOf reports whether name has 1 to most bytes, all of which are allowed.
func consistsOf(name string, most int, allowed func(byte) bool) bool {
	for _, b := range []byte(name) {
		if !allowed(b) {
			return false
		}
	}
	return name != "" && len(name) <= most
}
