package token

import (
	"fmt"
	"strconv"
	"strings"
)

// ConnectionString is what a backend is given to find the gateway and to sign
// with.
type ConnectionString struct {
	Endpoint  Endpoint
	AccessKey string
}

// ParseConnectionString reads "Endpoint=…;AccessKey=…;Version=1.0;", in any order
// and with names in any case. A port may stand apart, as "Port=8080". Errors name
// the part and never show a key.
func ParseConnectionString(text string) (ConnectionString, error) {
	parts := make(map[string]string)
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, assigned := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !assigned {
			return ConnectionString{}, fmt.Errorf("connection string: a part of %d characters has no =; write Endpoint=…;AccessKey=…", len(part))
		}
		if _, twice := parts[name]; twice {
			return ConnectionString{}, fmt.Errorf("connection string: %s: is given twice", name)
		}
		parts[name] = strings.TrimSpace(value)
	}
	for _, name := range []string{"Endpoint", "AccessKey"} {
		if parts[strings.ToLower(name)] == "" {
			return ConnectionString{}, fmt.Errorf("connection string: %s: is missing", name)
		}
	}
	if version := parts["version"]; version != "" && version != "1.0" {
		return ConnectionString{}, fmt.Errorf("connection string: Version: %q: must be 1.0", version)
	}
	endpoint, err := ParseEndpoint(parts["endpoint"])
	if err != nil {
		return ConnectionString{}, fmt.Errorf("connection string: %w", err)
	}
	if port := parts["port"]; port != "" {
		if endpoint, err = endpoint.withPort(port); err != nil {
			return ConnectionString{}, err
		}
	}
	return ConnectionString{endpoint, parts["accesskey"]}, nil
}

// withPort returns the endpoint with another port.
func (e Endpoint) withPort(port string) (Endpoint, error) {
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return Endpoint{}, fmt.Errorf("connection string: Port: %q: must be 1 to 65535", port)
	}
	scheme, host, _ := strings.Cut(e.origin, "://")
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	e.origin = originOf(scheme, host+":"+port)
	return e, nil
}

// String returns the text that backends are given, key included.
func (c ConnectionString) String() string {
	return fmt.Sprintf("Endpoint=%v;AccessKey=%s;Version=1.0;", c.Endpoint, c.AccessKey)
}
