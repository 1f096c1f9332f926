package gateway_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// forewarned is a handler that is told how peers leave.
type forewarned struct {
	hooks
	codes chan ws.StatusCode
}

func (f forewarned) PeerCloses(_ gateway.Session, code ws.StatusCode) {
	f.codes <- code
	if code == 1001 {
		panic("so soon")
	}
}

func TestPeerBeginsTheClose(t *testing.T) {
	cases := []struct {
		name    string
		payload []byte
		answer  ws.StatusCode
	}{
		{"normal", ws.NewCloseFrameBody(1000, "bye"), 1000},
		{"going away", ws.NewCloseFrameBody(1001, ""), 1001},
		{"of the application", ws.NewCloseFrameBody(4321, "enough"), 4321},
		{"without a code", nil, 1005},
	}
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		ended := make(chan gateway.Reason, 1)
		h := forewarned{hooks{close: func(_ gateway.Session, r gateway.Reason) { ended <- r }}, make(chan ws.StatusCode, 1)}
		n := gatewaytest.Start(t, serving(config, h, d))
		for i, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				c := n.Dial(t, "/")
				c.SendFrame(ws.NewCloseFrame(tc.payload))
				c.ExpectClose(tc.answer)
				if r := <-ended; r != gateway.ReasonClosedByPeer {
					t.Errorf("the handler heard %v", r)
				}
				select {
				case code := <-h.codes:
					if code != tc.answer {
						t.Errorf("the handler was told %d ahead", code)
					}
				default:
					t.Error("the handler was told nothing ahead")
				}
				n.AwaitReason(t, gateway.ReasonClosedByPeer, uint64(i+1))
			})
		}
	})
}

func TestHandlerBeginsTheClose(t *testing.T) {
	long := strings.Repeat("ö", 100)
	cases := []struct {
		name   string
		code   ws.StatusCode
		reason string
		want   string
	}{
		{"normal", 1000, "done", "done"},
		{"of the application", 4000, "", ""},
		{"a policy", 1008, "not here", "not here"},
		{"a fault", 1011, "sorry", "sorry"},
		{"a restart", 1012, "back soon", "back soon"},
		{"overload", 1013, "later", "later"},
		{"reason cut to 123 bytes", 1001, long, long[:122]},
	}
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				h := hooks{message: func(s gateway.Session, m gateway.Message) {
					if err := s.Close(tc.code, tc.reason); err != nil {
						t.Errorf("Close: %v", err)
					}
				}}
				n := gatewaytest.Start(t, serving(config, h, d))
				c := n.Dial(t, "/")
				c.SendText("close, please")
				if got := c.ExpectClose(tc.code); got != tc.want {
					t.Errorf("reason %q, want %q", got, tc.want)
				}
				n.AwaitReason(t, gateway.ReasonClosedByHandler, 1)
			})
		}
	})
}

func TestCloseRefusesCodesThatAreNotTheProgramsToSend(t *testing.T) {
	var s gateway.Session
	for _, code := range []ws.StatusCode{0, 999, 1002, 1004, 1005, 1006, 1009, 1010, 1014, 1015, 1016, 2999, 5000} {
		if err := s.Close(code, ""); err == nil || errors.Is(err, gateway.ErrEnded) {
			t.Errorf("Close(%d): %v, want an error about the code", code, err)
		}
	}
	if err := s.Close(1000, ""); !errors.Is(err, gateway.ErrEnded) {
		t.Errorf("Close of the zero session: %v, want ErrEnded", err)
	}
}

func TestMessagesSentBeforeTheCloseArriveBeforeIt(t *testing.T) {
	const count = 50
	payload := patterned(30_000)
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		config.Limits.Outbound = 4 << 20
		h := hooks{message: func(s gateway.Session, _ gateway.Message) {
			for range count {
				s.Send(gateway.Binary, payload)
			}
			s.Close(1000, "that was all")
			s.Send(gateway.Text, []byte("too late"))
		}}
		n := gatewaytest.Start(t, serving(config, h, d))
		c := n.Frozen(t, "/")
		c.SendText("go")
		n.Eventually(t, func() bool { return n.Totals(t).MessagesOut == count }, "the messages to be sent")
		for range count {
			c.Expect(gateway.Binary, payload)
		}
		c.ExpectClose(1000)
		n.AwaitReason(t, gateway.ReasonClosedByHandler, 1)
	})
}

