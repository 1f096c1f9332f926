package gateway_test

import (
	"bufio"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// hall is a configuration with one hub that echoes.
func hall(config gateway.Config) gateway.Config {
	config.Hubs = []gateway.HubConfig{{Name: "hall", OnMessage: gateway.EchoBack, Origins: []string{"https://a.example"},
		Groups: []gateway.GroupClass{{Name: "fast", Prefix: "f"}}}}
	return config
}

// reconfigure expects that next is in effect when it returns, but for the fields
// that need a restart.
func reconfigure(t *testing.T, n *gatewaytest.Node, next gateway.Config, needRestart ...string) {
	t.Helper()
	next.Listen = n.Addr() // which the harness chose
	got, err := n.Gateway.Reconfigure(next)
	if i := slices.Index(got, "Listen"); i >= 0 {
		got = slices.Delete(got, i, i+1)
	}
	if err != nil || !slices.Equal(got, needRestart) {
		t.Fatalf("Reconfigure: %v, %v need a restart; want %v", err, got, needRestart)
	}
	n.Stats(t) // every loop has answered, and so read its mail
}

// status returns what a browser's upgrade of the hall is answered with.
func status(t *testing.T, n *gatewaytest.Node, origin string) int {
	t.Helper()
	conn := n.Raw(t)
	conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
	conn.Write(gatewaytest.UpgradeRequest(gateway.HubPath("hall"), "Origin: "+origin))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}

func TestReconfigureChangesWhatItCan(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config = hall(config)
		n := gatewaytest.Start(t, config)
		c := n.Dial(t, gateway.HubPath("hall"))
		idle := n.Dial(t, gateway.HubPath("hall"))

		next := hall(config)
		next.Limits.Message = 4
		next.Limits.Sessions = 3
		next.Hubs[0].Origins = []string{"https://b.example"}
		next.Hubs[0].Delivery.Policy = gateway.DropOldest
		next.Hubs[0].Groups[0].Delivery = gateway.Delivery{Policy: gateway.Conflate, Window: time.Millisecond}
		reconfigure(t, n, next)

		for _, tc := range []struct {
			origin string
			want   int
		}{
			{"https://a.example", http.StatusForbidden},
			{"https://b.example", http.StatusSwitchingProtocols},
			{"https://b.example", http.StatusServiceUnavailable}, // the fourth session
		} {
			if got := status(t, n, tc.origin); got != tc.want {
				t.Errorf("an upgrade from %s is answered with %d, want %d", tc.origin, got, tc.want)
			}
		}
		var policies []string
		for _, class := range n.Stats(t).Classes {
			policies = append(policies, class.Policy.String())
		}
		if want := []string{"close", "drop-oldest", "conflate"}; !slices.Equal(policies, want) {
			t.Errorf("policies are %v, want %v", policies, want)
		}
		c.SendText("fits")
		c.ExpectText("fits")
		c.SendText("does not")
		c.ExpectClose(ws.StatusMessageTooBig)
		next.Timeouts.Idle = 50 * time.Millisecond
		reconfigure(t, n, next)
		idle.ExpectClose(ws.StatusGoingAway)
	})
}

// TestReconfigureChangesAdmission closes the door further and further, and opens
// it again, around one session that stays.
func TestReconfigureChangesAdmission(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		config.Loops = 1
		n := gatewaytest.Start(t, serving(config, gateway.Echo(), gateway.Inline))
		stays := n.Dial(t, "/")
		for _, tc := range []struct {
			name   string
			change func(*gateway.Config)
			reason gateway.Reason // ReasonNone: the next one is admitted
		}{
			{"total", func(c *gateway.Config) { c.Limits.Connections = 1 }, gateway.ReasonConnectionsFull},
			{"network", func(c *gateway.Config) { c.Admission.Deny = networks("127.0.0.0/8") }, gateway.ReasonDenied},
			{"rate of the node", func(c *gateway.Config) { c.Admission.AcceptRate, c.Admission.AcceptQueue = 1, -1 }, gateway.ReasonAcceptQueueFull},
			{"rate of an address", func(c *gateway.Config) { c.Admission.AddressRate = 1 }, gateway.ReasonAddressRate},
			{"connections of an address", func(c *gateway.Config) { c.Limits.ConnectionsPerAddress = 1 }, gateway.ReasonAddressCrowded},
			{"nothing", func(*gateway.Config) {}, gateway.ReasonNone},
		} {
			next := serving(config, gateway.Echo(), gateway.Inline)
			tc.change(&next)
			reconfigure(t, n, next)
			if tc.reason == gateway.ReasonNone {
				n.Dial(t, "/").Close()
				break
			}
			n.Eventually(t, func() bool {
				if conn, err := dialFrom(n, "127.0.0.1"); err == nil {
					t.Cleanup(func() { conn.Close() })
				}
				return n.Totals(t).Reasons[tc.reason] > 0
			}, "a refusal for the "+tc.name)
		}
		stays.SendText("still here")
		stays.ExpectText("still here")
	})
}

