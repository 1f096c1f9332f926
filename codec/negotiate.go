package codec

import "iter"

// Deflate is what was agreed on permessage-deflate (RFC 7692) with one peer: the
// largest window, in bits, that messages to it are compressed with, 8 to 15. The
// zero value is no agreement: nothing is compressed either way.
//
// Nothing else needs keeping. Neither side takes its context over to the next
// message, so a session owns no window, and no dictionary outlives a message.
type Deflate uint8

const (
	minWindowBits Deflate = 8
	maxWindowBits Deflate = 15
)

const deflateName = "permessage-deflate"

// The parameters of an offer, RFC 7692 §7.1.
const (
	serverNoContextTakeover = "server_no_context_takeover"
	clientNoContextTakeover = "client_no_context_takeover"
	serverMaxWindowBits     = "server_max_window_bits"
	clientMaxWindowBits     = "client_max_window_bits"
)

// NegotiateDeflate accepts the first of the client's offers that the server can
// honour, as RFC 7692 §7.1 has it. offers are the extensions the client asks for,
// see [Request.Extensions]; most is the largest window to compress with, beyond
// 8 to 15 the nearest, and 0 agrees on nothing. answer is the value of
// Sec-WebSocket-Extensions; if no offer was accepted, both results are zero and
// the session goes without compression.
//
// The answer always has both no_context_takeover parameters. server_max_window_bits
// is honoured exactly: the answer has the smaller of what the client and most
// allow, and no message refers further back. client_max_window_bits is accepted
// and not answered: [Inflate] reads any window, and a smaller one saves nothing.
//
// An offer is declined, and the next one tried, if it has an unknown parameter,
// one twice, or one with an illegal value. An extension that breaks the grammar
// ends the search, for what follows cannot be trusted; [Request.CheckUpgrade]
// refuses such a request, as RFC 6455 §9.1 requires.
func NegotiateDeflate(offers iter.Seq[string], most Deflate) (d Deflate, answer string) {
	if most == 0 {
		return 0, ""
	}
	for offer := range offers {
		if !isExtension(offer) {
			return 0, ""
		}
		asked, acceptable := parseOffer(offer)
		switch {
		case !acceptable:
			continue
		case asked == 0 && most >= maxWindowBits:
			return maxWindowBits, answerUnbounded
		case asked == 0:
			asked = maxWindowBits // which a server may lower unasked, §7.1.2.1
		}
		d = min(asked, most).legal()
		return d, answers[d-minWindowBits]
	}
	return 0, ""
}

// legal returns d, or the window nearest to it that there is.
func (d Deflate) legal() Deflate { return min(max(d, minWindowBits), maxWindowBits) }

const (
	answerUnbounded = deflateName + "; " + serverNoContextTakeover + "; " + clientNoContextTakeover
	answerBounded   = answerUnbounded + "; " + serverMaxWindowBits + "="
)

// answers are by window, from 8 bits.
var answers = [...]string{
	answerBounded + "8", answerBounded + "9", answerBounded + "10", answerBounded + "11",
	answerBounded + "12", answerBounded + "13", answerBounded + "14", answerBounded + "15",
}

// seenParameters are the parameters met in one offer.
type seenParameters uint8

const (
	seenServerTakeover seenParameters = 1 << iota
	seenClientTakeover
	seenServerWindow
	seenClientWindow
)

// parseOffer reads an extension of legal grammar. window is its
// server_max_window_bits, 0 if it has none. acceptable is false if the offer is
// not for permessage-deflate or RFC 7692 §7.1 has it declined.
func parseOffer(offer string) (window Deflate, acceptable bool) {
	name, parameters, more := cutExtension(offer)
	if name != deflateName {
		return 0, false
	}
	var seen seenParameters
	for more {
		var p parameter
		p, parameters, more = cutParameter(parameters)
		var bit seenParameters
		var legal bool
		switch p.name {
		case serverNoContextTakeover:
			bit, legal = seenServerTakeover, !p.hasValue // §7.1.1.1
		case clientNoContextTakeover:
			bit, legal = seenClientTakeover, !p.hasValue // §7.1.1.2
		case serverMaxWindowBits:
			window = parseWindowBits(p.value)
			bit, legal = seenServerWindow, window != 0 // §7.1.2.1
		case clientMaxWindowBits:
			bit, legal = seenClientWindow, !p.hasValue || parseWindowBits(p.value) != 0 // §7.1.2.2
		}
		if !legal || seen&bit != 0 {
			return 0, false
		}
		seen |= bit
	}
	return window, true
}

// parseWindowBits reads 8 to 15 in decimal without leading zeros, RFC 7692
// §7.1.2; 0 if s is anything else.
func parseWindowBits(s string) Deflate {
	switch {
	case s == "8", s == "9":
		return Deflate(s[0] - '0')
	case len(s) == 2 && s[0] == '1' && '0' <= s[1] && s[1] <= '5':
		return Deflate(10 + s[1] - '0')
	}
	return 0
}
