package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestKernelQueues(t *testing.T) {
	const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:1F90 0100007F:C001 01 00000400:00000000 01:00000014 00000000     0        0 2 2
   2: 0100007F:C001 0100007F:1F90 01 00FFFFFF:00000000 00:00000000 00000000     0        0 3 2
   3: 0100007F:1F90 0100007F:C002 01 00008000:00000010 01:00000014 00000000     0        0 4 2
   4: 0100007F:1F90 0100007F:C003 04 00010000:00000000 01:00000014 00000000     0        0 5 2
   5: cut short
`
	got := parseKernelQueues(strings.NewReader(text), 8080)
	if !slices.Equal(got, []int{0x8000, 0x400}) || got.most() != 0x8000 {
		t.Errorf("got %v: want what the server's open connections have to send, the most first", got)
	}
	if parseKernelQueues(strings.NewReader(text), 80).most() != 0 {
		t.Error("found queues of another server")
	}
}

// slowDocument is a report of the load tool in which two members of ten stop.
const slowDocument = `{"connections": {"asked": 11, "opened": 11}, "broadcast": {
	"latency": {"percentiles": [{"percent": 99, "microseconds": 2000}]},
	"slow": {"members": 2, "open": 2, "received": 10, "missed": 30, "ended": null, "each": [
		{"address": "127.0.0.1:1", "received": 6, "missed": 14}, {"address": "127.0.0.1:2", "received": 4, "missed": 16}]}},
	"series": [{"atNanoseconds": 1000000000, "phase": "rest before", "server": {"rssBytes": 1000}},
		{"atNanoseconds": 2000000000, "phase": "measuring", "server": {"rssBytes": 3000}},
		{"atNanoseconds": 3000000000, "phase": "rest after", "server": {"rssBytes": 1040}}]}`

// newSlowRound returns one in which nothing is to be found fault with.
func newSlowRound(t *testing.T) slowRound {
	t.Helper()
	var r slowRound
	for _, of := range []**slowReport{&r.without, &r.with} {
		parsed, err := parseSlowReport([]byte(slowDocument))
		if err != nil {
			t.Fatal(err)
		}
		parsed.seen = &witness{glances: []glance{{}, {queuedBytes: 2000}, {dropped: 30}}}
		parsed.slow = &ledger{accounts: map[netip.AddrPort]*account{}}
		for i, m := range parsed.Broadcast.Slow.Each {
			at := time.Unix(int64(i), 0)
			parsed.slow.accounts[m.Address] = &account{roomy: at, decided: at.Add(time.Second), dropped: m.Missed}
		}
		parsed.kernel = kernelQueues{3000, 0}
		*of = parsed
	}
	return r
}

func TestSlowRoundFindsFaults(t *testing.T) {
	line, err := parse(t, "slow", "joker=none", "--limit=1000", "--beyond=3000")
	if err != nil {
		t.Fatal(err)
	}
	second := netip.MustParseAddrPort("127.0.0.1:2")
	for _, test := range []struct {
		name   string
		spoil  func(*slowRound)
		faults int
		want   string
	}{
		{"none", func(*slowRound) {}, 0, ""},
		{"others wait", func(r *slowRound) { r.with.Broadcast.Latency.Percentiles[0].Microseconds = 2201 }, 1, "1.10 of that without slow members"},
		{"others miss", func(r *slowRound) { r.with.Broadcast.Lost = 1 }, 1, "the others missed 1 messages"},
		{"too much waits", func(r *slowRound) { r.with.seen.glances[1].queuedBytes = 2201 }, 1, "2201 bytes waited, where 2200 may"},
		{"too much in the kernel", func(r *slowRound) { r.with.kernel[0] = 3001 }, 1, "3001 bytes waited in the kernel for one member, where 3000 may"},
		{"kernel not seen", func(r *slowRound) { r.with.kernel = nil }, 1, "nothing was seen of what waits in the kernel"},
		{"nothing timed", func(r *slowRound) { r.with.Broadcast.Latency.Percentiles = nil }, 1, "no message was timed"},
		{"miscounted", func(r *slowRound) { r.with.seen.glances[2].dropped = 29 }, 1, "missed 30 messages, and the server counts 29"},
		{"ended, not counted", func(r *slowRound) { r.with.Broadcast.Slow.Open = 1 }, 1, "1 members were ended, and the server counts 0"},
		{"left behind", func(r *slowRound) { r.with.seen.glances[2].queuedBytes = 7 }, 1, "7 bytes still wait for nobody"},
		{"not slow enough", func(r *slowRound) {
			r.with.slow.accounts[second].decided = time.Time{}
		}, 1, "1 stopped members were never too slow: publish for longer"},
		{"never listed", func(r *slowRound) { delete(r.with.slow.accounts, second) }, 2, "1 stopped members were never too slow"},
		{"decided late", func(r *slowRound) {
			r.with.slow.accounts[second].roomy = time.Time{}
		}, 1, "decided about after"},
		{"miscounted for a member", func(r *slowRound) { r.with.slow.accounts[second].dropped = 15 }, 1, "of 1 of 2 members the server counts other messages as dropped"},
		{"ended with gaps", func(r *slowRound) {
			r.with.Broadcast.Slow.Open, r.with.Broadcast.Slow.Gaps = 0, 3
			r.with.seen.glances[2].dropped, r.with.seen.glances[2].slowClosed = 0, 2
		}, 1, "3 gaps are in what members received"},
		{"memory kept", func(r *slowRound) { r.with.memory.after = 1001 + memorySlack }, 1, "the resident set was"},
		{"nobody slow", func(r *slowRound) { r.with.Broadcast.Slow = nil }, 1, "nobody was slow"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newSlowRound(t)
			test.spoil(&r)
			faults := r.faults("close", &line.Slow)
			if len(faults) != test.faults || len(faults) > 0 && !strings.Contains(faults[0].Error(), test.want) {
				t.Errorf("got %v, want %d with %q", faults, test.faults, test.want)
			}
		})
	}
}

func TestSlowFlags(t *testing.T) {
	for arguments, want := range map[string]string{
		"--percent=0":      "must be above 0",
		"--connections=50": "nobody would stop",
		"--rate=0":         "--rate 0: must be above 0",
		"--rounds=0":       "--rounds 0: must be 1 or more",
		"--rest=1s":        "--rest 1s: must be 2s or more",
		"--retries=-1":     "must not be negative",
	} {
		if _, err := parse(t, "slow", "joker=none", arguments); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", arguments, err, want)
		}
	}
}
