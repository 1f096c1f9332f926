package subprotocol_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/gateway/subprotocol"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	_ "google.golang.org/protobuf/types/known/anypb" // which the messages refer to
)

// messages are the published ones, one line each: name number type, with ? for what
// is optional and | for a member of the message's oneof.
const messages = `
UpstreamMessage: send_to_group 1 .SendToGroup |, event 5 .Event |, join_group 6 .JoinGroup |, leave_group 7 .LeaveGroup |, sequence_ack 8 .SequenceAck |, ping 9 .Ping |
SendToGroup: group 1 string, ack_id 2 uint64 ?, data 3 .MessageData, no_echo 4 bool ?, ttl_seconds 5 uint32 ?, metadata 6 .Entry *, stream 7 .Stream
Event: event 1 string, data 2 .MessageData, ack_id 3 uint64 ?, metadata 4 .Entry *, stream 5 .Stream
JoinGroup: group 1 string, ack_id 2 uint64 ?
LeaveGroup: group 1 string, ack_id 2 uint64 ?
SequenceAck: sequence_id 1 uint64
Ping:
Stream: stream_id 1 string
MessageData: text_data 1 string |, binary_data 2 bytes |, protobuf_data 3 .google.protobuf.Any |, json_data 4 string |
Entry: key 1 string, value 2 string
DownstreamMessage: ack 1 .Ack |, data 2 .Data |, system 3 .System |, pong 4 .Ping |, stream_closed 8 .StreamClosed |
StreamClosed: stream_id 1 string, error 2 .Fault
Ack: ack_id 1 uint64, success 2 bool, error 3 .Fault
Fault: name 1 string, message 2 string
Data: from 1 string, group 2 string ?, data 3 .MessageData, sequence_id 4 uint64 ?, metadata 5 .Entry *
System: connected 1 .Connected |, disconnected 2 .Disconnected |
Connected: connection_id 1 string, user_id 2 string, reconnection_token 3 string
Disconnected: reason 2 string
`

var (
	upstream   = descriptor("UpstreamMessage")
	downstream = descriptor("DownstreamMessage")
)

// descriptor makes of the messages above what Go's own protobuf can read and write.
// A map has the bytes of a list of entries.
func descriptor(name protoreflect.Name) protoreflect.MessageDescriptor {
	file := &descriptorpb.FileDescriptorProto{Name: proto.String("webpubsub.proto"), Syntax: proto.String("proto3"), Dependency: []string{"google/protobuf/any.proto"}}
	for line := range strings.Lines(strings.TrimSpace(messages)) {
		name, list, _ := strings.Cut(strings.TrimSpace(line), ":")
		message := &descriptorpb.DescriptorProto{Name: &name}
		if strings.Contains(list, "|") {
			message.OneofDecl = []*descriptorpb.OneofDescriptorProto{{Name: proto.String("one")}}
		}
		for definition := range strings.SplitSeq(list, ",") {
			if definition != "" {
				message.Field = append(message.Field, fieldOf(message, strings.Fields(definition)))
			}
		}
		file.MessageType = append(file.MessageType, message)
	}
	built, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		panic(err)
	}
	return built.Messages().ByName(name)
}

func fieldOf(message *descriptorpb.DescriptorProto, words []string) *descriptorpb.FieldDescriptorProto {
	var f descriptorpb.FieldDescriptorProto
	kind := "type: TYPE_" + strings.ToUpper(words[2])
	if strings.HasPrefix(words[2], ".") {
		kind = `type: TYPE_MESSAGE type_name: "` + words[2] + `"`
	}
	label := " label: LABEL_OPTIONAL"
	switch words[len(words)-1] {
	case "*":
		label = " label: LABEL_REPEATED"
	case "|":
		label += " oneof_index: 0"
	case "?":
		one := "_" + words[0]
		message.OneofDecl = append(message.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: &one})
		f.OneofIndex = proto.Int32(int32(len(message.OneofDecl) - 1))
		f.Proto3Optional = proto.Bool(true)
	}
	read := prototext.UnmarshalOptions{}
	var rest descriptorpb.FieldDescriptorProto
	if err := read.Unmarshal([]byte(`name: "`+words[0]+`" number: `+words[1]+" "+kind+label), &rest); err != nil {
		panic(err)
	}
	proto.Merge(&f, &rest)
	return &f
}

