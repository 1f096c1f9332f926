package conformance_test

import (
	"fmt"
	"strings"

	"github.com/gobwas/ws"
)

// closings is group 7. A wrong code fails the behaviour too.
func closings() (rows []row) {
	const hello = "Hello, world!"
	thousand := []ws.StatusCode{1000}
	rows = []row{
		clean("7.1.1", []event{echoOf(ws.OpText, hello)}, thousand,
			send(text(hello)), awaitEvents(1, patience), sendClosing(bye(1000, ""))),
		clean("7.1.2", nil, thousand, sendClosing(bye(1000, ""), bye(1000, ""))),
		clean("7.1.3", nil, thousand, sendClosing(bye(1000, ""), ping("too late"))),
		clean("7.1.4", nil, thousand, sendClosing(bye(1000, ""), text(hello))),
		clean("7.1.5", nil, thousand, sendClosing(begin(ws.OpText, "fragment1"), bye(1000, ""), last("fragment2"))),
		scripted("7.1.6", expectation{informs: true},
			sendClosing(text(printable(256*kib)), text(hello), bye(1000, ""), ping(""))),

		clean("7.3.1", nil, []ws.StatusCode{ws.StatusNoStatusRcvd, 1000}, sendClosing(final(ws.OpClose, ""))),
		refused("7.3.2", []ws.StatusCode{1002}, final(ws.OpClose, "a")),
		clean("7.3.3", nil, thousand, sendClosing(bye(1000, ""))),
		clean("7.3.4", nil, thousand, sendClosing(bye(1000, hello))),
		clean("7.3.5", nil, thousand, sendClosing(bye(1000, strings.Repeat("*", 123)))),
		refused("7.3.6", []ws.StatusCode{1002}, bye(1000, strings.Repeat("*", 124))),
		refused("7.5.1", []ws.StatusCode{1007, 1002}, bye(1000, greek+"\xed\xa0\x80edited")),
	}
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		rows = append(rows, clean(fmt.Sprintf("7.7.%d", i+1), nil, []ws.StatusCode{ws.StatusCode(code), 1000}, sendClosing(bye(code, ""))))
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		rows = append(rows, refused(fmt.Sprintf("7.9.%d", i+1), []ws.StatusCode{1002}, bye(code, "")))
	}
	for i, code := range []int{5000, 65535} {
		rows = append(rows, scripted(fmt.Sprintf("7.13.%d", i+1), expectation{informs: true}, sendClosing(bye(code, ""))))
	}
	return rows
}

// clean is a row whose close handshake, begun by the script, must be completed.
func clean(number string, events []event, codes []ws.StatusCode, script ...step) row {
	return scripted(number, expectation{events: events, handshake: true, codes: codes, strictCode: true}, script...)
}

// refused is a row whose close frame is itself an error.
func refused(number string, codes []ws.StatusCode, frame []byte) row {
	return scripted(number, expectation{codes: codes, strictCode: true}, sendClosing(frame))
}
