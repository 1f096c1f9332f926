package bench

import (
	"strings"
	"testing"
)

func TestOfferIsAnswered(t *testing.T) {
	answer := func(extensions string) string {
		return strings.Replace(exampleAnswer, "Upgrade", "Sec-WebSocket-Extensions: "+extensions+"\r\nUpgrade", 1)
	}
	const both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, test := range []struct {
		name   string
		answer string
		want   error
	}{
		{"both takeovers off", answer(both), nil},
		{"only the server's", answer("permessage-deflate;server_no_context_takeover"), nil},
		{"a smaller window of the server", answer(both + `; server_max_window_bits="9"`), nil},
		{"declined", exampleAnswer, errDeclined},
		{"another extension", answer("x-deflate"), errExtension},
		{"two extensions", answer(both + ", x"), errExtension},
		{"context taken over", answer("permessage-deflate"), errAgreement},
		{"only the client's", answer("permessage-deflate; client_no_context_takeover"), errAgreement},
		{"the client's window, not offered", answer(both + "; client_max_window_bits=10"), errAgreement},
		{"no such window", answer(both + "; server_max_window_bits=16"), errAgreement},
		{"twice", answer(both + "; server_no_context_takeover"), errAgreement},
		{"a value where none may be", answer("permessage-deflate; server_no_context_takeover=1"), errAgreement},
		{"unknown", answer(both + "; x"), errAgreement},
	} {
		if _, err := readAnswer([]byte(test.answer), exampleKey, &upgrade{offer: offerDeflate}, false); err != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
	request := string(appendRequest(nil, &Target{Host: "h", Path: "/"}, exampleKey, &upgrade{offer: offerDeflate}, 0))
	if want := "\r\nSec-WebSocket-Extensions: " + string(offerDeflate) + "\r\n\r\n"; !strings.HasSuffix(request, want) {
		t.Errorf("%q does not end in %q", request, want)
	}
}
