package pubsub

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/subprotocol"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// client is one client of the hub: the handler of its session, or of one after the
// other if it is reliable. An idle one is kept small: what many have alike, and what
// few have, is behind pointers.
type client struct {
	// Fixed once it is let in.
	*terms
	user string

	// Guarded by mu.
	mu          sync.Mutex
	permissions subprotocol.Permissions
	acks        *subprotocol.Acks // nil: no request with an ack id has succeeded
}

// terms are what a client was let in on. Those with one encoding, of one service, are
// the same to all clients that are neither reliable nor known to an upstream.
type terms struct {
	// Fixed once a client has them.
	service  *Service
	protocol subprotocol.Protocol
	hook     *webhook.Connection // nil: there is no upstream
	lasting  *lasting            // nil: it is not reliable

	// Guarded by the lock of the client, whose own they are if it has a hook.
	farewell string // why the service has closed it
	told     bool   // that it is connected, the upstream was
}

var (
	_ gateway.Taker   = (*client)(nil)
	_ gateway.Member  = (*client)(nil)
	_ gateway.Parting = (*client)(nil)
)

// requests and buffers are used by one worker at a time.
var (
	requests = sync.Pool{New: func() any { return new(subprotocol.Request) }}
	buffers  = sync.Pool{New: func() any { return new([]byte) }}
)

// agree gives the client the terms of a protocol, which are its own only if no other
// client's can be the same.
func (c *client) agree(on subprotocol.Protocol) {
	switch {
	case c.hook != nil:
		c.protocol = on
	case on.Reliable:
		c.terms = &terms{service: c.service, protocol: on}
	default:
		c.terms = &c.service.plain[on.Encoding]
	}
}

// Open begins a session of the client. Of a recovery, the upstream is not told.
func (c *client) Open(s gateway.Session, r *gateway.Request) {
	switch {
	case c.lasting == nil:
		c.user = r.Identity.User // the session keeps these bytes too
		c.tellConnected()
	case c.lasting.id == s.ID():
		c.begin(s, r.Identity.Groups)
	default:
		c.resume(s)
	}
}

// Close ends a session of the client.
func (c *client) Close(s gateway.Session, r gateway.Reason) {
	if c.lasting != nil {
		c.detach(s, r)
		return
	}
	c.notify(webhook.Notification{Kind: webhook.Disconnected, Reason: c.ending(r)})
}

// ending is why the client's session has ended, as the upstream is told.
func (c *client) ending(r gateway.Reason) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r == gateway.ReasonClosedByHandler && c.farewell != "" {
		return c.farewell
	}
	return r.String()
}

// Joined tells the upstream of a group. Those of a reliable client are the service's.
func (c *client) Joined(_ gateway.Session, group string) {
	if c.lasting == nil {
		c.tellConnected() // it has not been opened if these are its first groups
		c.notify(webhook.Notification{Kind: webhook.Joined, Group: group})
	}
}

// Left is like Joined.
func (c *client) Left(_ gateway.Session, group string) {
	if c.lasting == nil {
		c.notify(webhook.Notification{Kind: webhook.Left, Group: group})
	}
}

// Message is never called: Take is.
func (c *client) Message(gateway.Session, gateway.Message) {}

// Take does what a message asks for.
func (c *client) Take(s gateway.Session, m gateway.Message, t gateway.Turn) {
	if c.protocol.Encoding == subprotocol.Simple {
		c.takeSimple(s, m, t)
		return
	}
	r := requests.Get().(*subprotocol.Request)
	defer requests.Put(r)
	err := c.protocol.Encoding.Parse(r, ws.OpCode(m.Type), m.Payload)
	switch fault, _ := errors.AsType[*subprotocol.Error](err); {
	case fault == nil:
		c.do(s, r, t)
	case fault.Close != 0:
		c.service.counts.malformed.Add(1)
		c.end(s, fault.Close, fault.Error())
	default:
		c.acknowledgeRequest(s, r, subprotocol.AckBadRequest, fault.Error())
	}
}

// do does what a request asks for.
func (c *client) do(s gateway.Session, r *subprotocol.Request, t gateway.Turn) {
	switch r.Op {
	case subprotocol.OpPing:
		c.send(c.now(s), subprotocol.Pong{}.Append(nil, c.protocol.Encoding)) // one may be missed
		return
	case subprotocol.OpSequenceAck:
		if c.lasting != nil {
			c.acknowledge(r.Sequence)
		}
		return
	case subprotocol.OpCancelInvocation:
		return // it waited for its turn, as all messages do: the response is on its way
	}
	switch c.judge(r) {
	case underway:
	case done:
		c.acknowledgeRequest(s, r, subprotocol.AckDuplicate, "it was done before")
	case forbidden:
		c.acknowledgeRequest(s, r, subprotocol.AckForbidden, "the client has no permission for this in group "+string(r.Group))
	default:
		c.grant(s, r, t)
	}
}

