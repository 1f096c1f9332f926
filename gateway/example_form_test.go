package gateway_test

import (
	"context"
	"fmt"
	"log"
	"strconv"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/sluicegate/sluice/gateway"
)

// jsonForm is the form of sessions with a JSON subprotocol.
const jsonForm gateway.Form = 1

// remark is a message that clients are sent as text or in JSON.
type remark struct{ from, text string }

func (r remark) Append(dst []byte, _ gateway.Form) ([]byte, gateway.MessageType) {
	return fmt.Appendf(dst, `{"from":%q,"text":%q}`, r.from, r.text), gateway.Text
}

// counted numbers the messages of one session.
type counted struct{ number int }

func (c *counted) Append(dst []byte, m gateway.Message, _ gateway.Content) ([]byte, gateway.MessageType) {
	c.number++
	return append(append(strconv.AppendInt(dst, int64(c.number), 10), ' '), m.Payload...), m.Type
}

// One publication for clients of three subprotocols, who are decided on by an
// upstream that may take its time.
func ExampleContent() {
	opened := make(chan gateway.Session)
	hub := gateway.HubConfig{
		Name:         "chat",
		Subprotocols: []string{"json.counted", "json"},
		Decide: func(ctx context.Context, r *gateway.Request) error {
			r.Identity = gateway.Identity{User: "ana", Groups: []string{"room"}}
			r.Handler = hooks{open: func(s gateway.Session, _ *gateway.Request) { opened <- s }}
			switch r.Subprotocol {
			case "json.counted":
				r.Form, r.Encoder = jsonForm, new(counted)
			case "json":
				r.Form = jsonForm
			}
			return ctx.Err()
		},
	}
	g, err := gateway.New(gateway.Config{Listen: "127.0.0.1:0", Hubs: []gateway.HubConfig{hub}})
	if err != nil {
		log.Fatal(err)
	}
	go g.Serve(context.Background())
	defer g.Shutdown(context.Background())

	for _, protocols := range [][]string{nil, {"json"}, {"json.counted"}} {
		dialer := ws.Dialer{Protocols: protocols}
		conn, _, _, err := dialer.Dial(context.Background(), "ws://"+g.Addr().String()+gateway.HubPath("chat"))
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close()
		<-opened
		g.Hub("chat").Group("room").Publish(gateway.Publication{
			Type: gateway.Text, Payload: []byte("hello"), Content: remark{"ana", "hello"},
		})
		message, err := wsutil.ReadServerText(conn)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", message)
	}
	// Output:
	// hello
	// {"from":"ana","text":"hello"}
	// 1 {"from":"ana","text":"hello"}
}
