package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// stormText is a report of the load tool in which all came back.
const stormText = `{"environment": {"kernel": "6.18.0"}, "connections": {"asked": 50, "opened": 50},
	"storm": {"dropped": 45, "back": 45, "tookNanoseconds": 9000000000, "perSecond": 5, "attempts": 50,
		"refused": [{"stage": "handshake", "cause": "refused with 503", "count": 5}],
		"away": {"percentiles": [{"percent": 50, "microseconds": 4000000}, {"percent": 99, "microseconds": 8900000}]},
		"before": {"sent": 10}, "after": {"sent": 10}, "during": {"sent": 10}}}`

// bystandersText is a report of the load tool in which every message came back.
const bystandersText = `{"connections": {"asked": 200, "opened": 200}, "rate": {"due": %d, "late": 1, "lost": 0,
	"latency": {"percentiles": [{"percent": 50, "microseconds": 200}, {"percent": 99, "microseconds": %d}]}}}`

func bystandersOf(t *testing.T, due, p99 int) bystanders {
	t.Helper()
	b, err := parseBystanders(fmt.Appendf(nil, bystandersText, due, p99))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// calm is a witness of a storm that left nothing behind.
func calm() *witness {
	at := time.Unix(0, 0)
	return &witness{
		glances: []glance{
			{at: at, goroutines: 20, rss: 10 << 20},
			{at: at.Add(500 * time.Millisecond), upgraded: 3, connections: 50, goroutines: 20, rss: 30 << 20, longestTurn: time.Millisecond},
			{at: at.Add(1000 * time.Millisecond), upgraded: 6, longestTurn: 7 * time.Millisecond},
			{at: at.Add(2000 * time.Millisecond), upgraded: 8, goroutines: 20, rss: 20 << 20, reasons: map[string]uint64{"peer_reset": 45, "idle": 0, "closed_by_peer": 50}},
		},
		socketsBefore: 9,
		socketsAfter:  9,
	}
}

func stormOf(t *testing.T, arguments ...string) *stormCommand {
	t.Helper()
	line, err := parse(t, append([]string{"storm", "sluice=none", "--loops=2", "--accept-rate=10"}, arguments...)...)
	if err != nil {
		t.Fatal(err)
	}
	return &line.Storm
}

func TestStormReport(t *testing.T) {
	r, err := parseStormReport([]byte(stormText))
	if err != nil {
		t.Fatal(err)
	}
	r.seen, r.noise = calm(), noise{Others: 0.5}
	r.calm, r.during = bystandersOf(t, 10, 1000), bystandersOf(t, 20, 1500)
	r.Overloaded = []string{"loop 0 is full"}
	var got bytes.Buffer
	if err := (storms{r, r}).write(&got, stormOf(t)); err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "testdata/storm.golden", got.String())
	if faults := r.faults(stormOf(t)); len(faults) > 0 {
		t.Errorf("a storm that left nothing behind: got %v", errors.Join(faults...))
	}
}

func TestStormFaults(t *testing.T) {
	for want, spoil := range map[string]func(*stormReport, *glance){
		"49 of 50 connections opened":     func(r *stormReport, _ *glance) { r.Connections.Opened-- },
		"44 of 45 came back":              func(r *stormReport, _ *glance) { r.Storm.Back-- },
		"2 messages of bystanders":        func(r *stormReport, _ *glance) { r.during.Lost = 2 },
		"60 sessions opened within 1s":    func(r *stormReport, last *glance) { last.upgraded = 66 },
		"a turn took 51ms":                func(_ *stormReport, last *glance) { last.longestTurn = 51 * time.Millisecond },
		"1 connections and 0 sessions":    func(_ *stormReport, last *glance) { last.connections = 1 },
		"3 input buffers are in use":      func(_ *stormReport, last *glance) { last.segments = 3 },
		"21 goroutines are left of 20":    func(_ *stormReport, last *glance) { last.goroutines = 21 },
		"10 sockets are open, and were 9": func(r *stormReport, _ *glance) { r.seen.socketsAfter = 10 },
	} {
		r, err := parseStormReport([]byte(stormText))
		if err != nil {
			t.Fatal(err)
		}
		r.seen = calm()
		spoil(r, &r.seen.glances[3])
		faults := r.faults(stormOf(t))
		if len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), want) {
			t.Errorf("got %v, want %q", faults, want)
		}
	}
}

func TestStormReportRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":   "no report of the load tool",
		"{}": "reported no storm",
		`{"failures": [{"stage": "connect", "cause": "connection refused", "count": 3}]}`: "3 × connect: connection refused",
	} {
		if _, err := parseStormReport([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

// A single round in which the machine stood still must not decide.
func TestStormsWorsening(t *testing.T) {
	var all storms
	for _, p99 := range []int{9000, 1500, 1400} {
		r, err := parseStormReport([]byte(stormText))
		if err != nil {
			t.Fatal(err)
		}
		r.seen, r.calm, r.during = calm(), bystandersOf(t, 10, 1000), bystandersOf(t, 10, p99)
		all = append(all, r)
	}
	if faults := all.faults(stormOf(t)); len(faults) > 0 {
		t.Errorf("a median of 1.5: got %v", errors.Join(faults...))
	}
	faults := all.faults(stormOf(t, "--max-ratio=1.4"))
	if len(faults) != 1 || !strings.Contains(faults[0].Error(), "is 1.50 of that before, more than 1.4") {
		t.Errorf("a median of 1.5: got %v", errors.Join(faults...))
	}
	all[2].Storm.Back--
	if faults := all.faults(stormOf(t)); len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), "round 3: 44 of 45 came back") {
		t.Errorf("a round in which one stays away: got %v", errors.Join(faults...))
	}
}

func TestStormFlags(t *testing.T) {
	for _, flag := range []string{"--rounds=0", "--max-ratio=0", "--max-ratio=NaN", "--accept-rate=9"} {
		if _, err := parse(t, "storm", "sluice=none", flag); err == nil || !strings.Contains(err.Error(), strings.Split(flag, "=")[0]) {
			t.Errorf("%s: got %v, want an error that names it", flag, err)
		}
	}
}

// A witness waits until the server is as it was, and sees all that happens.
func TestWitness(t *testing.T) {
	looks := 0
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		looks++
		left := max(0, 2-looks) // of the connections, after the first look
		if looks == 1 {
			left = 0
		}
		fmt.Fprintf(w, `{"goroutines": 5, "gateway": {"loops": [{"connections": %d, "upgraded": %d, "longestTurnNanoseconds": %d, "reasons": {"idle": 1}},
			{"upgraded": 1, "longestTurnNanoseconds": 2, "reasons": {"idle": 2}}]}}`, left, looks, 10*looks)
	}))
	defer page.Close()
	w, err := watch(t.Context(), page.URL, childWithoutSockets(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := w.last()
	if w.first().upgraded != 2 || last.upgraded < 3 || last.reasons["idle"] != 3 || w.longestTurn() < 20 || last.connections != 0 {
		t.Errorf("got %+v", w.glances)
	}
}

func TestWitnessOfNothing(t *testing.T) {
	for text, want := range map[string]string{"what": "cannot be read", "{}": "has no loops"} {
		page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }))
		if _, err := watch(t.Context(), page.URL, os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
		page.Close()
	}
}

// childWithoutSockets returns the id of a process whose sockets do not change.
func childWithoutSockets(t *testing.T) int {
	t.Helper()
	spec := serverSpec{Name: "quiet", Command: []string{becomeFake(t), "server", "1000"}}
	s, err := spec.start(t.Context(), allowedCPU(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s.pid()
}

func TestSockets(t *testing.T) {
	count := func() int {
		n, err := socketsOf(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var before, after int
	// Those of the tests before may still be closed between the two counts.
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		before = count()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		after = count()
		listener.Close()
		if after == before+1 {
			return
		}
	}
	t.Errorf("with a listener more there are %d sockets; there were %d", after, before)
}

func TestBystandersReportRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "no report of the bystanders",
		"{}":                    "sent no message",
		`{"rate": {"lost": 1}}`: "sent no message",
		`{"failures": [{"stage": "connect", "cause": "connection refused", "count": 3}]}`: "3 × connect: connection refused",
	} {
		if _, err := parseBystanders([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

// Bystanders are measured from the drop on, for as long as the rate has the storm
// last at least.
func TestBystandersAreMeasuredInTheStorm(t *testing.T) {
	s := stormOf(t, "--connections=20", "--accept-rate=10")
	if got, want := s.rages(), 1900*time.Millisecond; got != want {
		t.Errorf("a storm of %v, want %v", got, want)
	}
	if got, want := s.opens(), 2500*time.Millisecond; got != want {
		t.Errorf("%v to open, want %v", got, want)
	}
}

func TestStormArguments(t *testing.T) {
	s := stormOf(t, "--connections=100")
	got := strings.Join(s.arguments("ws://h/p"), " ")
	for _, want := range []string{"storm ws://h/p", "--connections=100", "--loops=2", "--private-fd-tables", "--connect-rate=8", "--retry-after", "--timeout=39s", "--bystanders=2"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}
