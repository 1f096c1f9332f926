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

// lasting is what a reliable client has that outlives its socket.
type lasting struct {
	// Fixed.
	id string // that of its first session

	// Held while its groups, or the session that is in them, change, and until the
	// upstream and the session have been told: in that order. It comes before the
	// index's lock.
	changing sync.Mutex

	// Guarded by the index's lock.
	groups []string

	// Guarded by the client's lock.
	session  gateway.Session   // the zero Session: it has no socket
	replaced []gateway.Session // whose places others have taken, until they end
	met      bool              // it was sent the connected frame
	left     bool              // its peer has closed it for good
	over     bool              // it has ended for good
	later    bool              // more is to be sent when there may be room
	waits    uint32            // how often it was waited for
	expiry   *time.Timer       // ends the present wait; nil: it is not waited for
	underway []uint64          // ids of requests that are to be acknowledged
	replay   subprotocol.Replay
	sent     uint64 // sequence id up to which the session was sent all
}

// begin gives the client its first socket, whose session is in these groups. Whoever
// ends it meanwhile tells the upstream behind this.
func (c *client) begin(s gateway.Session, groups []string) {
	c.lasting.changing.Lock()
	defer c.lasting.changing.Unlock()
	c.service.reliable.add(c, groups)
	if _, is := c.takeUp(s); !is {
		s.Close(ws.StatusPolicyViolation, "the connection was ended when it began")
	}
	c.tellConnected()
	for _, name := range c.service.reliable.groupsOf(c) {
		c.notify(webhook.Notification{Kind: webhook.Joined, Group: name})
	}
}

// resume gives the client another socket. One that it has still is dropped.
func (c *client) resume(s gateway.Session) {
	c.lasting.changing.Lock()
	defer c.lasting.changing.Unlock()
	old, is := c.takeUp(s)
	if !is {
		c.service.counts.unrecovered.Add(1)
		refuseRecovery(s)
		return
	}
	c.service.counts.recovered.Add(1)
	old.Close(ws.StatusPolicyViolation, "the connection was taken up on another socket")
	for _, name := range c.service.reliable.groupsOf(c) {
		c.service.hub.Group(name).Join(s)
	}
}

// joinLasting makes the client, and the session that it has now, members of a group.
func (c *client) joinLasting(group string) error {
	c.lasting.changing.Lock()
	defer c.lasting.changing.Unlock()
	joined, err := c.service.reliable.join(c, group, c.service.maxGroups())
	if err != nil {
		return err
	}
	if joined {
		c.notify(webhook.Notification{Kind: webhook.Joined, Group: group})
	}
	return unlessEnded(c.service.hub.Group(group).Join(c.present()))
}

// leaveLasting ends these memberships.
func (c *client) leaveLasting(group string) error {
	c.lasting.changing.Lock()
	defer c.lasting.changing.Unlock()
	c.exit(group)
	return unlessEnded(c.service.hub.Group(group).Leave(c.present()))
}

// leaveAllLasting ends all memberships of the client and of the session that it has now,
// which has more if a loop was too busy for the end of one before.
func (c *client) leaveAllLasting() error {
	c.lasting.changing.Lock()
	defer c.lasting.changing.Unlock()
	for _, group := range c.service.reliable.groupsOf(c) {
		c.exit(group)
	}
	return unlessEnded(c.present().LeaveAll())
}

// exit ends a membership of the client, if there is one. The lock of its changes is held.
func (c *client) exit(group string) {
	if c.service.reliable.leave(c, group) {
		c.notify(webhook.Notification{Kind: webhook.Left, Group: group})
	}
}

// present returns the session that the client has now, the zero Session if none.
func (c *client) present() gateway.Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lasting.session
}

// maxReplaced is how many places beyond the limits a client may have, while sockets that
// it had look open still: whoever answers no close keeps each for some seconds.
const maxReplaced = 4

