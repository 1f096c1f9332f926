//go:build !race

package pubsub_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/token"
)

// TestMessagesAllocateLittle counts the allocations of the whole process for one
// message of a client to a group, until it has the answers: 8, and 2 more for an ack.
// Parsing and appending make none. It is copies of what is to outlive the read buffer,
// and a publication on its way, whose members cost nothing.
func TestMessagesAllocateLittle(t *testing.T) {
	const rounds = 200
	g := start(t, nil)
	p := g.peer(t, plainJSON, token.Client{User: "ann", Groups: []string{"g"}, Roles: everything})
	for _, test := range []struct {
		name, rest string
		answers    int
		most       float64
	}{
		{"json", `"dataType":"json","data":{"x":1.5,"name":"player one"}`, 1, 9},
		{"text", `"dataType":"text","data":"one line of chat"`, 1, 9},
		{"binary", `"dataType":"binary","data":"AAECAwQFBgcICQoLDA0ODw=="`, 1, 9},
		{"json with an ack", `"dataType":"json","data":{"x":1.5},"ackId":10NNN`, 2, 11},
		{"an ack alone", `"dataType":"json","data":{"x":1.5},"noEcho":true,"ackId":20NNN`, 1, 11},
	} {
		t.Run(test.name, func(t *testing.T) {
			var frames [][]byte // AllocsPerRun has one more run
			for i := range rounds + 2 {
				rest := strings.Replace(test.rest, "NNN", fmt.Sprintf("%03d", i), 1)
				text := `{"type":"sendToGroup","group":"g",` + rest + `}`
				frames = append(frames, gatewaytest.Masked(ws.NewTextFrame([]byte(text))))
			}
			p.Write(frames[0])
			size := 0
			for range test.answers {
				const header = 2
				size += header + len(p.Receive().Payload)
			}
			answers, next := make([]byte, size), frames[1:]
			got := testing.AllocsPerRun(rounds, func() {
				p.Write(next[0])
				next = next[1:]
				if _, err := io.ReadFull(p.Conn(), answers); err != nil {
					t.Fatal(err)
				}
			})
			if got > test.most {
				t.Errorf("%.0f allocations, want at most %.0f", got, test.most)
			}
		})
	}
}
