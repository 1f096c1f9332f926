package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

func withWindow(window time.Duration, batch int) gateway.HubConfig {
	d := gateway.Delivery{Window: window, Batch: batch}
	return gateway.HubConfig{Groups: []gateway.GroupClass{{Name: "room", Prefix: "room", Delivery: d}}}
}

func TestWindowArrivesInOneRead(t *testing.T) {
	const window, messages = 200 * time.Millisecond, 20
	onVariants(t, func(t *testing.T, config gateway.Config) {
		l := openLobby(t, config, withWindow(window, 0))
		all := l.enterMany(4, "room")
		room := l.hub.Group("room")
		for round := range 2 {
			var want []byte
			began := time.Now()
			for i := range messages {
				p := text("message %d of round %d", i, round)
				must(t, room.Publish(p))
				want = append(want, ws.MustCompileFrame(ws.NewTextFrame(p.Payload))...)
			}
			published := time.Since(began)
			for _, m := range all {
				got := make([]byte, 64<<10)
				m.Conn().SetReadDeadline(time.Now().Add(gatewaytest.Patience))
				n, err := m.Conn().Read(got)
				must(t, err)
				if took := time.Since(began); took < window/2 || took > window+published+500*time.Millisecond {
					t.Errorf("the messages came after %v with a window of %v", took, window)
				}
				if !bytes.Equal(got[:n], want) {
					t.Errorf("the first read has %d bytes, want the %d of all messages in order", n, len(want))
				}
			}
		}
	})
}

func TestFullBatchEndsTheWindow(t *testing.T) {
	l := openLobby(t, gateway.Config{}, withWindow(10*time.Second, 1000))
	m := l.enter("", "room")
	began := time.Now()
	for i := range 10 {
		must(t, l.hub.Group("room").Publish(text("%0110d", i)))
	}
	for i := range 9 { // they have more than 1000 bytes
		m.ExpectText(fmt.Sprintf("%0110d", i))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a full batch came after %v", took)
	}
}

// TestWindowOfOneGroupDelaysNoOther publishes with and without a window.
func TestWindowOfOneGroupDelaysNoOther(t *testing.T) {
	l := openLobby(t, gateway.Config{}, withWindow(10*time.Second, 0))
	m := l.enter("", "room", "hall")
	must(t, l.hub.Group("room").Publish(text("in a while")))
	must(t, l.hub.Group("hall").Publish(text("at once")))
	m.ExpectText("at once")
	must(t, m.session.Send(gateway.Text, []byte("at once too")))
	m.ExpectText("at once too")
	must(t, m.session.Close(ws.StatusNormalClosure, ""))
	m.ExpectText("in a while") // rather than never
	if f := m.ReceiveFrame(); f.Header.OpCode != ws.OpClose {
		t.Errorf("received opcode %#x, want a close frame", f.Header.OpCode)
	}
}

func TestMemberThatJoinsWithinAWindowGetsWhatComesLater(t *testing.T) {
	l := openLobby(t, gateway.Config{Loops: 1}, withWindow(300*time.Millisecond, 0))
	early := l.enter("", "room")
	room := l.hub.Group("room")
	must(t, room.Publish(text("first")))
	late := l.enter("", "room")
	must(t, room.Publish(text("second")))
	for _, message := range []string{"first", "second"} {
		early.ExpectText(message)
	}
	late.ExpectText("second")
	late.Conn().SetReadDeadline(time.Now())
	if n, err := late.Conn().Read(make([]byte, 1)); n > 0 || err == io.EOF {
		t.Errorf("%d bytes more, %v", n, err)
	}
}
