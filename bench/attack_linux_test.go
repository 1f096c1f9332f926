package bench_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluicegate/sluice/bench"
	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/admin"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// The gateway is attacked here in earnest, so these tests import it. The load
// tool itself does not.

// echoNode serves echoes at / with compression.
func echoNode(t *testing.T, change func(*gateway.Config)) *gatewaytest.Node {
	t.Helper()
	config := gateway.Config{
		Loops:       1,
		Routes:      []gateway.Route{{Path: "/", Handler: gateway.Echo()}},
		Compression: gateway.Compression{Enabled: true},
		// Beyond the tests, so that only those reasons count that a mode is about.
		Timeouts: gateway.Timeouts{Handshake: time.Minute, Close: 100 * time.Millisecond, WriteStall: time.Minute},
	}
	if change != nil {
		change(&config)
	}
	return gatewaytest.Start(t, config)
}

// play runs an attack with few attackers for a short time.
func play(t *testing.T, n *gatewaytest.Node, a bench.Attack) *bench.Report {
	t.Helper()
	a.URL = "ws://" + n.Addr() + "/"
	a.Connections, a.PerSecond = 5, 500
	a.Attackers = cmp.Or(a.Attackers, 4)
	a.AttackConnectRate = cmp.Or(a.AttackConnectRate, 200)
	a.During = cmp.Or(a.During, 400*time.Millisecond)
	a.Before, a.After = 20*time.Millisecond, 60*time.Millisecond
	r, err := a.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fromMode is what the test of one mode changes.
type fromMode struct {
	config  func(*gateway.Config)
	attack  bench.Attack
	reasons []string // to be counted; default: all that the mode has
}

var modesUnderTest = map[string]fromMode{
	"silent":         {config: func(c *gateway.Config) { c.Timeouts.Handshake = 200 * time.Millisecond }},
	"slow-handshake": {config: func(c *gateway.Config) { c.Timeouts.Handshake = 200 * time.Millisecond }},
	"header-flood":   {attack: bench.Attack{AttackRate: 50_000}},
	"random-bytes":   {attack: bench.Attack{AttackRate: 5_000}},
	"slow-frames": { // long enough for the well-behaved on a busy machine
		config: func(c *gateway.Config) { c.Timeouts.Idle = time.Second },
		attack: bench.Attack{During: 1500 * time.Millisecond},
	},
	"fragment-flood":  {config: func(c *gateway.Config) { c.Limits.Message = 1 << 10 }, attack: bench.Attack{AttackRate: 100_000}},
	"ping-flood":      {config: func(c *gateway.Config) { c.Limits.ControlFrames = 10 }, attack: bench.Attack{AttackRate: 2_000}},
	"ping-flood-deaf": {config: func(c *gateway.Config) { c.Limits.ControlFrames = 10 }, attack: bench.Attack{AttackRate: 2_000}},
	"deaf": {
		config: func(c *gateway.Config) { c.Limits.Outbound = 64 << 10 },
		// The kernel takes some 4 MB before the gateway has to queue.
		attack:  bench.Attack{AttackRate: 50_000, Attackers: 1, During: 600 * time.Millisecond},
		reasons: []string{"slow_consumer"},
	},
	"bomb":         {attack: bench.Attack{AttackRate: 50}},
	"empty-blocks": {attack: bench.Attack{AttackRate: 5}}, // one takes 8 ms, and 10 times that under the race detector
}

// While each attack runs, well-behaved echoes all come back; attackers are ended
// for the right reason and connect anew; and when it is over, the harness finds
// nothing of it left.
func TestAttacks(t *testing.T) {
	for _, mode := range bench.AttackModes() {
		if mode.Name == "fd-exhaustion" {
			continue // has a test of its own
		}
		t.Run(mode.Name, func(t *testing.T) {
			under := modesUnderTest[mode.Name]
			n := echoNode(t, under.config)
			console := httptest.NewServer(admin.Handler(n.Gateway, "test"))
			t.Cleanup(console.Close)
			under.attack.Mode, under.attack.AdminURL, under.attack.PID = mode.Name, console.URL, os.Getpid()
			if under.reasons == nil {
				under.reasons = mode.Reasons
			}
			r := playUntil(t, n, under.attack, func(r *bench.Report) bool {
				ended := len(under.reasons) == 0 || r.Attack.Phases[1].Attackers.Ended > 0
				return slices.Equal(r.Attack.CountedAsMeant(), under.reasons) && ended
			})
			if got := r.Attack.CountedAsMeant(); !slices.Equal(got, under.reasons) {
				t.Errorf("counted %q, want %q; all that moved: %+v", got, under.reasons, r.Attack.Phases[1].Counted)
			}
			a := r.Attack.Phases[1].Attackers
			if a == nil || a.Connections == 0 || a.Failed > 0 {
				t.Fatalf("the attack failed: %+v, %v", a, a.Failures)
			}
			if mode.Name != "silent" && (a.Frames == 0 || a.Bytes == 0) {
				t.Errorf("nothing was sent: %+v", a)
			}
			if len(under.reasons) > 0 && a.Ended == 0 {
				t.Errorf("no attacker noticed that it was ended: %+v", a)
			}
			for _, p := range r.Attack.Phases {
				if p.Server == nil || p.Server.RSS == 0 || p.Server.PeakRSS < p.Server.RSS {
					t.Errorf("%s: server %+v", p.Name, p.Server)
				}
			}
		})
	}
}

// playUntil runs an attack, and again for longer as long as it did not come to
// what is to be shown: machines that run tests are busy at times.
func playUntil(t *testing.T, n *gatewaytest.Node, a bench.Attack, shown func(*bench.Report) bool) *bench.Report {
	t.Helper()
	const longest = 6 * time.Second
	a.During = cmp.Or(a.During, 300*time.Millisecond)
	for ; ; a.During *= 3 {
		r := play(t, n, a)
		checkService(t, r)
		if shown(r) || 3*a.During > longest {
			return r
		}
	}
}

// checkService fails the test for well-behaved messages that did not come back.
func checkService(t *testing.T, r *bench.Report) {
	t.Helper()
	if len(r.Attack.Phases) != 3 {
		t.Fatalf("%d phases, want 3", len(r.Attack.Phases))
	}
	a := r.Parameters.(bench.Attack)
	for i, length := range []time.Duration{a.Before, a.During, a.After} {
		due := uint64(length.Seconds() * a.PerSecond)
		if p := r.Attack.Phases[i]; p.Due != due || p.Echoed != due || p.Latency.Count != int64(due) {
			t.Errorf("%s: %d messages due and %d echoed, want %d", p.Name, p.Due, p.Echoed, due)
		}
	}
	if !r.OK() || len(r.Failures) > 0 {
		t.Errorf("not OK: %+v, %v", r.Connections, r.Failures)
	}
}

// Attackers that are ended at once come back no faster than they may.
func TestAttackersConnectAtTheirPace(t *testing.T) {
	n := echoNode(t, nil)
	r := playUntil(t, n, bench.Attack{Mode: "upgrade-storm", AttackConnectRate: 40}, func(r *bench.Report) bool {
		return r.Attack.Phases[1].Attackers.Connections >= 5
	})
	during := r.Parameters.(bench.Attack).During
	a := r.Attack.Phases[1].Attackers
	if most := 40*during.Seconds() + 9; a.Connections < 5 || float64(a.Connections) > most {
		t.Errorf("%d connections in %v at 40 a second", a.Connections, during)
	}
}

func TestAttackOnAServerWithoutCompression(t *testing.T) {
	n := echoNode(t, func(c *gateway.Config) { c.Compression.Enabled = false })
	r := playUntil(t, n, bench.Attack{Mode: "bomb"}, func(r *bench.Report) bool {
		return len(r.Attack.Phases[1].Attackers.Failures) > 0
	})
	failures := r.Attack.Phases[1].Attackers.Failures
	if len(failures) != 1 || !strings.Contains(failures[0].Cause, "does not accept permessage-deflate") {
		t.Errorf("got %+v", failures)
	}
}

// The attackers of an attack may be anywhere: they get what was asked for, with
// the defaults of the mode, until the phase ends.
func TestAttackersElsewhere(t *testing.T) {
	n := echoNode(t, nil)
	var got bench.Assault
	want := bench.AttackerFigures{Open: 7, Failures: []bench.FailureCount{{Stage: bench.StageConnect, Cause: "too far", Count: 2}}}
	r := play(t, n, bench.Attack{Mode: "silent", Attackers: 9, Assail: func(ctx context.Context, a bench.Assault) (*bench.AttackerFigures, error) {
		got = a
		<-ctx.Done()
		return &want, nil
	}})
	checkService(t, r)
	if got.URL != "ws://"+n.Addr()+"/" || got.Mode != "silent" || got.Attackers != 9 || got.AttackRate != 9 || got.Duration != 400*time.Millisecond {
		t.Errorf("the attackers were told %+v", got)
	}
	if a := r.Attack.Phases[1].Attackers; !reflect.DeepEqual(a, &want) {
		t.Errorf("reported were %+v, want %+v", a, want)
	}
}

func TestAttackersThatFail(t *testing.T) {
	n := echoNode(t, nil)
	r, err := bench.Attack{
		Load:   bench.Load{URL: "ws://" + n.Addr() + "/", Connections: 1},
		Mode:   "silent",
		Before: time.Millisecond, During: time.Millisecond, After: time.Millisecond,
		Assail: func(context.Context, bench.Assault) (*bench.AttackerFigures, error) { return nil, errors.New("no way") },
	}.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "no way") || r == nil || len(r.Attack.Phases) != 2 {
		t.Errorf("got %v and %+v, want the attackers' error and a report", err, r)
	}
}

