package bench

import "strings"

// The attacks before the upgrade. Their requests name no host that exists and
// have a key that is no secret: nobody is to accept them.

const (
	requestLine  = "GET / HTTP/1.1\r\n"
	requestHost  = "Host: attack.invalid\r\n"
	requestAsk   = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	requestKey   = "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"
	requestOf13  = "Sec-WebSocket-Version: 13\r\n"
	requestOf12  = "Sec-WebSocket-Version: 12\r\n"
	requestEnd   = "\r\n"
	requestValid = requestHost + requestAsk + requestKey + requestOf13
)

func slowHandshake() attacker {
	return drip{opening: []byte(requestLine + requestValid + "X-Slow: "), again: []byte("a")}
}

func headerFlood() attacker {
	line := "X-Flood: " + strings.Repeat("a", 53) + "\r\n"
	return newFlood([]byte(requestLine+requestValid), []byte(line))
}

func upgradeStorm() attacker {
	return each{
		[]byte(requestLine + requestHost + requestAsk + requestOf13 + requestEnd),
		[]byte("POST / HTTP/1.1\r\n" + requestValid + requestEnd),
		[]byte(requestLine + requestHost + requestAsk + requestKey + requestOf12 + requestEnd),
		[]byte("GET /no/such/route HTTP/1.1\r\n" + requestValid + requestEnd),
		[]byte("GET\r\n" + requestEnd),
	}
}
