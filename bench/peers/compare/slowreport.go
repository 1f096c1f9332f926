package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// slowReport is what the table reads of the load tool's JSON document, and what
// was seen of the server meanwhile.
type slowReport struct {
	verdict
	Environment environment `json:"environment"`
	Connections struct {
		Asked  int `json:"asked"`
		Opened int `json:"opened"`
	} `json:"connections"`
	Broadcast *struct {
		Lost       uint64  `json:"lost"`
		OutOfOrder uint64  `json:"outOfOrder"`
		Latency    latency `json:"latency"`
		// Slow is nil in a run without slow members.
		Slow *struct {
			Members  int       `json:"members"`
			Open     int       `json:"open"`
			Received uint64    `json:"received"`
			Missed   uint64    `json:"missed"`
			Gaps     uint64    `json:"gaps"`
			Ended    []failure `json:"ended"`
			Each     []struct {
				Address  netip.AddrPort `json:"address"`
				Received uint64         `json:"received"`
				Missed   uint64         `json:"missed"`
			} `json:"each"`
		} `json:"slow"`
	} `json:"broadcast"`
	Series []point `json:"series"`

	memory memory // of a run with slow members
	seen   *witness
	slow   *ledger
	kernel kernelQueues
	noise  noise
}

func parseSlowReport(text []byte) (*slowReport, error) {
	r := new(slowReport)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("no report of the load tool: %w", err)
	}
	switch {
	case r.Connections.Opened == 0 || r.Connections.Opened < r.Connections.Asked:
		return nil, fmt.Errorf("%d of %d connections opened", r.Connections.Opened, r.Connections.Asked)
	case r.Broadcast == nil:
		return nil, errors.New("the load tool reported no broadcast")
	case r.Broadcast.Slow == nil:
		return r, nil
	}
	var err error
	r.memory, err = memoryOf(r.Series)
	return r, err
}

// p99 is that of the members that read, in milliseconds.
func (r *slowReport) p99() float64 { return r.Broadcast.Latency.at(99) / microsecondsPerMillisecond }

// undecided is how long at most a stopped member had no room, and nothing was done
// about it, and how many the server never found too slow.
func (r *slowReport) undecided() (longest time.Duration, unnoticed int) {
	for _, m := range r.Broadcast.Slow.Each {
		a := r.slow.of(m.Address)
		if a == nil || a.decided.IsZero() {
			unnoticed++
			continue
		}
		longest = max(longest, a.undecided())
	}
	return longest, unnoticed
}

// miscounted is of how many stopped members the server counts other messages as
// dropped than they miss.
func (r *slowReport) miscounted() (members int) {
	for _, m := range r.Broadcast.Slow.Each {
		if a := r.slow.of(m.Address); a == nil || a.dropped != m.Missed {
			members++
		}
	}
	return members
}

// others is by how much slow members delay the rest.
func (r slowRound) others() float64 { return r.with.p99() / r.without.p99() }

// p99Slack is by how much slow members may delay the rest.
const p99Slack = 1.1

// queueSlack is by how much what waits for all may exceed their limits.
const queueSlack = 1.1

// faults are what should not have come of slow members.
func (r slowRound) faults(policy string, s *slowCommand) (faults []error) {
	check := func(good bool, format string, arguments ...any) {
		if !good {
			faults = append(faults, fmt.Errorf(policy+": "+format, arguments...))
		}
	}
	b, f, seen := r.with.Broadcast, r.with.Broadcast.Slow, r.with.seen
	if f == nil {
		return []error{fmt.Errorf("%s: nobody was slow", policy)}
	}
	check(b.Lost == 0 && b.OutOfOrder == 0, "the others missed %d messages, and had %d out of order", b.Lost, b.OutOfOrder)
	check(r.without.p99() > 0 && r.with.p99() > 0, "no message was timed, or none without slow members")
	check(r.others() <= p99Slack, "the others' p99 is %.1f ms, %.2f of that without slow members", r.with.p99(), r.others())
	allowed := float64(f.Members*s.Limit) * queueSlack
	check(float64(seen.mostQueued()) <= allowed, "%d bytes waited, where %.0f may", seen.mostQueued(), allowed)
	longest, unnoticed := r.with.undecided()
	check(unnoticed == 0, "%d stopped members were never too slow: publish for longer", unnoticed)
	check(longest <= s.Decide, "a member without room was decided about after %v, where %v may pass", longest, s.Decide)
	check(len(r.with.kernel) > 0, "nothing was seen of what waits in the kernel")
	check(r.with.kernel.most() <= s.Beyond, "%d bytes waited in the kernel for one member, where %d may", r.with.kernel.most(), s.Beyond)
	last := seen.last()
	if f.Open == f.Members {
		check(last.dropped == f.Missed, "members missed %d messages, and the server counts %d as dropped", f.Missed, last.dropped)
		check(r.with.miscounted() == 0, "of %d of %d members the server counts other messages as dropped than they miss", r.with.miscounted(), f.Members)
	} else {
		check(f.Gaps == 0 || last.dropped > 0, "%d gaps are in what members received, and nothing counts as dropped", f.Gaps)
		check(int(last.slowClosed) == f.Members-f.Open, "%d members were ended, and the server counts %d", f.Members-f.Open, last.slowClosed)
	}
	check(last.queuedBytes == 0, "%d bytes still wait for nobody", last.queuedBytes)
	m := r.with.memory
	check(m.isBack(), "the resident set was %.1f MiB before, and is %.1f MiB after", mebibytes(m.before), mebibytes(m.after))
	return faults
}