// grant does what a request asks for that the client may.
func (c *client) grant(s gateway.Session, r *subprotocol.Request, t gateway.Turn) {
	switch r.Op {
	case subprotocol.OpEvent, subprotocol.OpInvoke:
		c.ask(s, eventOf(r), t)
	case subprotocol.OpJoinGroup:
		c.enter(s, r, t)
	default:
		c.act(s, r)
	}
}

// judgment is what is to become of a request.
type judgment uint8

const (
	allowed judgment = iota
	forbidden
	// done: it was done before.
	done
	// underway: it came on a socket that the client has lost, and is being done. The ack
	// comes to the socket that the client has then.
	underway
)

// judge says what is to become of a request. One that is allowed and wants an ack is
// under way until it has that.
func (c *client) judge(r *subprotocol.Request) judgment {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.HasAck {
		switch {
		case c.acks != nil && c.acks.Succeeded(r.AckID):
			return done
		case c.lasting != nil && slices.Contains(c.lasting.underway, r.AckID):
			return underway
		}
	}
	switch r.Op {
	case subprotocol.OpSendToGroup:
		if !c.permissions.Allow(subprotocol.SendToGroup, r.Group) {
			return forbidden
		}
	case subprotocol.OpJoinGroup, subprotocol.OpLeaveGroup:
		if !c.permissions.Allow(subprotocol.JoinLeaveGroup, r.Group) {
			return forbidden
		}
	}
	if r.HasAck && c.lasting != nil {
		c.lasting.underway = append(c.lasting.underway, r.AckID)
	}
	return allowed
}

// enter makes the client a member of a group, and keeps its turn until its session's
// loop has said what came of that.
func (c *client) enter(s gateway.Session, r *subprotocol.Request, t gateway.Turn) {
	asked, id := r.HasAck, r.AckID // r is the next message's before the answer
	t.Keep()
	c.join(s, string(r.Group), func(err error) {
		defer t.End()
		switch {
		case !asked:
		case errors.Is(err, gateway.ErrTooManyGroups):
			c.acknowledgeID(s, id, subprotocol.AckBadRequest, "group: the client is in as many groups as it may be")
		case err != nil:
			c.acknowledgeID(s, id, subprotocol.AckInternalServerError, err.Error())
		default:
			c.acknowledgeID(s, id, subprotocol.AckSuccess, "")
		}
	})
}

// act does what a request asks for in a group.
func (c *client) act(s gateway.Session, r *subprotocol.Request) {
	var err error
	group := string(r.Group)
	switch r.Op {
	case subprotocol.OpLeaveGroup:
		err = c.leave(s, group)
	case subprotocol.OpSendToGroup:
		m := &subprotocol.Message{Group: group, User: c.user, Payload: r.Payload, Metadata: r.Metadata}
		err = c.publish(s, m, time.Duration(r.TTL)*time.Second, r.NoEcho)
	}
	if err != nil {
		c.acknowledgeRequest(s, r, subprotocol.AckInternalServerError, err.Error())
		return
	}
	c.acknowledgeRequest(s, r, subprotocol.AckSuccess, "")
}

// acknowledgeRequest answers a request, if it wants that.
func (c *client) acknowledgeRequest(s gateway.Session, r *subprotocol.Request, result subprotocol.AckResult, text string) {
	switch {
	case r.HasAck:
		c.acknowledgeID(s, r.AckID, result, text)
	case r.Op == subprotocol.OpInvoke:
		c.answer(s, subprotocol.InvokeResponse{Invocation: string(r.Invocation), Result: result, Text: text}.Append(nil, c.protocol.Encoding))
	case len(r.Stream) > 0:
		c.answer(s, subprotocol.StreamClosed{Stream: string(r.Stream), Result: result, Text: text}.Append(nil, c.protocol.Encoding))
	}
}

func (c *client) acknowledgeID(s gateway.Session, id uint64, result subprotocol.AckResult, text string) {
	c.settle(id, result)
	c.answer(s, subprotocol.Ack{ID: id, Result: result, Text: text}.Append(nil, c.protocol.Encoding))
	c.service.counts.acks[result].Add(1)
}

