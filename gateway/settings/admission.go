package settings

import (
	"net/netip"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/internal/limit"
)

// Admission is [gateway.Admission] with networks as they are written.
type Admission struct {
	gateway.Admission
	Allow, Deny, ProxyProtocol, Forwarders []string
}

// gateway returns a with its networks read. They have been checked.
func (a Admission) gateway() gateway.Admission {
	made := a.Admission
	made.Allow, made.Deny = parsed(a.Allow), parsed(a.Deny)
	made.ProxyProtocol, made.Forwarders = parsed(a.ProxyProtocol), parsed(a.Forwarders)
	return made
}

func parsed(texts []string) (all []netip.Prefix) {
	for _, text := range texts {
		prefix, _ := limit.ParsePrefix(text)
		all = append(all, prefix)
	}
	return all
}

// networks gives the place of a list of networks.
func networks(of func(*Admission) *[]string) func(*Settings) value {
	return func(s *Settings) value { return list{of(&s.Admission), checkNetwork} }
}

func checkNetwork(s string) error {
	_, err := limit.ParsePrefix(s)
	return err
}

func excess(to *gateway.Excess) value {
	return choice[gateway.Excess]{to, []option[gateway.Excess]{{"delay", gateway.Delay}, {"drop", gateway.Drop}, {"close", gateway.Disconnect}}}
}

func forwardedHeader(to *string) value {
	return choice[string]{to, []option[string]{{"X-Forwarded-For", "X-Forwarded-For"}, {"Forwarded", "Forwarded"}}}
}
