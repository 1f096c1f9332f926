package gateway

import (
	"fmt"
	"net/netip"
	"testing"
)

// TestTheLineHasRoomForThoseWhoHaveNobodyInIt has few networks, or a site with as
// many as it likes, open more connections than may wait. Whoever comes then from
// elsewhere finds a place all the same.
func TestTheLineHasRoomForThoseWhoHaveNobodyInIt(t *testing.T) {
	for name, flood := range map[string]func(i int) string{
		"one address":             func(int) string { return proxied4("192.0.2.7") },
		"three addresses":         func(i int) string { return proxied4(fmt.Sprint("192.0.2.", i%3)) },
		"each address of a /64":   func(i int) string { return proxied6(fmt.Sprintf("2001:db8::%x", i)) },
		"each network of a site":  func(i int) string { return proxied6(fmt.Sprintf("2001:db8:0:%x::1", i)) },
		"networks of three sites": func(i int) string { return proxied6(fmt.Sprintf("2001:db8:%x:%x::1", i%3, i)) },
	} {
		t.Run(name, func(t *testing.T) {
			config := Config{Hubs: []HubConfig{{Name: "fuzz", OnMessage: EchoBack}}}
			config.Admission.AcceptRate, config.Admission.AcceptBurst, config.Admission.AcceptQueue = 1, 1, 64
			config.Admission.ProxyProtocol = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
			s, rig := onRig(t, config)
			defer rig.End()
			come := func(header string) (answer string) {
				peer := rig.Dial()
				peer.Write([]byte(header))
				rig.Settle()
				return string(peer.Read())
			}
			refused := 0
			for i := range 300 {
				if come(flood(i)) != "" {
					refused++
				}
			}
			if refused == 0 {
				t.Error("nobody is refused")
			}
			for _, header := range []string{proxied4("198.51.100.1"), proxied6("2001:db8:ffff::1")} {
				before := s.door.waiting.Len()
				if answer := come(header); answer != "" || s.door.waiting.Len() != before+1 {
					t.Errorf("with %d in line, %.30q is answered %.30q", before, header, answer)
				}
			}
		})
	}
}

// TestRefusedConnectionsDoNotPileUp has one address come much more often than it may,
// and neither read nor close.
func TestRefusedConnectionsDoNotPileUp(t *testing.T) {
	for name, limit := range map[Reason]func(*Admission){
		ReasonAddressRate:     func(a *Admission) { a.AddressRate = 1 },
		ReasonAcceptQueueFull: func(a *Admission) { a.AcceptRate, a.AcceptQueue = 1, -1 },
	} {
		t.Run(name.String(), func(t *testing.T) {
			config := Config{Hubs: []HubConfig{{Name: "fuzz", OnMessage: EchoBack}}}
			limit(&config.Admission)
			s, rig := onRig(t, config)
			defer rig.End()
			const flood = 2000
			answered := 0
			for range flood {
				peer := rig.Dial()
				rig.Settle()
				if peer.Unread() > 0 {
					answered++
				}
			}
			if open := s.door.common.open.Load(); open > flood/4 || answered == 0 {
				t.Errorf("%d of %d connections are open, and %d were answered", open, flood, answered)
			}
			rig.Pass(2 * linger)
			if open, refused := s.door.common.open.Load(), s.counts.reasons[name]; open > 1 || refused != flood-1 {
				t.Errorf("later %d are open, and %d were refused", open, refused)
			}
			peer := rig.Dial()
			rig.Settle()
			peer2 := rig.Dial()
			rig.Settle()
			if peer.Unread()+peer2.Unread() == 0 {
				t.Error("nobody is answered any more")
			}
		})
	}
}

func proxied4(client string) string { return "PROXY TCP4 " + client + " 192.0.2.1 4711 443\r\n" }
func proxied6(client string) string { return "PROXY TCP6 " + client + " 2001:db8::1 4711 443\r\n" }