func writeSlowTitles(w io.Writer, s *slowCommand) {
	var b strings.Builder
	fmt.Fprintf(&b, "### slow members of %s: %d of %d stop reading, %v messages/s × %d B, %d KiB may wait for each\n\n",
		s.Server.Name, s.stopped(), s.Connections, s.Rate, s.Size, s.Limit>>10)
	titles := []string{"policy", "others' p99 ms without", "with", "×", "longest turn ms", "waiting KiB at most, each, one", "in the kernel KiB at most, one",
		"full to decided ms at most", "stayed", "received", "missed", "counted as dropped", "miscounted members", "counted as closed",
		"RSS MiB before, at most, least after", "back after s"}
	writeRow(&b, titles)
	b.WriteString("|---|" + strings.Repeat("---:|", len(titles)-1) + "\n")
	_, _ = io.WriteString(w, b.String())
}

// typical returns the round of several whose ratio is the median.
func typical(rounds []slowRound) slowRound {
	slices.SortFunc(rounds, func(a, b slowRound) int { return cmp.Compare(a.others(), b.others()) })
	return rounds[len(rounds)/2]
}

func (r slowRound) writeRow(w io.Writer, policy string) {
	f, seen, m := r.with.Broadcast.Slow, r.with.seen, r.with.memory
	last := seen.last()
	longest, _ := r.with.undecided()
	miscounted, back := "", "not"
	if f.Open == f.Members {
		miscounted = fmt.Sprint(r.with.miscounted())
	}
	if m.isBack() {
		back = fmt.Sprintf("%.0f", m.back.Seconds())
	}
	var b strings.Builder
	writeRow(&b, []string{policy,
		fmt.Sprintf("%.1f", r.without.p99()),
		fmt.Sprintf("%.1f", r.with.p99()),
		fmt.Sprintf("%.2f", r.others()),
		fmt.Sprintf("%.1f", float64(seen.longestTurn())/1e6),
		fmt.Sprintf("%.1f, %.1f", float64(seen.mostQueued())/float64(f.Members)/(1<<10), float64(r.with.slow.most())/(1<<10)),
		fmt.Sprintf("%.1f", float64(r.with.kernel.most())/(1<<10)),
		fmt.Sprint(longest.Milliseconds()),
		fmt.Sprintf("%d of %d", f.Open, f.Members),
		fmt.Sprint(f.Received),
		fmt.Sprint(f.Missed),
		fmt.Sprint(last.dropped),
		miscounted,
		fmt.Sprint(last.slowClosed),
		fmt.Sprintf("%.1f, %.1f, %.1f", mebibytes(m.before), mebibytes(m.most), mebibytes(m.after)),
		back,
	})
	_, _ = io.WriteString(w, b.String())
}

// notes says what is to be known of the figures of a round.
func (r slowRound) notes(policy string, limit noise) (notes []string) {
	for name, of := range map[string]*slowReport{"without slow members": r.without, "with them": r.with} {
		if of.noise.exceeds(limit) {
			notes = append(notes, fmt.Sprintf("%s, %s: the machine was noisy (%v).", policy, name, of.noise))
		}
		if of.overloaded() {
			notes = append(notes, fmt.Sprintf("%s, %s: %s", policy, name, of.note()))
		}
	}
	slices.Sort(notes)
	return notes
}

// writeSlowNotes writes what is to be known of the whole table.
func writeSlowNotes(w io.Writer, notes []string) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe server says what waits every %v, and for whom every %v: full to decided is from the last look that saw room for a message\n"+
		"to the first that saw one dropped, or the session gone. Miscounted are members who miss another number of messages than the\n"+
		"server counts as dropped for them. RSS is with all members at rest, before and after.\n", lookEvery, ledgerEvery)
	for _, note := range notes {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	_, _ = io.WriteString(w, b.String())
}

func mebibytes(n int64) float64 { return float64(n) / bytesPerMiB }
