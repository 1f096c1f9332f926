package gateway_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// verse is content that counts how often it was encoded.
type verse struct {
	line  string
	calls *atomic.Int32
}

func (v verse) Append(dst []byte, form gateway.Form) ([]byte, gateway.MessageType) {
	v.calls.Add(1)
	switch form {
	case 6:
		panic("no such form")
	case 7:
		return dst, 0
	}
	return fmt.Appendf(dst, "form %d: %s", form, v.line), gateway.Binary
}

// stamp is an encoder that numbers the messages of its session.
type stamp struct{ number int }

func (e *stamp) Append(dst []byte, m gateway.Message, of gateway.Content) ([]byte, gateway.MessageType) {
	e.number++
	if strings.HasPrefix(of.(verse).line, "skip") {
		return dst, 0
	}
	return fmt.Appendf(dst, "%d %s", e.number, m.Payload), m.Type
}

// formal gives sessions the form, and the encoder, that their query asks for: "3",
// or "3s".
func formal(r *gateway.Request) error {
	form, stamped := strings.CutSuffix(r.Query, "s")
	if stamped {
		r.Encoder = new(stamp)
	}
	n, err := strconv.Atoi(form)
	r.Form = gateway.Form(n)
	return err
}

// recital returns a publication of a line, and the count of its encodings.
func recital(line string) (gateway.Publication, *atomic.Int32) {
	v := verse{line, new(atomic.Int32)}
	p := text("plain: %s", line)
	p.Content = v
	return p, v.calls
}

// expectVerse receives a line as a session that asked for that form and encoder is
// sent its number-th message with a content.
func (m *member) expectVerse(query, line string, number int) {
	form, stamped := strings.CutSuffix(query, "s")
	kind, want := gateway.Binary, "form "+form+": "+line
	if form == "0" {
		kind, want = gateway.Text, "plain: "+line
	}
	if stamped {
		want = fmt.Sprintf("%d %s", number, want)
	}
	m.Expect(kind, []byte(want))
}

// TestOnePublishReachesAllForms does so with each way to publish, at once and in a
// window, plain and compressed.
func TestOnePublishReachesAllForms(t *testing.T) {
	queries := []string{"0", "1", "1", "2", "5", "0s", "1s", "2s", "2s"}
	const others = 3 // forms that are sessions', other than 0
	long := strings.Repeat("tyger tyger ", 60)
	onVariants(t, func(t *testing.T, config gateway.Config) {
		for _, window := range []time.Duration{0, 30 * time.Millisecond} {
			t.Run(fmt.Sprintf("window %v", window), func(t *testing.T) {
				l := openLobby(t, config, gateway.HubConfig{Authorize: formal, Delivery: gateway.Delivery{Window: window}})
				members := make([]*member, len(queries))
				for i, query := range queries {
					members[i] = l.enter(query, "room")
				}
				number := 0
				for _, line := range []string{"burning bright", long} {
					for name, publish := range map[string]func(gateway.Publication) error{"hub": l.hub.Publish, "group": l.hub.Group("room").Publish} {
						p, calls := recital(line)
						must(t, publish(p))
						must(t, publish(text("the same for all")))
						must(t, publish(p))
						for i, m := range members {
							m.expectVerse(queries[i], line, number+1)
							m.ExpectText("the same for all")
							m.expectVerse(queries[i], line, number+2)
						}
						if n := calls.Load(); n != 2*others {
							t.Errorf("%s: a message was encoded %d times, want %d", name, n, 2*others)
						}
						number += 2
					}
				}
				p, _ := recital("to one")
				for i, m := range members {
					must(t, m.session.Publish(p))
					m.expectVerse(queries[i], "to one", number+1)
				}
			})
		}
	})
}

