package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
)

// crowd is a group of which one member does not read, while another does, and
// what became of the messages published to it.
type crowd struct {
	*lobby
	group          gateway.Group
	frozen, lively *member
	reach          gateway.Reach
}

// crowdMessages is how many messages of 1 KiB a crowd is sent, for a limit of
// 64 KiB.
const crowdMessages = 600

func crowdMessage(i int) string { return fmt.Sprintf("%04d%s", i, strings.Repeat("x", 1<<10)) }

// newCrowd publishes to a crowd of a policy. There are ten keys.
func newCrowd(t *testing.T, config gateway.Config, policy gateway.Policy) *crowd {
	config.Limits.Outbound = 64 << 10
	config.Limits.KernelSend = 16 << 10
	l := openLobby(t, config, gateway.HubConfig{
		Groups: []gateway.GroupClass{{Name: "room", Prefix: "room", Delivery: gateway.Delivery{Policy: policy}}},
	})
	c := &crowd{lobby: l, group: l.hub.Group("room"), frozen: l.enterFrozen("room"), lively: l.enter("", "room")}
	for i := range crowdMessages {
		p := text("%s", crowdMessage(i))
		p.Key = fmt.Sprint(i % 10)
		one := l.reach(c.group.Deliver, p)
		c.reach.Sent += one.Sent
		c.reach.Dropped += one.Dropped
		c.reach.Closed += one.Closed
		c.lively.ExpectText(crowdMessage(i))
		if waiting := l.totalWaiting(); i%50 == 0 && waiting > 64<<10*11/10 {
			t.Errorf("%d bytes wait with a limit of 64 KiB", waiting)
		}
	}
	return c
}

func (l *lobby) totalWaiting() int { return l.Totals(l.t).OutboundBytes }

// thawed returns the numbers of the messages that the frozen member has got in
// the end.
func (c *crowd) thawed() []int {
	c.t.Helper()
	must(c.t, c.frozen.session.Send(gateway.Text, []byte("the end")))
	c.info(c.frozen)
	c.frozen.thaw()
	var numbers []int
	for {
		got := string(c.frozen.Receive().Payload)
		if got == "the end" {
			break
		}
		var number int
		fmt.Sscanf(got[:4], "%d", &number)
		if got != crowdMessage(number) {
			c.t.Fatal("a message arrives damaged")
		}
		if n := len(numbers); n > 0 && number <= numbers[n-1] {
			c.t.Fatalf("message %d comes after %d", number, numbers[n-1])
		}
		numbers = append(numbers, number)
	}
	c.Eventually(c.t, func() bool { return c.totalWaiting() == 0 }, "nothing to wait any more")
	if info := c.info(c.frozen); int(info.Dropped) != crowdMessages-len(numbers) || info.QueuedBytes != 0 || info.QueuedMessages != 0 {
		c.t.Errorf("of %d messages %d were received, the session says %+v", crowdMessages, len(numbers), info)
	}
	if len(numbers) == crowdMessages {
		c.t.Error("nothing was dropped: the test has tested nothing")
	}
	return numbers
}

func TestDropNewestKeepsTheFirst(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		c := newCrowd(t, config, gateway.DropNewest)
		numbers := c.thawed()
		want := gateway.Reach{Sent: crowdMessages + len(numbers), Dropped: crowdMessages - len(numbers)}
		if c.reach != want {
			t.Errorf("the deliveries report %+v, want %+v", c.reach, want)
		}
		if numbers[len(numbers)-1] != len(numbers)-1 {
			t.Errorf("%d messages were received, the last one %d", len(numbers), numbers[len(numbers)-1])
		}
	})
}

func TestDropOldestKeepsTheLast(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		c := newCrowd(t, config, gateway.DropOldest)
		numbers := c.thawed()
		// All were on their way, when they were published.
		if want := (gateway.Reach{Sent: 2 * crowdMessages}); c.reach != want {
			t.Errorf("the deliveries report %+v, want %+v", c.reach, want)
		}
		if last := numbers[len(numbers)-1]; last != crowdMessages-1 {
			t.Errorf("the last message received is %d", last)
		}
		gaps := 0
		for i := range numbers[1:] {
			if numbers[i+1] != numbers[i]+1 {
				gaps++
			}
		}
		if gaps != 1 {
			t.Errorf("there are %d gaps in what was received, want 1: %v", gaps, numbers)
		}
	})
}

func TestConflateKeepsTheLatestOfEachKey(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		c := newCrowd(t, config, gateway.Conflate)
		numbers := c.thawed()
		if len(numbers) < 10 {
			t.Fatalf("received %v, fewer than there are keys", numbers)
		}
		for i, number := range numbers[len(numbers)-10:] {
			if want := crowdMessages - 10 + i; number != want {
				t.Errorf("message %d was received where %d is due", number, want)
			}
		}
		if want := (gateway.Reach{Sent: 2 * crowdMessages}); c.reach != want {
			t.Errorf("the deliveries report %+v, want %+v", c.reach, want)
		}
	})
}

func TestCloseSlowEndsTheSlow(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		began := time.Now()
		c := newCrowd(t, config, gateway.CloseSlow)
		c.Eventually(t, func() bool { return c.Totals(t).Connections == 1 && c.totalWaiting() == 0 }, "the connection to be gone")
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("it took %v", took)
		}
		c.AwaitReason(t, gateway.ReasonSlowConsumer, 1)
		if c.reach.Closed != 1 || c.reach.Dropped != 0 || c.group.Len() != 1 {
			t.Errorf("the deliveries report %+v; %d members are left", c.reach, c.group.Len())
		}
	})
}

// TestSlowClientThatIsClosedHearsWhy reads what comes before the end.
func TestSlowClientThatIsClosedHearsWhy(t *testing.T) {
	config := gateway.Config{}
	config.Limits.Outbound = 64 << 10
	l := openLobby(t, config, gateway.HubConfig{})
	m := l.enterFrozen("room")
	next := 0
	l.Eventually(t, func() bool {
		next++
		return l.reach(l.hub.Group("room").Deliver, text("%s", crowdMessage(next-1))).Closed == 1
	}, "the session to be too slow")
	m.thaw()
	for received := 0; ; received++ {
		f := m.ReceiveFrame()
		if f.Header.OpCode == ws.OpClose {
			if code, _ := ws.ParseCloseFrameData(f.Payload); code != 1013 {
				t.Errorf("closed with %d, want 1013", code)
			}
			break
		}
		if string(f.Payload) != crowdMessage(received) {
			t.Fatalf("message %d is missing", received)
		}
	}
}
