package bench

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Target is the server under load.
type Target struct {
	// Address is where connections go.
	Address netip.AddrPort
	// Host is the value of the Host header.
	Host string
	// Path is the request target: path and query.
	Path string
}

// ResolveTarget returns the target that a ws:// or wss:// URL names, with its host looked
// up once. An IPv4 address is preferred where there is one.
func ResolveTarget(ctx context.Context, text string) (*Target, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, &Fault{"URL", err}
	}
	switch {
	case u.Scheme != "ws" && u.Scheme != "wss":
		return nil, faultf("URL", "%q: must begin with ws:// or wss://", text)
	case u.Hostname() == "":
		return nil, faultf("URL", "%q: has no host; write ws://HOST:PORT/PATH", text)
	case u.Fragment != "":
		return nil, faultf("URL", "%q: must have no fragment (RFC 6455 §3)", text)
	}
	port := uint64(80)
	if u.Scheme == "wss" {
		port = 443
	}
	if u.Port() != "" {
		if port, err = strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
			return nil, faultf("URL", "%q: port must be 1 to 65535", text)
		}
	}
	address, err := lookUp(ctx, u.Hostname())
	if err != nil {
		return nil, faultf("URL", "%q: %w", text, err)
	}
	return &Target{
		Address: netip.AddrPortFrom(address, uint16(port)),
		Host:    u.Host,
		Path:    marks.Replace(u.RequestURI()),
	}, nil
}

// marks undoes the escapes of what is replaced in a path, see [Load].URL.
var marks = strings.NewReplacer("%7Bn%7D", numberMark, "%7Btoken%7D", tokenMark)

func lookUp(ctx context.Context, host string) (netip.Addr, error) {
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, a := range addresses {
		if a.Unmap().Is4() {
			return a.Unmap(), nil
		}
	}
	return addresses[0], nil
}
