package gateway_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// diary is a handler of one session: it counts without a lock, for its calls never
// overlap.
type diary struct {
	name    string
	entries int
	ended   chan string
}

func (d *diary) note(s gateway.Session, what string) {
	d.entries++
	s.Send(gateway.Text, fmt.Appendf(nil, "%s %d: %s", d.name, d.entries, what))
}

func (d *diary) Open(s gateway.Session, r *gateway.Request)   { d.note(s, "opened "+r.Query) }
func (d *diary) Message(s gateway.Session, m gateway.Message) { d.note(s, string(m.Payload)) }
func (d *diary) Close(_ gateway.Session, r gateway.Reason)    { d.ended <- d.name + " " + r.String() }
func (d *diary) give(r *gateway.Request) error {
	r.Handler = &diary{name: r.Query, ended: d.ended}
	return nil
}
func (d *diary) decide(_ context.Context, r *gateway.Request) error { return d.give(r) }

// TestSessionsWithHandlersOfTheirOwn has them on a route whose own handler takes
// messages only.
func TestSessionsWithHandlersOfTheirOwn(t *testing.T) {
	onDispatches(t, func(t *testing.T, config gateway.Config, d gateway.Dispatch) {
		book := &diary{ended: make(chan string, 4)}
		config.Routes = []gateway.Route{
			{Path: "/authorized", Handler: gateway.Echo(), Dispatch: d, Authorize: book.give},
			{Path: "/decided", Handler: gateway.Echo(), Dispatch: d, Decide: book.decide},
			{Path: "/", Handler: gateway.Echo(), Dispatch: d},
		}
		n := gatewaytest.Start(t, config)
		plain := n.Dial(t, "/")
		for _, path := range []string{"/authorized", "/decided"} {
			ann, bob := n.Dial(t, path+"?ann"), n.Dial(t, path+"?bob")
			for name, c := range map[string]*gatewaytest.Client{"ann": ann, "bob": bob} {
				c.ExpectText(name + " 1: opened " + name)
				for i := 2; i < 5; i++ {
					c.SendText("dear diary")
					c.ExpectText(fmt.Sprintf("%s %d: dear diary", name, i))
				}
			}
			for name, c := range map[string]*gatewaytest.Client{"ann": ann, "bob": bob} {
				c.Close()
				if got, want := <-book.ended, name+" peer_gone"; got != want {
					t.Errorf("the handler has heard %q, want %q", got, want)
				}
			}
		}
		plain.SendText("hello")
		plain.ExpectText("hello")
	})
}