func TestAttackInterrupted(t *testing.T) {
	n := echoNode(t, nil)
	ctx, interrupt := context.WithTimeout(context.Background(), 1500*time.Millisecond)
	defer interrupt()
	r, err := bench.Attack{
		Load:   bench.Load{URL: "ws://" + n.Addr() + "/", Connections: 5},
		Mode:   "ping-flood",
		Before: 50 * time.Millisecond, During: time.Hour, After: time.Hour,
	}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || !r.OK() || len(r.Attack.Phases) != 2 {
		t.Errorf("interrupted: %t, OK: %t, %d phases", r.Interrupted, r.OK(), len(r.Attack.Phases))
	}
	if _, err := json.Marshal(r); err != nil {
		t.Errorf("the report cannot be written: %v", err)
	}
}

// A server that cannot be asked, or is gone, is an error; a machine that cannot
// carry the attack too.
func TestAttackNotPossible(t *testing.T) {
	n := echoNode(t, nil)
	load := bench.Load{URL: "ws://" + n.Addr() + "/", Connections: 1}
	for name, test := range map[string]struct {
		attack bench.Attack
		want   string
	}{
		"no such mode":           {bench.Attack{Load: load, Mode: "tickle"}, "Mode: tickle: must be one of"},
		"no admin":               {bench.Attack{Load: load, Mode: "silent", AdminURL: "http://127.0.0.1:1/", Before: time.Millisecond}, "AdminURL: "},
		"more than a table has":  {bench.Attack{Load: load, Mode: "silent", Attackers: 1_000_000}, "Attackers: 1000000: need as many descriptors and RLIMIT_NOFILE allows"},
		"attack from no address": {bench.Attack{Load: load, Mode: "silent", AttackRate: -1}, "AttackRate: -1"},
	} {
		if _, err := test.attack.Run(context.Background()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
}

// What the mode would have set by default is no fault of its own.
func TestAnUnknownModeIsOneFault(t *testing.T) {
	err := bench.Attack{Load: bench.Load{URL: "ws://127.0.0.1:1/"}, Mode: "tickle"}.Validate()
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one fault", err)
	}
}

// childVariable names, in the environment of a child process, the test it runs.
const childVariable = "SLUICE_BENCH_CHILD"

// TestFDExhaustion runs in a child process, where descriptors are few: the
// gateway's table is almost full, and those of the load tool are its own.
func TestFDExhaustion(t *testing.T) {
	if os.Getenv(childVariable) != t.Name() {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		child := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
		child.Env = append(os.Environ(), childVariable+"="+t.Name())
		if output, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v:\n%s", err, output)
		}
		return
	}
	const limit, attackers, room = 400, 200, 60
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
	n := echoNode(t, nil)
	fill(t, room)
	r := playUntil(t, n, bench.Attack{
		Load:      bench.Load{PrivateFDTables: true},
		Mode:      "fd-exhaustion",
		Attackers: attackers, AttackConnectRate: 1000,
	}, func(r *bench.Report) bool {
		return n.Reason(t, gateway.ReasonNoDescriptors) > 0 && r.Attack.Phases[1].Attackers.Failed > 0
	})
	shed := n.Reason(t, gateway.ReasonNoDescriptors)
	if a := r.Attack.Phases[1].Attackers; shed == 0 || a.Failed == 0 || a.Open > room {
		t.Errorf("%d counted as no_descriptors; attackers %+v", shed, a)
	}
	// What stood in the listener's queue is shed first.
	n.Eventually(t, func() bool {
		r, err := bench.Idle{Load: bench.Load{URL: "ws://" + n.Addr() + "/", Connections: 1}}.Run(context.Background())
		return err == nil && r.OK()
	}, "the gateway to accept again")
}

// fill takes all descriptors of the process but room.
func fill(t *testing.T, room int) {
	t.Helper()
	var taken []int
	t.Cleanup(func() {
		for _, fd := range taken {
			unix.Close(fd)
		}
	})
	for {
		fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			break
		}
		taken = append(taken, fd)
	}
	if len(taken) <= room {
		t.Fatalf("only %d descriptors are free", len(taken))
	}
	for _, fd := range taken[len(taken)-room:] {
		unix.Close(fd)
	}
	taken = taken[:len(taken)-room]
}