// replaceable returns the session whose place a new socket of the client's takes, the
// zero Session if it needs one within the limits. Each is replaced once.
func (c *client) replaceable() gateway.Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lasting
	if l.session == (gateway.Session{}) || len(l.replaced) == maxReplaced || slices.Contains(l.replaced, l.session) {
		return gateway.Session{}
	}
	l.replaced = append(l.replaced, l.session)
	return l.session
}

// takeUp sends a new socket what the client has not acknowledged. It reports false for
// a client that has ended.
func (c *client) takeUp(s gateway.Session) (old gateway.Session, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lasting
	if l.over {
		return old, false
	}
	old, l.session, l.sent, l.left = l.session, s, 0, false
	c.waitNoMore()
	c.meet()
	c.dropExpired()
	c.flush()
	return old, true
}

// meet sends the client the connected frame, which comes before all messages, and
// reports whether it was sent. The client's lock is held.
func (c *client) meet() bool {
	if l := c.lasting; !l.met {
		l.met = c.sendKept(c.connected(l.id).Append(nil, c.protocol.Encoding))
	}
	return c.lasting.met
}

// PeerCloses notes that the client leaves for good, which 1000 says (RFC 6455 §7.4.1).
// Whoever means to come back closes with another code, or with none.
func (c *client) PeerCloses(s gateway.Session, code ws.StatusCode) {
	if c.lasting == nil || code != ws.StatusNormalClosure {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lasting.session == s {
		c.lasting.left = true
	}
}

// detach notes that a socket is gone. If it was the client's present one, the client
// is waited for, or ends.
func (c *client) detach(s gateway.Session, reason gateway.Reason) {
	c.mu.Lock()
	l := c.lasting
	l.replaced = slices.DeleteFunc(l.replaced, func(other gateway.Session) bool { return other == s })
	present := l.session == s
	ends := present && (l.left || reason == gateway.ReasonShutdown || c.service.crowded()) && c.conclude()
	if present && !l.over {
		l.session = gateway.Session{}
		c.wait()
	}
	c.mu.Unlock()
	if ends {
		c.depart(reason.String())
	}
}

// wait gives the client its time to come back. Its lock is held.
func (c *client) wait() {
	l := c.lasting
	l.waits++
	wait := l.waits
	l.expiry = time.AfterFunc(c.service.config.Retention, func() { c.expire(wait) })
	c.service.counts.detached.Add(1)
}

// expire ends a client that has not come back, unless it has, and is gone again.
func (c *client) expire(wait uint32) {
	c.mu.Lock()
	ends := c.lasting.expiry != nil && c.lasting.waits == wait && c.conclude()
	c.mu.Unlock()
	if ends {
		c.service.counts.expired.Add(1)
		c.depart("the connection was not recovered in time")
	}
}

// waitNoMore ends the wait for a client. Its lock is held.
func (c *client) waitNoMore() {
	if l := c.lasting; l.expiry != nil {
		l.expiry.Stop()
		l.expiry = nil
		c.service.counts.detached.Add(-1)
	}
}

// finish ends the client for good, once. It returns the session that the client has,
// which it does not close: from now on there is no other.
func (c *client) finish(reason string) gateway.Session {
	c.mu.Lock()
	s, ends := c.lasting.session, c.conclude()
	c.mu.Unlock()
	if ends {
		c.depart(reason)
	}
	return s
}

// conclude has the client be over, and reports whether it was not before. Its lock is
// held, under which whoever ends it has seen why.
func (c *client) conclude() bool {
	l := c.lasting
	if l.over {
		return false
	}
	l.over = true
	c.waitNoMore()
	c.service.counts.keep(-l.replay.Len(), -l.replay.Bytes())
	l.replay = subprotocol.Replay{}
	return true
}

// depart takes a client that is over out of the index, and tells the upstream.
func (c *client) depart(reason string) {
	c.lasting.changing.Lock()
	defer c.lasting.changing.Unlock()
	for _, name := range c.service.reliable.remove(c) {
		c.notify(webhook.Notification{Kind: webhook.Left, Group: name})
	}
	c.notify(webhook.Notification{Kind: webhook.Disconnected, Reason: reason})
}

// deliver numbers a message and keeps it, and sends it if there is a socket. It
// borrows p for good, and reports false if the client has left too much
// unacknowledged. Expires is on the service's clock; 0: never.
func (c *client) deliver(p []byte, expires time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lasting
	if l.over {
		return true
	}
	c.dropExpired()
	number, err := l.replay.Add(p, expires)
	if err != nil {
		return false
	}
	c.service.counts.keep(1, len(p))
	if l.sent == number-1 {
		c.sendStamped(number, p)
	} else {
		c.flush()
	}
	return true
}

// dropExpired lets go of what the present session was not sent in time. The client's
// lock is held.
func (c *client) dropExpired() {
	l := c.lasting
	bytes := l.replay.Bytes()
	if n := l.replay.Expire(c.service.clock(), l.sent); n > 0 {
		c.service.counts.lapsed.Add(uint64(n))
		c.service.counts.keep(-n, l.replay.Bytes()-bytes)
	}
}

// overrun ends a client that has left too much unacknowledged.
func (c *client) overrun() {
	c.service.counts.overran.Add(1)
	c.end(gateway.Session{}, ws.StatusPolicyViolation, subprotocol.ErrReplayFull.Error())
}

// flush sends what is kept and was not sent on this session: half of what may wait for
// it, and more when that has left. Who was long away is not a slow client. The client's
// lock is held.
func (c *client) flush() {
	l, limits := c.lasting, c.service.gateway.Limits()
	if l.later {
		return
	}
	messages, bytes := 0, 0
	for number, p := range l.replay.All() {
		if number <= l.sent {
			continue
		}
		if messages++; messages > 1 && (messages > limits.OutboundMessages/2 || bytes+len(p) > limits.Outbound/2) {
			c.tryLater(0)
			return
		}
		if bytes += len(p); !c.sendStamped(number, p) {
			return
		}
	}
}

// sendStamped sends a message with its number, if there is a socket and room on its
// loop. The client's lock is held.
func (c *client) sendStamped(number uint64, p []byte) bool {
	l := c.lasting
	if l.session == (gateway.Session{}) || !c.meet() {
		return false
	}
	frame := buffers.Get().(*[]byte)
	defer buffers.Put(frame)
	*frame = c.protocol.Encoding.AppendStamped((*frame)[:0], p, number)
	if !c.sendKept(*frame) {
		return false
	}
	l.sent = number
	return true
}

// busyPause is how long a client waits for whom there was no room.
const busyPause = 200 * time.Millisecond

// tryLater has the client sent more after a pause. Its lock is held.
func (c *client) tryLater(pause time.Duration) {
	if l := c.lasting; !l.later {
		l.later = true
		time.AfterFunc(pause, c.catchUp)
	}
}

// sendKept sends a frame that is made again if there is no room for it now: perhaps
// nobody publishes to the client any more, nor it acknowledges anything. The client's
// lock is held.
func (c *client) sendKept(frame []byte) bool {
	err := c.send(c.lasting.session, frame)
	if errors.Is(err, gateway.ErrBusy) {
		c.tryLater(busyPause)
	}
	return err == nil
}

// catchUp sends what there was no room for, unless the client is still to read what it
// was sent before. It runs on a goroutine of its own.
func (c *client) catchUp() {
	info, err := c.present().Info(c.service.ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lasting.later = false
	switch {
	case c.lasting.over:
	case err == nil && (info.QueuedMessages > 0 || info.QueuedBytes > c.service.gateway.Limits().Outbound/4):
		c.tryLater(busyPause)
	case c.meet():
		c.dropExpired()
		c.flush()
	}
}

// acknowledge lets go of messages. What was not given yet is still to be sent.
func (c *client) acknowledge(sequence uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lasting
	messages, bytes := l.replay.Len(), l.replay.Bytes()
	if !l.replay.Ack(sequence) {
		return
	}
	c.service.counts.keep(l.replay.Len()-messages, l.replay.Bytes()-bytes)
	l.sent = max(l.sent, sequence) // what it has, it need not be sent
	c.flush()
}
