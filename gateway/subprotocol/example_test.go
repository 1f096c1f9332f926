package subprotocol_test

import (
	"fmt"

	"github.com/gobwas/ws"
	"github.com/sluicegate/sluice/gateway/subprotocol"
)

// A message is read in one encoding and sent on in all of them.
func Example() {
	var roles subprotocol.Roles
	sender, err := roles.Permissions([]string{"webpubsub.sendToGroups.room.*"})
	if err != nil {
		fmt.Println(err)
		return
	}
	protocol, _ := subprotocol.Lookup("json.webpubsub.azure.v1")

	var r subprotocol.Request
	frame := []byte(`{"type":"sendToGroup","group":"room.1","ackId":1,"dataType":"text","data":"hello"}`)
	if err := protocol.Encoding.Parse(&r, ws.OpText, frame); err != nil {
		fmt.Println(err)
		return
	}
	ack := subprotocol.Ack{ID: r.AckID}
	if !sender.Allow(subprotocol.SendToGroup, r.Group) {
		ack.Result = subprotocol.AckForbidden
	}
	fmt.Printf("%s\n", ack.Append(nil, protocol.Encoding))

	m := subprotocol.Message{Group: string(r.Group), User: "ann", Payload: r.Payload}
	shared := m.Append(nil, subprotocol.JSON)
	fmt.Printf("%s\n", shared)

	var member subprotocol.Replay
	sequence, err := member.Add(shared, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", subprotocol.JSON.AppendStamped(nil, shared, sequence))
	fmt.Printf("%s\n", m.Append(nil, subprotocol.Simple))
	// Output:
	// {"type":"ack","ackId":1,"success":true}
	// {"type":"message","from":"group","group":"room.1","fromUserId":"ann","dataType":"text","data":"hello"}
	// {"sequenceId":1,"type":"message","from":"group","group":"room.1","fromUserId":"ann","dataType":"text","data":"hello"}
	// hello
}