// TestFormsAreCompressedOnceEach has clients that inflate what they receive.
func TestFormsAreCompressedOnceEach(t *testing.T) {
	line := strings.Repeat("in the forests of the night ", 40)
	for _, window := range []time.Duration{0, 30 * time.Millisecond} {
		config := gateway.Config{Loops: 2, Compression: gateway.Compression{Enabled: true}}
		l := openLobby(t, config, gateway.HubConfig{Authorize: formal, Delivery: gateway.Delivery{Window: window}})
		queries := []string{"0", "1", "1s", "0s"}
		var all []*member
		for _, query := range queries {
			c := l.Dial(t, gateway.HubPath("lobby")+"?"+query, offering("permessage-deflate"))
			all = append(all, l.admit(c, []string{"room"}))
		}
		for range 2 {
			p, calls := recital(line)
			must(t, l.hub.Group("room").Publish(p))
			must(t, l.hub.Group("room").Publish(p))
			l.Eventually(t, func() bool { return calls.Load() == 2 }, "the form to be made")
		}
		for i, m := range all {
			for number := range 4 {
				payload, compressed := receiveInflated(t, m.Client)
				got := string(payload)
				if !compressed || !strings.HasSuffix(got, ": "+line) || len(got) > len(line)+20 {
					t.Errorf("window %v: member %s received %.40q… as message %d", window, queries[i], got, number)
				}
				if stamped := strings.HasSuffix(queries[i], "s"); stamped != strings.HasPrefix(got, fmt.Sprint(number+1, " ")) {
					t.Errorf("window %v: member %s received %.40q… as message %d", window, queries[i], got, number)
				}
			}
		}
	}
}

func TestFormsThatAMessageIsWithheldFrom(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		for _, window := range []time.Duration{0, 30 * time.Millisecond} {
			l := openLobby(t, config, gateway.HubConfig{Authorize: formal, Delivery: gateway.Delivery{Window: window}})
			var deaf []*member
			for _, query := range []string{"6", "7", "7s"} {
				deaf = append(deaf, l.enter(query, "room"))
			}
			plain, stamped := l.enter("0", "room"), l.enter("0s", "room")
			p, _ := recital("did he who made the lamb make thee")
			skipped, _ := recital("skip this")
			room := l.hub.Group("room")
			if got := l.reach(room.Deliver, p); got != (gateway.Reach{Sent: 2}) {
				t.Errorf("a delivery reports %+v, want 2 sent", got)
			}
			must(t, room.Publish(skipped))
			must(t, room.Publish(text("the end")))
			for _, m := range deaf {
				m.ExpectText("the end")
			}
			plain.ExpectText("plain: did he who made the lamb make thee")
			plain.ExpectText("plain: skip this")
			plain.ExpectText("the end")
			stamped.ExpectText("1 plain: did he who made the lamb make thee")
			stamped.ExpectText("the end")
		}
	})
}

type faulty struct{}

func (faulty) Append([]byte, gateway.Message, gateway.Content) ([]byte, gateway.MessageType) {
	panic("cannot write")
}

func TestPanicOfAnEncoderEndsItsSession(t *testing.T) {
	l := openLobby(t, gateway.Config{Loops: 1}, gateway.HubConfig{Authorize: func(r *gateway.Request) error {
		if r.Query == "faulty" {
			r.Encoder = faulty{}
		}
		return nil
	}})
	sick, well := l.enter("faulty"), l.enter("")
	p, _ := recital("what the hammer")
	must(t, l.hub.Publish(p))
	sick.ExpectClose(1011)
	well.ExpectText("plain: what the hammer")
	l.AwaitReason(t, gateway.ReasonHandlerPanic, 1)
}

// TestWhatAnEncoderHasMadeIsNotDropped has a slow session with an encoder, in a
// hub that drops: it ends, with all numbers up to then. One without an encoder goes on.
func TestWhatAnEncoderHasMadeIsNotDropped(t *testing.T) {
	config := gateway.Config{Loops: 1}
	config.Limits.Outbound = 256 << 10
	l := openLobby(t, config, gateway.HubConfig{Authorize: formal, Delivery: gateway.Delivery{Policy: gateway.DropOldest}})
	slow := map[string]*member{}
	for _, query := range []string{"0", "1s"} {
		slow[query] = l.admit(l.Dial(t, gateway.HubPath("lobby")+"?"+query, gatewaytest.ReceiveBuffer(1)), nil)
	}
	line := strings.Repeat("x", 10<<10)
	var sum gateway.Reach
	for range 200 {
		p, _ := recital(line)
		one := l.reach(l.hub.Deliver, p)
		sum.Closed += one.Closed
		sum.Dropped += one.Dropped
	}
	if sum.Closed != 1 {
		t.Errorf("%d sessions were closed, want that with the encoder", sum.Closed)
	}
	l.AwaitReason(t, gateway.ReasonSlowConsumer, 1)
	if info := l.info(slow["0"]); info.Dropped == 0 {
		t.Error("the session without an encoder has missed nothing")
	}
	for _, m := range slow {
		m.thaw()
	}
}
