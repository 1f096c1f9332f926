package subprotocol_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

type (
	request = subprotocol.Request
	payload = subprotocol.Payload
	pair    = subprotocol.Pair
)

func metadata(pairs ...string) []pair {
	var all []pair
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, pair{Key: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	return all
}

func text(s string) payload  { return payload{Type: subprotocol.Text, Data: []byte(s)} }
func value(s string) payload { return payload{Type: subprotocol.JSONData, Data: []byte(s)} }
func raw(s string) payload   { return payload{Type: subprotocol.Binary, Data: []byte(s)} }
func packed(s string) payload {
	return payload{Type: subprotocol.ProtobufAny, Data: []byte(s)}
}

// same compares what callers see of requests.
func same(a, b request) bool { return reflect.DeepEqual(visible(a), visible(b)) }

// visible is a request without its memory. Callers cannot tell what is empty from
// what is nil.
func visible(r request) request {
	if len(r.Metadata) == 0 {
		r.Metadata = nil
	}
	if len(r.Payload.Data) == 0 {
		r.Payload.Data = nil
	}
	return request{
		Op: r.Op, HasAck: r.HasAck, NoEcho: r.NoEcho, TTL: r.TTL, AckID: r.AckID, Sequence: r.Sequence,
		Group: r.Group, Event: r.Event, Payload: r.Payload, Metadata: r.Metadata, Invocation: r.Invocation, Stream: r.Stream,
	}
}

func group(s string) []byte { return []byte(s) }

func TestJSONRequests(t *testing.T) {
	deep := strings.Repeat("[", 127) + strings.Repeat("]", 127)
	for _, tc := range []struct {
		name, message string
		want          request
	}{
		{"ping", `{"type":"ping"}`, request{Op: subprotocol.OpPing}},
		{"join", `{"type":"joinGroup","group":"g","ackId":1}`, request{Op: subprotocol.OpJoinGroup, Group: group("g"), HasAck: true, AckID: 1}},
		{"leave without ack", `{"type":"leaveGroup","group":"g"}`, request{Op: subprotocol.OpLeaveGroup, Group: group("g")}},
		{"type last", ` { "ackId" : 0 , "group" : "g" , "type" : "joinGroup" } ` + "\r\n", request{Op: subprotocol.OpJoinGroup, Group: group("g"), HasAck: true}},
		{"largest ack id", `{"type":"joinGroup","group":"g","ackId":18446744073709551615}`, request{Op: subprotocol.OpJoinGroup, Group: group("g"), HasAck: true, AckID: 1<<64 - 1}},
		{"null is absent", `{"type":"joinGroup","group":"g","ackId":null}`, request{Op: subprotocol.OpJoinGroup, Group: group("g")}},
		{"others are passed over", `{"type":"ping","later":[{"a":[1,-0.5e+10,true,false,null,""]},{}],"group":7}`, request{Op: subprotocol.OpPing}},
		{"escaped names", `{"\u0074ype":"p\u0069ng"}`, request{Op: subprotocol.OpPing}},
		{"send", `{"type":"sendToGroup","group":"g","ackId":2,"noEcho":true,"dataType":"text","data":"hi","ttlSeconds":300}`,
			request{Op: subprotocol.OpSendToGroup, Group: group("g"), HasAck: true, AckID: 2, NoEcho: true, TTL: 300, Payload: text("hi")}},
		{"json is the default", `{"type":"sendToGroup","group":"g","noEcho":false,"data":{"a": 1}}`, request{Op: subprotocol.OpSendToGroup, Group: group("g"), Payload: value(`{"a": 1}`)}},
		{"json verbatim", `{"type":"sendToGroup","group":"g","dataType":"json","data": "\u00e9\/" }`, request{Op: subprotocol.OpSendToGroup, Group: group("g"), Payload: value(`"\u00e9\/"`)}},
		{"json null", `{"type":"event","event":"e","data":null}`, request{Op: subprotocol.OpEvent, Event: group("e"), Payload: value(`null`)}},
		{"json as deep as may be", `{"type":"event","event":"e","data":` + deep + `}`, request{Op: subprotocol.OpEvent, Event: group("e"), Payload: value(deep)}},
		{"event", `{"type":"event","event":"a-b_c.9","ackId":3,"dataType":"text","data":"","metadata":{"k":"v","\"":"\\"}}`,
			request{Op: subprotocol.OpEvent, Event: group("a-b_c.9"), HasAck: true, AckID: 3, Payload: text(""), Metadata: metadata("k", "v", `"`, `\`)}},
		{"binary", `{"type":"event","event":"e","dataType":"binary","data":"AP8\/"}`, request{Op: subprotocol.OpEvent, Event: group("e"), Payload: raw("\x00\xff\x3f")}},
		{"protobuf", `{"type":"event","event":"e","dataType":"protobuf","data":"CgFh"}`, request{Op: subprotocol.OpEvent, Event: group("e"), Payload: packed("\x0a\x01a")}},
		{"escapes", `{"type":"event","event":"e","dataType":"text","data":"\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\uDE00"}`, request{Op: subprotocol.OpEvent, Event: group("e"), Payload: text("\"\\/\b\f\n\r\tAé😀")}},
		{"half surrogates", `{"type":"event","event":"e","dataType":"text","data":"\ud83d|\ude00|\ud83d\ud83d\ude00|\ud83d\u0041|\ud83d"}`,
			request{Op: subprotocol.OpEvent, Event: group("e"), Payload: text("\ufffd|\ufffd|\ufffd😀|\ufffdA|\ufffd")}},
		{"longest group", `{"type":"joinGroup","group":"` + strings.Repeat("é", 1024) + `"}`, request{Op: subprotocol.OpJoinGroup, Group: group(strings.Repeat("é", 1024))}},
		{"invoke", `{"type":"invoke","target":"event","event":"e","dataType":"json","data":[1],"invocationId":"i\u002d1","metadata":{"k":"v"},"ackId":"none"}`,
			request{Op: subprotocol.OpInvoke, Invocation: []byte("i-1"), Event: group("e"), Payload: value("[1]"), Metadata: metadata("k", "v")}},
		{"invoke without data", `{"type":"invoke","invocationId":"1","target":"event","event":"e"}`,
			request{Op: subprotocol.OpInvoke, Invocation: []byte("1"), Event: group("e"), Payload: text("")}},
		{"cancel", `{"type":"cancelInvocation","invocationId":"1"}`, request{Op: subprotocol.OpCancelInvocation, Invocation: []byte("1")}},
		{"sequence", `{"type":"sequenceAck","sequenceId":9}`, request{Op: subprotocol.OpSequenceAck, Sequence: 9}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r request
			if err := subprotocol.JSON.Parse(&r, ws.OpText, []byte(tc.message)); err != nil {
				t.Fatal(err)
			}
			if !same(r, tc.want) {
				t.Errorf("got %+v\nwant %+v", visible(r), tc.want)
			}
		})
	}
}

func TestJSONRefusals(t *testing.T) {
	const send = `{"type":"sendToGroup","ackId":7,`
	deep := strings.Repeat(`{"a":`, 128) + "1" + strings.Repeat("}", 128)
	many := strings.Repeat(`"a":"`, 1)
	for i := range 65 {
		many += strings.Repeat("x", i) + `","` + strings.Repeat("k", i) + `":"`
	}
	for _, tc := range []struct {
		name, message, want string
		close               ws.StatusCode
	}{
		{"empty", ``, "message: ends too early", 1007},
		{"no object", `[]`, "message: must be a JSON object", 1007},
		{"truncated", `{"type":"ping"`, "message: ends too early", 1007},
		{"trailing", `{"type":"ping"}x`, "message: goes on after its end", 1007},
		{"trailing NUL", "{\"type\":\"ping\"}\x00", "message: goes on after its end", 1007},
		{"comma", `{"type":"ping",}`, "message: must have strings for names", 1007},
		{"no comma", `{"type":"ping" "a":1}`, "message: lacks a comma or a closing bracket", 1007},
		{"no colon", `{"type" "ping"}`, "message: lacks a colon after a name", 1007},
		{"no value", `{"type":}`, "type: must be a JSON value", 1007},
		{"word", `{"type":"ping","data":nul}`, "data: must be a JSON value", 1007},
		{"leading zero", `{"type":"ping","x":01}`, `"x": has a malformed number`, 1007},
		{"bare minus", `{"type":"ping","x":-}`, `"x": has a malformed number`, 1007},
		{"bare point", `{"type":"ping","x":1.}`, `"x": has a malformed number`, 1007},
		{"bare exponent", `{"type":"ping","x":1e+}`, `"x": has a malformed number`, 1007},
		{"control character", "{\"type\":\"ping\",\"data\":\"a\nb\"}", "data: has a control character in a string", 1007},
		{"escape", `{"type":"ping","data":"\x"}`, "data: has a malformed escape in a string", 1007},
		{"hex", `{"type":"ping","data":"\u00g0"}`, "data: has a malformed escape in a string", 1007},
		{"cut escape", `{"data":"\u00`, "data: ends too early", 1007},
		{"array", `{"data":[1 2]}`, "data: lacks a comma or a closing bracket", 1007},
		{"array of no value", `{"data":[x]}`, "data: must be a JSON value", 1007},
		{"deep array", `{"data":` + strings.Repeat("[", 128), "data: is nested deeper than 128", 1007},
		{"deep", `{"type":"ping","data":` + deep + `}`, "data: is nested deeper than 128", 1007},
		{"long name", `{"` + strings.Repeat("k", 100) + `":?}`, `"` + strings.Repeat("k", 29) + `...": must be a JSON value`, 1007},

		{"no type", `{}`, "type: is missing", 1007},
		{"type null", `{"type":null}`, "type: is missing", 1007},
		{"type of no string", `{"type":1}`, "type: must be a string", 1007},
		{"unknown type", `{"type":"Ping"}`, `type: "Ping" is not served`, 1007},
		{"newer type", `{"type":"streamEnd","streamId":"1"}`, `type: "streamEnd" is not served`, 1007},
		{"no invocation", `{"type":"invoke","target":"event","event":"e"}`, "invocationId: is missing", 1007},
		{"empty invocation", `{"type":"cancelInvocation","invocationId":""}`, "invocationId: must not be empty", 1007},
		{"no target", `{"type":"invoke","invocationId":"1","event":"e"}`, "target: is missing", 1007},
		{"stream of no object", send + `"group":"g","stream":"s"}`, "stream: must be an object", 1007},
		{"twice", `{"type":"ping","ackId":1,"ackId":2}`, "ackId: is given twice", 1007},
		{"twice, escaped", `{"type":"ping","\u0074ype":"ping"}`, "type: is given twice", 1007},

		{"no group", send + `"data":1}`, "group: is missing", 1007},
		{"group of no string", send + `"group":{},"data":1}`, "group: must be a string", 1007},
		{"no event", `{"type":"event","data":1}`, "event: is missing", 1007},
		{"ack id as text", `{"type":"joinGroup","group":"g","ackId":"1"}`, "ackId: must be an integer of 0 to 18446744073709551615", 1007},
		{"ack id too large", `{"type":"joinGroup","group":"g","ackId":18446744073709551616}`, "ackId: must be an integer of 0 to 18446744073709551615", 1007},
		{"ack id below 0", `{"type":"joinGroup","group":"g","ackId":-1}`, "ackId: must be an integer of 0 to 18446744073709551615", 1007},
		{"ack id with a fraction", `{"type":"joinGroup","group":"g","ackId":1.0}`, "ackId: must be an integer of 0 to 18446744073709551615", 1007},
		{"no sequence id", `{"type":"sequenceAck"}`, "sequenceId: is missing", 1007},
		{"noEcho", send + `"group":"g","data":1,"noEcho":1}`, "noEcho: must be true or false", 1007},
		{"ttlSeconds", send + `"group":"g","data":1,"ttlSeconds":"1"}`, "ttlSeconds: must be an integer of 0 to 18446744073709551615", 1007},
		{"dataType", send + `"group":"g","data":1,"dataType":"xml"}`, `dataType: "xml" must be text, json, binary or protobuf`, 1007},
		{"no data", send + `"group":"g"}`, "data: is missing", 1007},
		{"no text", send + `"group":"g","dataType":"text"}`, "data: is missing", 1007},
		{"text of no string", send + `"group":"g","dataType":"text","data":null}`, "data: must be a string", 1007},
		{"base64", send + `"group":"g","dataType":"binary","data":"a"}`, "data: must be base64", 1007},
		{"any", send + `"group":"g","dataType":"protobuf","data":"/w=="}`, "data: is no google.protobuf.Any", 1007},
		{"dataType of no string", send + `"group":"g","data":1,"dataType":1}`, "dataType: must be a string", 1007},
		{"binary of no string", send + `"group":"g","data":null,"dataType":"binary"}`, "data: must be a string", 1007},
		{"long dataType", send + `"group":"g","data":1,"dataType":"` + strings.Repeat("😀", 40) + `"}`,
			`dataType: "\U0001f600\U0001f600\U0001f60..." must be text, json, binary or protobuf`, 1007},
		{"metadata", send + `"group":"g","data":1,"metadata":[]}`, "metadata: must be an object", 1007},
		{"metadata values", send + `"group":"g","data":1,"metadata":{"k":1}}`, "metadata: must have strings for values", 1007},
		{"metadata twice", send + `"group":"g","data":1,"metadata":{"k":"1","\u006b":"2"}}`, `metadata: has "k" twice`, 1007},

		{"empty group", send + `"group":"","data":1}`, "group: must not be empty or blank", 0},
		{"blank group", send + `"group":" \t\u3000","data":1}`, "group: must not be empty or blank", 0},
		{"long group", send + `"data":1,"group":"` + strings.Repeat("é", 1025) + `"}`, "group: must not have more than 1024 characters", 0},
		{"empty event", `{"type":"event","ackId":7,"event":"","data":1}`, "event: must have 1 to 128 characters", 0},
		{"long event", `{"type":"event","ackId":7,"event":"` + strings.Repeat("e", 129) + `","data":1}`, "event: must have 1 to 128 characters", 0},
		{"event with a digit in front", `{"type":"event","ackId":7,"event":"1a","data":1}`, "event: must be a letter, then letters, digits, '_', '.' or '-'", 0},
		{"event with a slash", `{"type":"event","ackId":7,"event":"a/b","data":1}`, "event: must be a letter, then letters, digits, '_', '.' or '-'", 0},
		{"ttlSeconds too large", send + `"group":"g","data":1,"ttlSeconds":301}`, "ttlSeconds: must be 0 to 300", 0},
		{"ttlSeconds far too large", send + `"group":"g","data":1,"ttlSeconds":65536}`, "ttlSeconds: must be 0 to 300", 0},
		{"stream", send + `"group":"g","stream":{"streamId":"s"}}`, "stream: streams are not served", 0},
		{"much metadata", send + `"group":"g","data":1,"metadata":{` + many + `"}}`, "metadata: must not have more than 64 entries", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r request
			refusal(t, subprotocol.JSON.Parse(&r, ws.OpText, []byte(tc.message)), tc.want, tc.close)
			if tc.close == 0 && (!r.HasAck || r.AckID != 7) {
				t.Errorf("ack id %v %d, want 7: a refusal must be answered", r.HasAck, r.AckID)
			}
		})
	}
}

func refusal(t *testing.T, err error, want string, status ws.StatusCode) {
	t.Helper()
	var fault *subprotocol.Error
	if !errors.As(err, &fault) {
		t.Fatalf("got %v, want %q", err, want)
	}
	if fault.Error() != want || fault.Close != status {
		t.Errorf("got %q, %d, want %q, %d", fault, fault.Close, want, status)
	}
	if len(fault.Error()) > 123 {
		t.Errorf("%q does not fit a close frame", fault)
	}
}

// Whatever is cut off a message, it cannot be read, and does no harm.
func TestJSONPrefixes(t *testing.T) {
	message := []byte(`{"type":"sendToGroup","group":"a\u00e9\ud83d\ude00","ackId":10,"noEcho":false,"data":[1.5e3,{"a":null}],"metadata":{"k":"v"}}`)
	var r request
	for n := range message {
		if err := subprotocol.JSON.Parse(&r, ws.OpText, message[:n:n]); err == nil {
			t.Errorf("%s was accepted", message[:n])
		}
	}
	if err := subprotocol.JSON.Parse(&r, ws.OpText, message); err != nil || string(r.Group) != "aé😀" {
		t.Errorf("got %q, %v", r.Group, err)
	}
}

func TestRefusedStreamIsNamed(t *testing.T) {
	var r request
	for name, err := range map[string]error{
		"JSON":     subprotocol.JSON.Parse(&r, ws.OpText, []byte(`{"type":"sendToGroup","group":"g","stream":{"idleTimeoutMs":1,"streamId":"s\u0031"}}`)),
		"protobuf": subprotocol.Protobuf.Parse(&r, ws.OpBinary, []byte("\x0a\x09\x0a\x01g\x3a\x04\x0a\x02s1")),
	} {
		t.Run(name, func(t *testing.T) { refusal(t, err, "stream: streams are not served", 0) })
		if string(r.Stream) != "s1" {
			t.Errorf("%s: stream %q, want s1", name, r.Stream)
		}
	}
}

func TestWrongFrames(t *testing.T) {
	var r request
	refusal(t, subprotocol.JSON.Parse(&r, ws.OpBinary, []byte(`{"type":"ping"}`)), "message: must be a text frame", 1003)
	refusal(t, subprotocol.Protobuf.Parse(&r, ws.OpText, []byte("\x4a\x00")), "message: must be a binary frame", 1003)
}

func TestSimpleRequests(t *testing.T) {
	var r request
	for _, tc := range []struct {
		op   ws.OpCode
		want payload
	}{{ws.OpText, text("{}")}, {ws.OpBinary, raw("{}")}} {
		err := subprotocol.Simple.Parse(&r, tc.op, []byte("{}"))
		if want := (request{Op: subprotocol.OpEvent, Event: group("message"), Payload: tc.want}); err != nil || !same(r, want) {
			t.Errorf("got %+v, %v, want %+v", visible(r), err, want)
		}
	}
}

// A Request that was used before shows nothing of that.
func TestRequestIsUsedAgain(t *testing.T) {
	var r request
	for _, message := range []string{
		`{"type":"sendToGroup","group":"\u0067","ackId":5,"noEcho":true,"ttlSeconds":9,"data":1,"metadata":{"a":"b"}}`,
		`{"type":"joinGroup"`,
		`{"type":"event","event":"e","dataType":"binary","data":"` + strings.Repeat("AAAA", 4000) + `"}`,
	} {
		_ = subprotocol.JSON.Parse(&r, ws.OpText, []byte(message))
		if err := subprotocol.JSON.Parse(&r, ws.OpText, []byte(`{"type":"ping"}`)); err != nil || !same(r, request{Op: subprotocol.OpPing}) {
			t.Errorf("after %.60s: %+v, %v", message, visible(r), err)
		}
	}
}

func TestPayloadCheck(t *testing.T) {
	for _, tc := range []struct {
		payload payload
		want    string
	}{
		{value(` {"a":1} `), ""},
		{value(`{"a":1} 2`), "data: goes on after its end"},
		{value(``), "data: ends too early"},
		{value("\"\xff\""), "data: is not UTF-8"},
		{text("é"), ""},
		{text("\xc3"), "data: is not UTF-8"},
		{raw("\xff"), ""},
		{packed("\x0a\x01a\x12\x01\xff\x18\x01"), ""},
		{packed("\x0a\x01\xff"), "data: is no google.protobuf.Any"},
		{packed("\x10\x01"), "data: is no google.protobuf.Any"},
		{packed("\x0a\x02a"), "data: is no google.protobuf.Any"},
	} {
		err := tc.payload.Check()
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s %q: %v", tc.payload.Type, tc.payload.Data, err)
			}
			continue
		}
		refusal(t, err, tc.want, 1007)
	}
}

func TestProtocols(t *testing.T) {
	for _, name := range subprotocol.Names() {
		p, ok := subprotocol.Lookup(name)
		if !ok || p.String() != name || p.Reliable != strings.Contains(name, ".reliable.") {
			t.Errorf("%s is %+v, %v", name, p, ok)
		}
		if binary := p.Encoding.OpCode(subprotocol.Text) == ws.OpBinary; binary != strings.HasPrefix(name, "protobuf.") {
			t.Errorf("%s has binary frames: %v", name, binary)
		}
	}
	if p, ok := subprotocol.Lookup("mqtt"); ok || p != (subprotocol.Protocol{}) || p.String() != "" {
		t.Errorf("mqtt is %+v, %v", p, ok)
	}
}