func fromText(t testing.TB, of protoreflect.MessageDescriptor, text string) []byte {
	t.Helper()
	m := dynamicpb.NewMessage(of)
	if err := prototext.Unmarshal([]byte(text), m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	all, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDownlinkProtobuf(t *testing.T) {
	for _, tc := range downlinks {
		t.Run(tc.name, func(t *testing.T) {
			frame := tc.frame.Append([]byte("before"), subprotocol.Protobuf)
			rest, kept := bytes.CutPrefix(frame, []byte("before"))
			got, want := dynamicpb.NewMessage(downstream), dynamicpb.NewMessage(downstream)
			if err := proto.Unmarshal(rest, got); err != nil || !kept {
				t.Fatalf("%q: %v", frame, err)
			}
			if err := prototext.Unmarshal([]byte(tc.protobuf), want); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

// Lengths of one, two and three bytes, before and after the stamp.
func TestDownlinkProtobufLengths(t *testing.T) {
	for _, size := range []int{0, 100, 110, 118, 127, 128, 300, 16_360, 16_370, 16_383, 16_384, 70_000} {
		m := subprotocol.Message{Payload: raw(strings.Repeat("x", size))}
		shared := m.Append(nil, subprotocol.Protobuf)
		for _, sequence := range []uint64{1, 1000, 1<<64 - 1} {
			frame := subprotocol.Protobuf.AppendStamped(nil, shared, sequence)
			got := dynamicpb.NewMessage(downstream)
			if err := proto.Unmarshal(frame, got); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			data := got.Get(downstream.Fields().ByName("data")).Message()
			fields := data.Descriptor().Fields()
			inner := data.Get(fields.ByName("data")).Message()
			if n := len(inner.Get(inner.Descriptor().Fields().ByName("binary_data")).Bytes()); n != size || data.Get(fields.ByName("sequence_id")).Uint() != sequence {
				t.Errorf("%d bytes, sequence %d: %d bytes in %v", size, sequence, n, fields)
			}
		}
	}
}

func TestProtobufRequests(t *testing.T) {
	for _, tc := range []struct {
		message string
		want    request
	}{
		{`ping {}`, request{Op: subprotocol.OpPing}},
		{`join_group { group: "g" ack_id: 0 }`, request{Op: subprotocol.OpJoinGroup, Group: group("g"), HasAck: true}},
		{`leave_group { group: "é" }`, request{Op: subprotocol.OpLeaveGroup, Group: group("é")}},
		{`sequence_ack { sequence_id: 300 }`, request{Op: subprotocol.OpSequenceAck, Sequence: 300}},
		{`send_to_group { group: "g" ack_id: 18446744073709551615 no_echo: true ttl_seconds: 300 data { text_data: "" } }`,
			request{Op: subprotocol.OpSendToGroup, Group: group("g"), HasAck: true, AckID: 1<<64 - 1, NoEcho: true, TTL: 300, Payload: text("")}},
		{`send_to_group { group: "g" data { json_data: "{\"a\":1}" } metadata { key: "a" value: "b" } metadata { key: "c" } }`,
			request{Op: subprotocol.OpSendToGroup, Group: group("g"), Payload: value(`{"a":1}`), Metadata: metadata("a", "b", "c", "")}},
		{`event { event: "e" ack_id: 4 data { binary_data: "\x00\xff" } metadata { key: "k" value: "v" } }`,
			request{Op: subprotocol.OpEvent, Event: group("e"), HasAck: true, AckID: 4, Payload: raw("\x00\xff"), Metadata: metadata("k", "v")}},
		{`event { event: "e" data { protobuf_data { type_url: "a" } } }`, request{Op: subprotocol.OpEvent, Event: group("e"), Payload: packed("\x0a\x01a")}},
	} {
		t.Run(tc.message, func(t *testing.T) {
			var r request
			if err := subprotocol.Protobuf.Parse(&r, ws.OpBinary, fromText(t, upstream, tc.message)); err != nil {
				t.Fatal(err)
			}
			// An empty metadata value is not on the wire.
			for i := range r.Metadata {
				r.Metadata[i].Value = append([]byte{}, r.Metadata[i].Value...)
			}
			if !same(r, tc.want) {
				t.Errorf("got  %+v\nwant %+v", visible(r), tc.want)
			}
		})
	}
}

func TestProtobufRefusals(t *testing.T) {
	entries := ""
	for i := range 65 {
		entries += `metadata { key: "` + strings.Repeat("k", i) + `" } `
	}
	of := func(text string) string { return string(fromText(t, upstream, text)) }
	for _, tc := range []struct {
		name, message, want string
		close               ws.StatusCode
	}{
		{"empty", "", "type: is missing", 1007},
		{"no protobuf", "\xff", "message: is no protobuf message", 1007},
		{"cut", "\x32\x05\x0a", "message: is no protobuf message", 1007},
		{"cut inside", "\x32\x02\x0a\x05", "message: is no protobuf message", 1007},
		{"end of a group", "\x0c", "message: is no protobuf message", 1007},
		{"unknown", "\x52\x00", "type: is not served", 1007},
		{"stream data", "\x6a\x00", "type: is not served", 1007},
		{"two", of(`ping {}`) + of(`ping {}`), "type: is given twice", 1007},
		{"no message", "\x48\x01", "type: must be a message", 1007},
		{"group of no string", "\x32\x02\x08\x01", "group: must be a string of UTF-8", 1007},
		{"group of no UTF-8", "\x32\x03\x0a\x01\xff", "group: must be a string of UTF-8", 1007},
		{"ack id", "\x32\x05\x0a\x01g\x12\x00", "ackId: must be an integer", 1007},
		{"no data", of(`send_to_group { group: "g" }`), "data: is missing", 1007},
		{"empty data", of(`event { event: "e" data {} }`), "data: is missing", 1007},
		{"data of no message", "\x2a\x05\x0a\x01e\x10\x01", "data: must be a message", 1007},
		{"text of no bytes", "\x2a\x07\x0a\x01e\x12\x02\x08\x01", "data: must be a string, bytes or a message", 1007},
		{"text of no UTF-8", "\x2a\x08\x0a\x01e\x12\x03\x0a\x01\xff", "data: is not UTF-8", 1007},
		{"broken json", of(`event { event: "e" data { json_data: "{" } }`), "data: ends too early", 1007},
		{"broken any", "\x2a\x08\x0a\x01e\x12\x03\x1a\x01\xff", "data: is no google.protobuf.Any", 1007},
		{"metadata", "\x2a\x07\x0a\x01e\x22\x02\x0a\x05", "message: is no protobuf message", 1007},
		{"metadata of no UTF-8", "\x2a\x08\x0a\x01e\x22\x03\x0a\x01\xff", "metadata: must be a string of UTF-8", 1007},
		{"metadata of no message", "\x2a\x05\x0a\x01e\x20\x01", "metadata: must be a message", 1007},
		{"broken data", "\x2a\x07\x0a\x01e\x12\x02\x0a\x05", "message: is no protobuf message", 1007},
		{"metadata twice", of(`event { event: "e" metadata { key: "k" } metadata { key: "k" } data { text_data: "" } }`), `metadata: has "k" twice`, 1007},

		{"no group", of(`join_group { ack_id: 7 }`), "group: must not be empty or blank", 0},
		{"event", of(`event { event: "/" ack_id: 7 data { text_data: "" } }`), "event: must be a letter, then letters, digits, '_', '.' or '-'", 0},
		{"ttlSeconds", of(`send_to_group { group: "g" ack_id: 7 ttl_seconds: 301 data { text_data: "" } }`), "ttlSeconds: must be 0 to 300", 0},
		{"stream", of(`send_to_group { group: "g" ack_id: 7 stream { stream_id: "s" } }`), "stream: streams are not served", 0},
		{"much metadata", of(`event { event: "e" ack_id: 7 data { text_data: "" } ` + entries + `}`), "metadata: must not have more than 64 entries", 0},
		{"stream of no message", "\x0a\x05\x0a\x01g\x38\x01", "stream: must be a message", 1007},
		{"stream of no UTF-8", "\x0a\x08\x0a\x01g\x3a\x03\x0a\x01\xff", "stream: must be a string of UTF-8", 1007},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r request
			refusal(t, subprotocol.Protobuf.Parse(&r, ws.OpBinary, []byte(tc.message)), tc.want, tc.close)
			if tc.close == 0 && (!r.HasAck || r.AckID != 7) {
				t.Errorf("ack id %v %d, want 7: a refusal must be answered", r.HasAck, r.AckID)
			}
		})
	}
}

// FuzzProtobuf: what is accepted says the same to Go's own protobuf.
func FuzzProtobuf(f *testing.F) {
	for _, text := range []string{
		`ping {}`, `join_group { group: "g" ack_id: 1 }`, `sequence_ack { sequence_id: 300 }`,
		`send_to_group { group: "g" ack_id: 2 no_echo: true ttl_seconds: 3 data { json_data: "[1]" } metadata { key: "a" value: "b" } }`,
		`event { event: "e" data { protobuf_data { type_url: "a" value: "b" } } }`,
	} {
		f.Add(fromText(f, upstream, text))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		var r request
		if subprotocol.Protobuf.Parse(&r, ws.OpBinary, message) != nil {
			return
		}
		m := dynamicpb.NewMessage(upstream)
		if err := proto.Unmarshal(message, m); err != nil {
			t.Fatalf("%x was accepted: %v", message, err)
		}
		m.Range(func(_ protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			op := v.Message()
			fields := op.Descriptor().Fields()
			for name, got := range map[protoreflect.Name][]byte{"group": r.Group, "event": r.Event} {
				if f := fields.ByName(name); f != nil && op.Get(f).String() != string(got) {
					t.Errorf("%x: %s %q, want %v", message, name, got, op)
				}
			}
			for name, got := range map[protoreflect.Name]uint64{"ack_id": r.AckID, "sequence_id": r.Sequence} {
				if f := fields.ByName(name); f != nil && op.Get(f).Uint() != got {
					t.Errorf("%x: %s %d, want %v", message, name, got, op)
				}
			}
			return true
		})
	})
}