func TestPeerThatNeverAnswersTheCloseIsReset(t *testing.T) {
	onEngines(t, func(t *testing.T, config gateway.Config) {
		config.Timeouts.Close = 100 * time.Millisecond
		var reason gateway.Reason
		ended := make(chan struct{})
		h := hooks{
			message: func(s gateway.Session, _ gateway.Message) { s.Close(1000, "") },
			close:   func(_ gateway.Session, r gateway.Reason) { reason = r; close(ended) },
		}
		n := gatewaytest.Start(t, serving(config, h, gateway.Inline))
		c := n.Dial(t, "/")
		c.SendText("close, please")
		if f := c.ReceiveFrame(); f.Header.OpCode != ws.OpClose {
			t.Fatalf("received opcode %#x, want a close frame", f.Header.OpCode)
		}
		c.Conn().SetReadDeadline(time.Now().Add(gatewaytest.Patience))
		if _, err := c.Conn().Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the stream ends with %v, want a reset", err)
		}
		<-ended
		totals := n.Totals(t)
		if totals.Reasons[reason] != 1 {
			t.Errorf("the handler heard %v, which is counted %d times", reason, totals.Reasons[reason])
		}
	})
}

func TestHalfClosedPeerGetsItsEcho(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, echoing(config, gateway.Inline))
		for range 20 {
			conn := n.Raw(t)
			conn.Write(gatewaytest.UpgradeRequest("/"))
			c := gatewaytest.Upgraded(t, conn)
			c.SendText("last words")
			if err := conn.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			c.ExpectText("last words")
			c.ExpectEnd()
		}
		n.AwaitReason(t, gateway.ReasonPeerGone, 20)
	})
}

func TestPeerThatLeavesIsNoticed(t *testing.T) {
	leave := map[string]func(*gatewaytest.Client){
		"after a message": func(c *gatewaytest.Client) {
			c.SendText("bye")
			c.Close()
		},
		"in silence": func(c *gatewaytest.Client) { c.Close() },
		"after half a frame": func(c *gatewaytest.Client) {
			c.Write(gatewaytest.Masked(ws.NewTextFrame([]byte("never ends")))[:7])
			c.Close()
		},
		"after a close frame": func(c *gatewaytest.Client) {
			c.SendFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "")))
			c.Close()
		},
	}
	onVariants(t, func(t *testing.T, config gateway.Config) {
		n := gatewaytest.Start(t, serving(config, hooks{}, gateway.Pooled))
		for name, how := range leave {
			t.Run(name, func(t *testing.T) {
				for range 20 {
					how(n.Dial(t, "/"))
				}
				n.Eventually(t, func() bool { return n.Totals(t).Sessions == 0 }, "the sessions to end")
			})
		}
	})
}

func TestNoMessageFollowsTheCloseFrame(t *testing.T) {
	config := gateway.Config{Hubs: []gateway.HubConfig{{Name: "room"}}}
	config.Timeouts.Idle = 50 * time.Millisecond
	n := gatewaytest.Start(t, config)
	c := n.Dial(t, "/client/hubs/room")
	if f := c.ReceiveFrame(); f.Header.OpCode != ws.OpClose {
		t.Fatalf("received opcode %#x, want the close frame of an idle session", f.Header.OpCode)
	}
	n.Gateway.Hub("room").Publish(gateway.Publication{Type: gateway.Text, Payload: []byte("anyone there?")})
	n.Totals(t) // asked after it was published, answered after it was sent
	c.SendFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1001, "")))
	c.ExpectEnd()
}

// TestCloseOfASessionThatIsNotRead because too much of its input waits: what comes behind
// the gateway's close frame is thrown away, and the peer's stands there.
func TestCloseOfASessionThatIsNotRead(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Limits.InboundMessages = 3
		config.Timeouts.Close = time.Minute
		release, sessions := make(chan struct{}), make(chan gateway.Session, 1)
		h := hooks{
			open:    func(s gateway.Session, _ *gateway.Request) { sessions <- s },
			message: func(gateway.Session, gateway.Message) { <-release },
		}
		n := gatewaytest.Start(t, serving(config, h, gateway.Pooled))
		t.Cleanup(func() { close(release) })
		c := n.Dial(t, "/")
		for n.Totals(t).ReadPauses == 0 {
			c.SendText("too much")
		}
		(<-sessions).Close(1000, "enough")
		if got := c.ExpectClose(1000); got != "enough" {
			t.Errorf("closed with %q", got)
		}
		n.AwaitReason(t, gateway.ReasonClosedByHandler, 1)
	})
}
