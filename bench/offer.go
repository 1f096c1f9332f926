package bench

import (
	"bytes"
	"slices"
)

// offer is the value of Sec-WebSocket-Extensions in an upgrade request; "" is
// no such header.
type offer string

// offerDeflate asks for permessage-deflate of which neither side keeps its
// window from one message to the next (RFC 7692 §7.1.1): the client then needs
// no state for any connection.
const offerDeflate offer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

var (
	errExtension = failure{StageHandshake, "101 with an extension that was not offered"}
	errDeclined  = failure{StageHandshake, "101 without permessage-deflate: the server declined compression"}
	errAgreement = failure{StageHandshake, "101 with parameters of permessage-deflate that do not answer the offer"}
)

// check holds what a 101 says of extensions against the offer (RFC 6455 §4.1,
// RFC 7692 §7.1). It borrows the header fields.
func (o offer) check(fields []byte) error {
	answer, extended := field(fields, "Sec-WebSocket-Extensions")
	switch {
	case o == "" && extended:
		return errExtension
	case o == "":
		return nil
	case !extended:
		return errDeclined
	}
	return checkDeflate(answer)
}

// checkDeflate applies RFC 7692 §7.1 to the answer to offerDeflate. The server
// may bound its own window unasked (§7.1.2.1), which is all the same to a
// receiver of any; not the client's (§7.1.2.2).
func checkDeflate(answer []byte) error {
	if bytes.IndexByte(answer, ',') >= 0 {
		return errExtension
	}
	name, parameters, _ := bytes.Cut(answer, []byte(";"))
	if string(bytes.TrimSpace(name)) != "permessage-deflate" {
		return errExtension
	}
	var seen []string
	for len(parameters) > 0 {
		var parameter []byte
		parameter, parameters, _ = bytes.Cut(parameters, []byte(";"))
		name, value, _ := bytes.Cut(parameter, []byte("="))
		text := string(bytes.TrimSpace(name))
		if !acceptable(text, string(bytes.Trim(value, ` "`))) || slices.Contains(seen, text) {
			return errAgreement
		}
		seen = append(seen, text)
	}
	if !slices.Contains(seen, "server_no_context_takeover") {
		return errAgreement
	}
	return nil
}

// acceptable reports whether an answer to offerDeflate may have a parameter.
func acceptable(name, value string) bool {
	switch name {
	case "server_no_context_takeover", "client_no_context_takeover":
		return value == ""
	case "server_max_window_bits":
		return slices.Contains([]string{"8", "9", "10", "11", "12", "13", "14", "15"}, value)
	}
	return false
}
