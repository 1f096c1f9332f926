package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"github.com/sluicegate/sluice/gateway"
)

// talker publishes to rooms in turn, and says what that costs the process.
type talker struct {
	perSecond float64
	beat      time.Duration // from one look at the clock to the next
	rooms     int
	size      int
}

// talk publishes until ctx ends, and writes to w in every interval what was
// published in it.
func (t *talker) talk(ctx context.Context, hub *gateway.Hub, w io.Writer, interval time.Duration) {
	groups, payloads := t.prepare(hub)
	clock := time.NewTicker(t.beat)
	defer clock.Stop()
	began, cpu := time.Now(), cpuTime()
	published, failed, since := 0, 0, 0
	for reported := began; ; {
		select {
		case <-ctx.Done():
			return
		case now := <-clock.C:
			for due := int(now.Sub(began).Seconds() * t.perSecond); published < due; published++ {
				room := published % t.rooms
				if groups[room].Publish(gateway.Publication{Type: gateway.Text, Payload: payloads[room]}) != nil {
					failed++
				}
			}
			if now.Sub(reported) < interval || published == since {
				continue
			}
			used := cpuTime()
			fmt.Fprintf(w, "%d published in %v, %d of them not to all; %.1f µs of CPU each; %d sessions\n", published-since,
				now.Sub(reported).Round(time.Millisecond), failed, float64((used-cpu).Microseconds())/float64(published-since), hub.Sessions())
			reported, cpu, since, failed = now, used, published, 0
		}
	}
}

// prepare returns the rooms, and what is said in each.
func (t *talker) prepare(hub *gateway.Hub) (groups []gateway.Group, payloads [][]byte) {
	for room := range t.rooms {
		name := fmt.Sprintf("%07x", room)
		text := name + " " + strings.Repeat("x", max(0, t.size-len(name)-1))
		groups, payloads = append(groups, hub.Group(name)), append(payloads, []byte(text))
	}
	return groups, payloads
}

// cpuTime returns the CPU time that the process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
