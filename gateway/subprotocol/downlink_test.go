package subprotocol_test

import (
	"testing"

	"github.com/sluicegate/sluice/gateway/subprotocol"
)

type appender interface {
	Append(dst []byte, e subprotocol.Encoding) []byte
}

var (
	_ appender = (*subprotocol.Message)(nil)
	_ appender = subprotocol.Ack{}
)

// stamped is a message as a reliable client gets it.
type stamped struct {
	message  subprotocol.Message
	sequence uint64
}

func (s stamped) Append(dst []byte, e subprotocol.Encoding) []byte {
	return e.AppendStamped(dst, s.message.Append(nil, e), s.sequence)
}

var downlinks = []struct {
	name           string
	frame          appender
	json, protobuf string // protobuf in the text format
	simple         string
}{
	{"connected", subprotocol.Connected{Connection: "c1", User: "ann"},
		`{"type":"system","event":"connected","userId":"ann","connectionId":"c1"}`,
		`system { connected { connection_id: "c1" user_id: "ann" } }`, ""},
	{"connected, anonymous and reliable", subprotocol.Connected{Connection: "c1", Token: "t-_1"},
		`{"type":"system","event":"connected","connectionId":"c1","reconnectionToken":"t-_1"}`,
		`system { connected { connection_id: "c1" reconnection_token: "t-_1" } }`, ""},
	{"disconnected", subprotocol.Disconnected{Reason: `by "admin"`},
		`{"type":"system","event":"disconnected","message":"by \"admin\""}`,
		`system { disconnected { reason: "by \"admin\"" } }`, ""},
	{"pong", subprotocol.Pong{}, `{"type":"pong"}`, `pong {}`, ""},
	{"ack", subprotocol.Ack{ID: 1<<64 - 1}, `{"type":"ack","ackId":18446744073709551615,"success":true}`,
		`ack { ack_id: 18446744073709551615 success: true }`, ""},
	{"ack of a failure", subprotocol.Ack{ID: 2, Result: subprotocol.AckForbidden, Text: "no right to join g"},
		`{"type":"ack","ackId":2,"success":false,"error":{"name":"Forbidden","message":"no right to join g"}}`,
		`ack { ack_id: 2 error { name: "Forbidden" message: "no right to join g" } }`, ""},
	{"response", subprotocol.InvokeResponse{Invocation: "i\"", Payload: raw("\x00\xff")},
		`{"type":"invokeResponse","invocationId":"i\"","success":true,"dataType":"binary","data":"AP8="}`, ``, ""},
	{"response without data", subprotocol.InvokeResponse{Invocation: "1"},
		`{"type":"invokeResponse","invocationId":"1","success":true}`, ``, ""},
	{"response of a failure", subprotocol.InvokeResponse{Invocation: "1", Result: subprotocol.AckBadRequest, Text: "no event"},
		`{"type":"invokeResponse","invocationId":"1","success":false,"error":{"name":"BadRequest","message":"no event"}}`, ``, ""},
	{"stream closed", subprotocol.StreamClosed{Stream: "s", Result: subprotocol.AckBadRequest, Text: "no streams"},
		`{"type":"streamClosed","streamId":"s","error":{"name":"BadRequest","message":"no streams"}}`,
		`stream_closed { stream_id: "s" error { name: "BadRequest" message: "no streams" } }`, ""},
	{"group, text", &subprotocol.Message{Group: "g", User: "ann", Payload: text("hé\n")},
		`{"type":"message","from":"group","group":"g","fromUserId":"ann","dataType":"text","data":"hé\n"}`,
		`data { from: "group" group: "g" data { text_data: "hé\n" } }`, "hé\n"},
	{"group, json", &subprotocol.Message{Group: "g", Payload: value(`{"a": [1]}`)},
		`{"type":"message","from":"group","group":"g","dataType":"json","data":{"a": [1]}}`,
		`data { from: "group" group: "g" data { json_data: "{\"a\": [1]}" } }`, `{"a": [1]}`},
	{"server, binary", &subprotocol.Message{Payload: raw("\x00\xff")},
		`{"type":"message","from":"server","dataType":"binary","data":"AP8="}`,
		`data { from: "server" data { binary_data: "\x00\xff" } }`, "\x00\xff"},
	{"server, protobuf", &subprotocol.Message{Payload: packed("\x0a\x01a")},
		`{"type":"message","from":"server","dataType":"protobuf","data":"CgFh"}`,
		`data { from: "server" data { protobuf_data { type_url: "a" } } }`, "\x0a\x01a"},
	{"metadata", &subprotocol.Message{Payload: value("1"), Metadata: metadata("a", "b", "c", "")},
		`{"type":"message","from":"server","dataType":"json","data":1,"metadata":{"a":"b","c":""}}`,
		`data { from: "server" data { json_data: "1" } metadata { key: "a" value: "b" } metadata { key: "c" value: "" } }`, "1"},
	{"reliable", stamped{subprotocol.Message{Group: "g", Payload: value("1")}, 300},
		`{"sequenceId":300,"type":"message","from":"group","group":"g","dataType":"json","data":1}`,
		`data { from: "group" group: "g" data { json_data: "1" } sequence_id: 300 }`, "1"},
	{"no UTF-8", &subprotocol.Message{Group: "\xff", Payload: text("a\xffb")},
		`{"type":"message","from":"group","group":"�","dataType":"text","data":"a�b"}`,
		`data { from: "group" group: "�" data { text_data: "a�b" } }`, "a�b"},
	{"control characters", &subprotocol.Message{Payload: text("\x00\b\f\r\t\x1f\x7f\u2028\"\\/")},
		`{"type":"message","from":"server","dataType":"text","data":"\u0000\u0008\u000c\r\t\u001f` + "\x7f\u2028" + `\"\\/"}`,
		`data { from: "server" data { text_data: "\x00\x08\x0c\r\t\x1f\x7f\u2028\"\\/" } }`, "\x00\b\f\r\t\x1f\x7f\u2028\"\\/"},
}

func TestDownlinkBytes(t *testing.T) {
	for _, tc := range downlinks {
		t.Run(tc.name, func(t *testing.T) {
			const before = "before"
			if got := string(tc.frame.Append([]byte(before), subprotocol.JSON)); got != before+tc.json {
				t.Errorf("JSON\ngot  %s\nwant %s", got, before+tc.json)
			}
			if got := string(tc.frame.Append([]byte(before), subprotocol.Simple)); got != before+tc.simple {
				t.Errorf("simple\ngot  %q\nwant %q", got, before+tc.simple)
			}
		})
	}
}

func TestAckNames(t *testing.T) {
	for result, want := range map[subprotocol.AckResult]string{
		subprotocol.AckForbidden: "Forbidden", subprotocol.AckDuplicate: "Duplicate",
		subprotocol.AckBadRequest: "BadRequest", subprotocol.AckInternalServerError: "InternalServerError",
	} {
		if result.String() != want {
			t.Errorf("got %s, want %s", result, want)
		}
	}
}

func TestSimpleFrames(t *testing.T) {
	for _, tc := range []struct {
		data   payload
		binary bool
	}{{text(""), false}, {value("1"), false}, {raw(""), true}, {packed(""), true}} {
		if got := subprotocol.Simple.OpCode(tc.data.Type) == 2; got != tc.binary {
			t.Errorf("%s in a binary frame: %v", tc.data.Type, got)
		}
	}
}
