package subprotocol_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway/subprotocol"
)

var jsonMessages = map[string]string{
	"ping":    `{"type":"ping"}`,
	"join":    `{"type":"joinGroup","group":"room-1","ackId":12}`,
	"send":    `{"type":"sendToGroup","group":"room-1","ackId":12,"noEcho":true,"dataType":"json","data":{"x":1.5,"y":-3,"name":"player one"}}`,
	"escaped": `{"type":"sendToGroup","group":"room-1","ackId":12,"dataType":"text","data":"a \"quoted\" word\nand a line","metadata":{"trace":"1\/2"}}`,
	"bytes":   `{"type":"sendToGroup","group":"room-1","ackId":12,"dataType":"binary","data":"AAECAwQFBgcICQoLDA0ODw=="}`,
	"binary":  `{"type":"event","event":"move","ackId":12,"dataType":"binary","data":"AAECAwQFBgcICQoLDA0ODw=="}`,
	"long":    `{"type":"sendToGroup","group":"room-1","dataType":"text","data":"` + strings.Repeat("0123456789abcdef", 256) + `"}`,
}

var protobufMessages = map[string]string{
	"join":   `join_group { group: "room-1" ack_id: 12 }`,
	"send":   `send_to_group { group: "room-1" ack_id: 12 no_echo: true data { json_data: "{\"x\":1.5,\"y\":-3,\"name\":\"player one\"}" } }`,
	"binary": `event { event: "move" ack_id: 12 data { binary_data: "0123456789abcdef" } metadata { key: "trace" value: "1" } }`,
}

func BenchmarkParseJSON(b *testing.B) {
	for name, message := range jsonMessages {
		benchmarkParse(b, name, subprotocol.JSON, []byte(message))
	}
}

func BenchmarkParseProtobuf(b *testing.B) {
	for name, message := range protobufMessages {
		benchmarkParse(b, name, subprotocol.Protobuf, fromText(b, upstream, message))
	}
}

func benchmarkParse(b *testing.B, name string, e subprotocol.Encoding, message []byte) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(message)))
		var r request
		op := e.OpCode(subprotocol.Text)
		for b.Loop() {
			if err := e.Parse(&r, op, message); err != nil {
				b.Fatal(err)
			}
		}
	})
}

var encodings = map[string]subprotocol.Encoding{"json": subprotocol.JSON, "protobuf": subprotocol.Protobuf}

func BenchmarkAppendMessage(b *testing.B) {
	m := subprotocol.Message{Group: "room-1", User: "ann", Payload: text("one line of chat, as people write it")}
	for name, e := range encodings {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst = m.Append(dst[:0], e)
			}
		})
	}
}

func BenchmarkAppendStamped(b *testing.B) {
	m := subprotocol.Message{Group: "room-1", User: "ann", Payload: text("one line of chat, as people write it")}
	for name, e := range encodings {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			shared := m.Append(nil, e)
			var dst []byte
			for b.Loop() {
				dst = e.AppendStamped(dst[:0], shared, 123_456)
			}
		})
	}
}

func BenchmarkAllow(b *testing.B) {
	for name, role := range map[string]string{"general": "webpubsub.sendToGroup", "group": "webpubsub.sendToGroup.room.1", "pattern": "webpubsub.sendToGroups.room.*"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			p := permissions(b, role)
			group := []byte("room.1")
			for b.Loop() {
				if !p.Allow(send, group) {
					b.Fatal("not allowed")
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	r := recovery(b, key)
	token := r.Mint("c1", now)
	for b.Loop() {
		if err := r.Verify(token, "c1", now); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAcks is the worst case: every second of the last 2000 requests failed,
// and the client sends an old one again.
func BenchmarkAcks(b *testing.B) {
	var acks subprotocol.Acks
	for id := range uint64(1000) {
		acks.Add(2 * id)
	}
	for b.Loop() {
		if acks.Succeeded(1001) {
			b.Fatal("a request that failed has succeeded")
		}
	}
}
