package gateway_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/sluicegate/sluice/gateway"
)

func ExampleNew() {
	g, err := gateway.New(gateway.Config{
		Listen: "127.0.0.1:0",
		Routes: []gateway.Route{{Path: "/echo", Handler: gateway.Echo(), Dispatch: gateway.Inline}},
	})
	if err != nil {
		log.Fatal(err)
	}
	go g.Serve(context.Background())
	defer g.Shutdown(context.Background())

	conn, _, _, err := ws.Dial(context.Background(), "ws://"+g.Addr().String()+"/echo")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if err := wsutil.WriteClientText(conn, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	answer, err := wsutil.ReadServerText(conn)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", answer)
	// Output: hello
}

// counter answers each message with how many its session has sent. A session
// is a key; its calls come one at a time, those of different sessions at once.
type counter struct {
	mu     sync.Mutex
	counts map[gateway.Session]int
}

func (c *counter) Open(s gateway.Session, r *gateway.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[s] = 0
}

func (c *counter) Message(s gateway.Session, m gateway.Message) {
	c.mu.Lock()
	c.counts[s]++
	count := c.counts[s]
	c.mu.Unlock()
	s.Send(gateway.Text, fmt.Appendf(nil, "%s is message %d", m.Payload, count))
}

func (c *counter) Close(s gateway.Session, r gateway.Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.counts, s)
}

// A handler with state for each session.
func ExampleHandler() {
	g, err := gateway.New(gateway.Config{
		Listen: "127.0.0.1:0",
		Routes: []gateway.Route{{Path: "/", Handler: &counter{counts: make(map[gateway.Session]int)}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	go g.Serve(context.Background())
	defer g.Shutdown(context.Background())

	conn, _, _, err := ws.Dial(context.Background(), "ws://"+g.Addr().String()+"/")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	for _, text := range []string{"tea", "coffee"} {
		wsutil.WriteClientText(conn, []byte(text))
		answer, err := wsutil.ReadServerText(conn)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", answer)
	}
	// Output:
	// tea is message 1
	// coffee is message 2
}