// TestWithoutARateNobodyWaits: who comes once the rate is lifted is not refused for
// want of room behind those who still stand in line.
func TestWithoutARateNobodyWaits(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		const line, late = 300, 20
		config.Loops = 1
		limited := config
		limited.Admission.AcceptRate, limited.Admission.AcceptBurst, limited.Admission.AcceptQueue = 1, 1, 2*line
		n := gatewaytest.Start(t, serving(limited, gateway.Echo(), gateway.Inline))
		for range line {
			sent(rawFrom(t, n, "127.0.0.2"))
		}
		n.Eventually(t, func() bool { return n.Totals(t).Waiting >= line-10 }, "the line")
		reconfigure(t, n, serving(config, gateway.Echo(), gateway.Inline))
		for range late {
			sent(rawFrom(t, n, "127.0.0.3"))
		}
		n.Eventually(t, func() bool {
			got := n.Totals(t)
			return got.Sessions+int(got.Reasons[gateway.ReasonAcceptQueueFull]) == line+late
		}, "all to be answered")
		if refused := n.Reason(t, gateway.ReasonAcceptQueueFull); refused > 0 {
			t.Errorf("%d of %d late clients were refused", refused, late)
		}
	})
}

func TestReconfigureNamesWhatNeedsARestart(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*gateway.Config)
		want   []string
	}{
		{"nothing", func(*gateway.Config) {}, nil},
		{"another logger", func(c *gateway.Config) { c.Logger = slog.New(slog.DiscardHandler) }, nil},
		{"loops and workers", func(c *gateway.Config) { c.Loops, c.Workers = 3, 3 }, []string{"Loops", "Workers"}},
		{"a buffer of the kernel", func(c *gateway.Config) { c.Limits.KernelSend, c.Limits.Message = 8192, 9 }, []string{"Limits.KernelSend"}},
		{"which addresses are one client's", func(c *gateway.Config) { c.Admission.IPv4Bits, c.Admission.AcceptRate = 24, 9 }, []string{"Admission.IPv4Bits"}},
		{"a limit that was off", func(c *gateway.Config) { c.Limits.SessionsPerAddress = 5 }, []string{"Limits.SessionsPerAddress"}},
		{"a stall that the kernel would not wait for", func(c *gateway.Config) { c.Timeouts.WriteStall = time.Hour }, []string{"Timeouts.WriteStall"}},
		{"a stall that it would", func(c *gateway.Config) { c.Timeouts.WriteStall = 30 * time.Second }, nil},
		{"one more hub", func(c *gateway.Config) { c.Hubs = append(c.Hubs, gateway.HubConfig{Name: "new"}) }, []string{"Hubs"}},
		{"another action", func(c *gateway.Config) { c.Hubs[0].OnMessage, c.Hubs[0].Sessions = gateway.Discard, 9 }, []string{"Hubs[0].OnMessage"}},
		{"compression of a hub", func(c *gateway.Config) { c.Hubs[0].Compression = &gateway.Compression{Enabled: true} }, []string{"Hubs[0].Compression"}},
		{"another prefix", func(c *gateway.Config) { c.Hubs[0].Groups[0].Prefix = "g" }, []string{"Hubs[0].Groups[0].Prefix"}},
		{"one group less", func(c *gateway.Config) { c.Hubs[0].Groups = nil }, []string{"Hubs[0].Groups"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := gatewaytest.Start(t, hall(gateway.Config{Loops: 1}))
			next := hall(gateway.Config{Loops: 1})
			tc.change(&next)
			reconfigure(t, n, next, tc.want...)
		})
	}
}

func TestReconfigureGoesByNamesWhateverTheirOrder(t *testing.T) {
	config := hall(gateway.Config{Loops: 1, Routes: []gateway.Route{{Path: "/a", Handler: gateway.Echo()}, {Path: "/b", Handler: gateway.Echo(), Dispatch: gateway.Inline}}})
	config.Hubs[0].Groups = append(config.Hubs[0].Groups, gateway.GroupClass{Name: "slow", Prefix: "s"})
	config.Hubs = append(config.Hubs, gateway.HubConfig{Name: "yard", Dispatch: gateway.Inline})
	n := gatewaytest.Start(t, config)
	config.Hubs, config.Routes = slices.Clone(config.Hubs), slices.Clone(config.Routes)
	config.Hubs[0].Groups = slices.Clone(config.Hubs[0].Groups)
	slices.Reverse(config.Hubs)
	slices.Reverse(config.Hubs[1].Groups)
	slices.Reverse(config.Routes)
	reconfigure(t, n, config)
	config.Hubs[0].Dispatch, config.Hubs[1].Groups[0].Prefix = gateway.Pooled, "t"
	reconfigure(t, n, config, "Hubs[0].Dispatch", "Hubs[1].Groups[0].Prefix")
	config.Hubs[0].Name = "garden"
	reconfigure(t, n, config, "Hubs[0].Name", "Hubs[0].Dispatch", "Hubs[1].Groups[0].Prefix")
}

func TestReconfigureWithFaultsChangesNothing(t *testing.T) {
	n := gatewaytest.Start(t, hall(gateway.Config{Loops: 1}))
	next := hall(gateway.Config{Loops: 5000})
	next.Hubs[0].Origins = nil
	fault, ok := errors.AsType[*gateway.Fault](reconfigureError(n, next))
	if !ok || fault.Field != "Loops" {
		t.Errorf("Reconfigure: %v, want a fault of Loops", fault)
	}
	if got := status(t, n, "https://b.example"); got != http.StatusForbidden {
		t.Errorf("after a refused change another origin is answered with %d, want %d", got, http.StatusForbidden)
	}
}

func reconfigureError(n *gatewaytest.Node, next gateway.Config) error {
	_, err := n.Gateway.Reconfigure(next)
	return err
}
