package gateway

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller/pollertest"
)

// stage is a gateway with one hub on a scripted kernel, and clients that a test
// moves one by one.
type stage struct {
	*shard
	t       *testing.T
	rig     *pollertest.Rig
	hub     *Hub
	opened  Session // the latest
	reasons map[Session]Reason
}

// actor is a client on a stage.
type actor struct {
	Session
	peer    *pollertest.Peer
	stage   *stage
	wire    []byte
	decoder codec.Decoder
	code    ws.StatusCode // of the close frame that it has received
}

// newStage serves a hub, and another one that is called other. The clients'
// identities are what they ask for: the user in the query.
func newStage(t *testing.T, config Config, hub HubConfig) *stage {
	st := &stage{t: t, reasons: make(map[Session]Reason)}
	hub.Name, hub.Dispatch, hub.Handler = "fuzz", Inline, (*stageHandler)(st)
	hub.Authorize = func(r *Request) error {
		r.Identity.User = r.Query
		return nil
	}
	config.Hubs = []HubConfig{hub, {Name: "other"}}
	config.Timeouts.Ping = -1
	st.shard, st.rig = onRig(t, config)
	st.hub = st.gateway.Hub("fuzz")
	t.Cleanup(st.rig.End)
	return st
}

type stageHandler stage

func (h *stageHandler) Open(s Session, _ *Request)   { h.opened = s }
func (h *stageHandler) Message(s Session, m Message) { s.Send(m.Type, m.Payload) }
func (h *stageHandler) Close(s Session, r Reason)    { h.reasons[s] = r }
func (st *stage) group(name string) Group            { return st.hub.Group(name) }
func text(format string, args ...any) Publication {
	return Publication{Type: Text, Payload: fmt.Appendf(nil, format, args...)}
}
func keyed(key, format string, args ...any) (p Publication) {
	p = text(format, args...)
	p.Key = key
	return p
}

// dial connects a client of a user. Its session is plain: it does not compress.
func (st *stage) dial(user string) *actor {
	st.t.Helper()
	a := &actor{peer: st.rig.Dial(), stage: st}
	request := strings.NewReplacer("/fuzz", "/fuzz?"+user, "permessage-deflate", "none").Replace(fuzzUpgrade)
	a.peer.Write([]byte(request))
	var answer []byte
	for codec.HeadEnd(answer, 0) < 0 {
		st.rig.Settle()
		more := a.peer.Read()
		if answer = append(answer, more...); len(more) == 0 {
			break
		}
	}
	if !strings.HasPrefix(string(answer), "HTTP/1.1 101") {
		st.t.Fatalf("the upgrade is answered with %q", answer)
	}
	a.Session = st.opened
	return a
}

// members connects n clients that are members of a group.
func (st *stage) members(n int, group string) []*actor {
	st.t.Helper()
	all := make([]*actor, n)
	for i := range all {
		all[i] = st.dial("")
		st.must(st.group(group).Join(all[i].Session))
	}
	st.rig.Settle()
	return all
}

func (st *stage) must(err error) {
	st.t.Helper()
	if err != nil {
		st.t.Fatal(err)
	}
}

// deliver publishes p and returns the receipt, which Deliver would wait for.
func (st *stage) deliver(g Group, p Publication) *receipt {
	st.t.Helper()
	made, err := st.hub.encode(&p, st.hub.classOf(g.name))
	st.must(err)
	made.receipt = newReceipt()
	st.must(g.publish(made))
	made.receipt.finish() // the publisher's part
	return made.receipt
}

// reach returns what a receipt says, which must be complete.
func (st *stage) reach(r *receipt) Reach {
	st.t.Helper()
	select {
	case <-r.done:
	default:
		st.t.Error("a delivery is not finished")
	}
	return Reach{int(r.sent.Load()), int(r.dropped.Load()), int(r.closed.Load())}
}

// texts reads what was sent to the client, without letting the loop go on, and
// returns the messages.
func (a *actor) texts() []string {
	a.stage.t.Helper()
	a.wire = append(a.wire, a.peer.Read()...)
	limits := codec.Limits{Message: 1 << 24, Side: codec.Client}
	var texts []string
	for len(a.wire) > 0 {
		u, n, err := a.decoder.Next(a.wire, &limits)
		if err != nil {
			a.stage.t.Fatal(err)
		}
		a.wire = a.wire[n:]
		switch u.Opcode {
		case ws.OpText:
			texts = append(texts, string(u.Payload))
		case ws.OpClose:
			a.code, _, _ = codec.ParseClose(u.Payload)
		}
	}
	return texts
}

// all has the loop send everything that waits for the client, and returns the
// messages.
func (a *actor) all() []string {
	a.stage.t.Helper()
	var texts []string
	for {
		a.stage.rig.Settle()
		if a.peer.Unread() == 0 {
			return texts
		}
		texts = append(texts, a.texts()...)
	}
}