// settle notes what has become of a request with an ack id.
func (c *client) settle(id uint64, result subprotocol.AckResult) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.lasting; l != nil {
		l.underway = slices.DeleteFunc(l.underway, func(other uint64) bool { return other == id })
	}
	if result != subprotocol.AckSuccess {
		return
	}
	if c.acks == nil {
		c.acks = new(subprotocol.Acks)
	}
	c.acks.Add(id)
}

// join makes the client a member of a group, and has then called with what came of
// it, on the session's loop or before it returns: then must not block.
func (c *client) join(s gateway.Session, group string, then func(error)) {
	if c.lasting != nil {
		then(c.joinLasting(group))
		return
	}
	if err := c.service.hub.Group(group).JoinThen(s, then); err != nil {
		then(err)
	}
}

// leave ends the client's membership in a group.
func (c *client) leave(s gateway.Session, group string) error {
	if c.lasting != nil {
		return c.leaveLasting(group)
	}
	return c.service.hub.Group(group).Leave(s)
}

// leaveAll ends all memberships of the client.
func (c *client) leaveAll(s gateway.Session) error {
	if c.lasting != nil {
		return c.leaveAllLasting()
	}
	return s.LeaveAll()
}

// answer sends the client a frame that it waits for, and that no policy may drop.
func (c *client) answer(s gateway.Session, frame []byte) {
	s = c.now(s)
	closeIfBusy(s, s.SendOwed(messageType(c.protocol.Encoding, subprotocol.Text), frame))
}

// closeIfBusy closes a session whose client is not sent what it waits for, because there
// was no room: it would wait until the session ends.
func closeIfBusy(s gateway.Session, err error) {
	if errors.Is(err, gateway.ErrBusy) {
		s.Close(tryAgainLater, "the gateway is overloaded")
	}
}

// tryAgainLater is close code 1013 of the IANA registry, which gobwas/ws does not name.
const tryAgainLater ws.StatusCode = 1013

// now returns the session that a client has which had s: another one if it has come back
// since.
func (c *client) now(s gateway.Session) gateway.Session {
	if c.lasting != nil {
		return c.present()
	}
	return s
}

// send sends a frame of the client's encoding. A reliable one is closed rather than
// made to miss it: it comes back for what it has not acknowledged.
func (c *client) send(s gateway.Session, frame []byte) error {
	t := messageType(c.protocol.Encoding, subprotocol.Text)
	switch {
	case len(frame) == 0:
		return nil
	case c.lasting != nil:
		return s.SendOwed(t, frame)
	}
	return s.Send(t, frame)
}

// end tells the client why, and closes it for good.
func (c *client) end(s gateway.Session, code ws.StatusCode, reason string) {
	switch {
	case c.lasting != nil:
		s = c.finish(reason)
	case c.hook != nil:
		c.mu.Lock()
		c.farewell = reason
		c.mu.Unlock()
	}
	c.send(s, subprotocol.Disconnected{Reason: reason}.Append(nil, c.protocol.Encoding))
	s.Close(code, reason)
}

// connected is the first frame of the client with a connection id.
func (c *client) connected(id string) subprotocol.Connected {
	frame := subprotocol.Connected{Connection: id, User: c.user}
	if c.lasting != nil {
		frame.Token = c.service.recovery.Mint(id, c.service.now())
	}
	return frame
}

// tellConnected tells the upstream that the client is connected, once. By the time it
// returns that is done, whoever has done it: the client's groups come behind.
func (c *client) tellConnected() {
	if c.hook == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.told {
		c.told = true
		c.notify(webhook.Notification{Kind: webhook.Connected})
	}
}

// notify tells the upstream what has happened to the client.
func (c *client) notify(n webhook.Notification) {
	if c.hook == nil || !c.service.takes(n.Kind) {
		return
	}
	if c.service.config.Upstream.Notify(c.hook, n) != nil {
		c.service.counts.untold.Add(1)
	}
}

// refused is the handler of a client whose recovery is refused: clients understand
// that only once they are connected.
type refused struct{}

func (refused) Open(s gateway.Session, _ *gateway.Request) { refuseRecovery(s) }
func (refused) Message(gateway.Session, gateway.Message)   {}
func (refused) Close(gateway.Session, gateway.Reason)      {}

func refuseRecovery(s gateway.Session) {
	s.Close(ws.StatusPolicyViolation, "the connection cannot be recovered")
}
