package bench

import (
	"fmt"
	"strings"
)

// The attacks before the upgrade.

// slowHandshake sends a request whose last header line never ends.
func slowHandshake(t *Target) attacker {
	return drip{opening: unfinished(t, "X-Slow: "), again: []byte("a")}
}

func headerFlood(t *Target) attacker {
	return newFlood(unfinished(t, ""), []byte("X-Flood: "+strings.Repeat("a", 53)+"\r\n"))
}

// unfinished returns a valid request with more to come in its head.
func unfinished(t *Target, more string) []byte {
	whole := appendRequest(nil, t, newHandshakeKey(), &upgrade{}, 0)
	return append(whole[:len(whole)-len("\r\n")], more...)
}

// upgradeStorm sends requests with one fault each.
func upgradeStorm(t *Target) attacker {
	request := func(line, fields string) []byte {
		return fmt.Appendf(nil, "%s\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n%s\r\n", line, t.Host, fields)
	}
	const (
		key     = "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
		version = "Sec-WebSocket-Version: 13\r\n"
		future  = "Sec-WebSocket-Version: 14\r\n"
	)
	get := "GET " + t.Path + " HTTP/1.1"
	return each{
		request(get, version),
		request(get, version+"Sec-WebSocket-Key: short\r\n"),
		request("POST "+t.Path+" HTTP/1.1", key+version),
		request(get, key+future),
		request("GET /no/such/route HTTP/1.1", key+version),
		request("GET", key+version),
	}
}
