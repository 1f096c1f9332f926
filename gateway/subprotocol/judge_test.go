package subprotocol_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

// envelope is a client's frame as the standard library reads it.
type envelope struct {
	Type       string
	Group      *string
	Event      *string
	AckID      *uint64
	NoEcho     *bool
	DataType   *string
	TTL        *uint64 `json:"ttlSeconds"`
	Metadata   map[string]string
	Sequence   *uint64 `json:"sequenceId"`
	Invocation *string `json:"invocationId"`
}

// FuzzJSON: what is accepted says the same to the standard library, and what is not
// JSON is not accepted.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"type":"ping"}`,
		`{"type":"joinGroup","group":"g","ackId":18446744073709551615}`,
		`{"type":"sendToGroup","group":"\ud83d\ude00","ackId":1,"noEcho":true,"dataType":"json","data":{"a":[1.5e-3,null]},"ttlSeconds":5}`,
		`{"type":"event","event":"e","dataType":"text","data":"\u0000\n","metadata":{"a":"b","c":"\""}}`,
		`{"type":"event","event":"e","dataType":"binary","data":"AP8="}`,
		`{"type":"sequenceAck","sequenceId":4,"sequenceId":5}`,
		`{"type":"invoke","invocationId":"1","target":"event","event":"e","dataType":"json","data":{}}`,
		`{"type":"cancelInvocation","invocationId":"1"}`,
		`{"type":"ping","x":[[[[[[]]]]]],"y":-0.0E+1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		if !utf8.Valid(message) {
			return
		}
		before := bytes.Clone(message)
		var r request
		err := subprotocol.JSON.Parse(&r, ws.OpText, message)
		if !bytes.Equal(message, before) {
			t.Fatalf("%q was changed to %q", before, message)
		}
		var fault *subprotocol.Error
		switch {
		case err == nil:
			compare(t, message, &r)
		case !errors.As(err, &fault) || fault.Field == "" || len(fault.Error()) > 123 || !utf8.ValidString(fault.Error()):
			t.Errorf("%q: %v", message, err)
		case !json.Valid(message) && fault.Close == 0:
			t.Errorf("%q is no JSON and was only refused", message)
		case json.Valid(message) && isSyntax(fault):
			t.Errorf("%q is JSON, and not to us: %v", message, fault)
		}
	})
}

// isSyntax reports whether an error says that a message is no JSON. To the standard
// library arrays and objects may be deeper.
func isSyntax(fault *subprotocol.Error) bool {
	for _, text := range []string{
		"ends too early", "goes on after its end", "must be a JSON value", "has a malformed number",
		"has a control character in a string", "has a malformed escape in a string", "must have strings for names",
		"lacks a colon after a name", "lacks a comma or a closing bracket",
	} {
		if fault.Text == text {
			return true
		}
	}
	return false
}

func compare(t *testing.T, message []byte, r *request) {
	t.Helper()
	// A struct's fields would match names in any case.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(message, &members); err != nil {
		t.Fatalf("%q was accepted: %v", message, err)
	}
	var e envelope
	known := make(map[string]json.RawMessage)
	for _, name := range membersOf[r.Op] {
		if member, given := members[name]; given {
			known[name] = member
		}
	}
	exact, _ := json.Marshal(known)
	if err := json.Unmarshal(exact, &e); err != nil {
		t.Fatalf("%q was accepted: %v", message, err)
	}
	want := request{Op: opOf[e.Type], HasAck: e.AckID != nil}
	want.AckID, want.Sequence = or(e.AckID), or(e.Sequence)
	want.NoEcho, want.TTL = or(e.NoEcho), uint16(or(e.TTL))
	if e.Group != nil {
		want.Group = []byte(*e.Group)
	}
	if e.Event != nil {
		want.Event = []byte(*e.Event)
	}
	if r.Op == subprotocol.OpSendToGroup || r.Op == subprotocol.OpEvent {
		want.Payload = payloadOf(t, or(e.DataType), members["data"])
	}
	if r.Op == subprotocol.OpInvoke {
		want.Payload = text("")
		if members["data"] != nil || e.DataType != nil {
			want.Payload = payloadOf(t, or(e.DataType), members["data"])
		}
	}
	if e.Invocation != nil {
		want.Invocation = []byte(*e.Invocation)
	}
	if len(r.Metadata) != len(e.Metadata) {
		t.Errorf("%q: metadata %q, want %q", message, r.Metadata, e.Metadata)
	}
	for _, entry := range r.Metadata {
		if got, given := e.Metadata[string(entry.Key)]; !given || got != string(entry.Value) {
			t.Errorf("%q: metadata %q, want %q", message, r.Metadata, e.Metadata)
		}
	}
	want.Metadata = r.Metadata
	if !same(*r, want) {
		t.Errorf("%q:\ngot  %+v\nwant %+v", message, visible(*r), want)
	}
}

var opOf = map[string]subprotocol.Op{
	"ping": subprotocol.OpPing, "joinGroup": subprotocol.OpJoinGroup, "leaveGroup": subprotocol.OpLeaveGroup,
	"sendToGroup": subprotocol.OpSendToGroup, "event": subprotocol.OpEvent, "sequenceAck": subprotocol.OpSequenceAck,
	"invoke": subprotocol.OpInvoke, "cancelInvocation": subprotocol.OpCancelInvocation,
}

var membersOf = map[subprotocol.Op][]string{
	subprotocol.OpPing:             {"type"},
	subprotocol.OpJoinGroup:        {"type", "group", "ackId"},
	subprotocol.OpLeaveGroup:       {"type", "group", "ackId"},
	subprotocol.OpSendToGroup:      {"type", "group", "ackId", "noEcho", "dataType", "ttlSeconds", "metadata"},
	subprotocol.OpEvent:            {"type", "event", "ackId", "dataType", "metadata"},
	subprotocol.OpSequenceAck:      {"type", "sequenceId"},
	subprotocol.OpInvoke:           {"type", "invocationId", "target", "event", "dataType", "metadata"},
	subprotocol.OpCancelInvocation: {"type", "invocationId"},
}

func or[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func payloadOf(t *testing.T, dataType string, data json.RawMessage) payload {
	t.Helper()
	if dataType == "" || dataType == "json" {
		return value(string(data))
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatalf("data %q was accepted as %s: %v", data, dataType, err)
	}
	if dataType == "text" {
		return text(s)
	}
	decoded, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatalf("data %q was accepted as %s: %v", data, dataType, err)
	}
	if dataType == "protobuf" {
		return packed(string(decoded))
	}
	return raw(string(decoded))
}

// FuzzJSONFrame: whatever a message has in it, what leaves is JSON in UTF-8 and says
// what the message said.
func FuzzJSONFrame(f *testing.F) {
	f.Add("g", "u", []byte("text"), "key", "value", uint64(1))
	f.Add("\xff\"", "\\\x00\u2028", []byte("\xed\xa0\x80\x1f\x7f😀 and some more bytes"), "", "\n\r\t", uint64(1<<64-1))
	f.Fuzz(func(t *testing.T, group, user string, data []byte, key, entry string, sequence uint64) {
		m := subprotocol.Message{Group: group, User: user, Payload: payload{Type: subprotocol.Text, Data: data}, Metadata: metadata(key, entry)}
		frame := subprotocol.JSON.AppendStamped(nil, m.Append(nil, subprotocol.JSON), sequence)
		var got struct {
			Group, FromUserID, Data string
			SequenceID              uint64
			Metadata                map[string]string
		}
		if err := json.Unmarshal(frame, &got); err != nil || !utf8.Valid(frame) {
			t.Fatalf("%q: %v", frame, err)
		}
		if got.Group != clean(group) || got.FromUserID != clean(user) || got.Data != clean(string(data)) || got.SequenceID != sequence || got.Metadata[clean(key)] != clean(entry) {
			t.Errorf("%q says %+v", frame, got)
		}
	})
}

// clean has one U+FFFD for each run of bytes that are not UTF-8.
func clean(s string) string { return string(bytes.ToValidUTF8([]byte(s), []byte("\ufffd"))) }
