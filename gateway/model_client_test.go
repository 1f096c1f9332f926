package gateway

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller/pollertest"
)

// modelClient is one client and what its session is owed.
type modelClient struct {
	number  int
	user    string
	peer    *pollertest.Peer
	session Session
	groups  map[string]bool
	life    modelLife
	ended   bool // the handler was told so
	reason  Reason

	owed        []owed      // since the last checkpoint
	at          map[int]int // in owed, by the message's id
	unread      int         // bytes of it that were not read, at most
	unreadCount int
	pongs       int  // bytes of them, at most
	overdue     bool // too much was unread with the latest message
	overloaded  bool // or with one before
	queueing    bool // the queue may be in use: a kernel that has some room may not say so
	dropped     uint64

	stopped bool
	wire    []byte
	decoder codec.Decoder
	last    map[string]int // message received, by stream
	closed  bool           // a close frame was received
	hungUp  bool
}

// owed is a message that a session is owed.
type owed struct {
	*modelMessage
	received    bool
	mayDrop     bool // the queue may have been full while it waited
	mayConflate bool // or have been in use
}

// modelLife is what the model knows of a session's end.
type modelLife uint8

const (
	living modelLife = iota
	// closing4000: the program has closed it. It gets what came before.
	closing4000
	// doomed: it may miss anything.
	doomed
)

// dial connects a client and checks whether it is let in.
func (w *modelWorld) dial() {
	w.rig.Settle()
	served := w.served(func(*modelClient) bool { return true })
	if len(served) >= w.peak {
		return
	}
	number := len(w.clients)
	c := &modelClient{number: number, user: w.user(), groups: map[string]bool{}, at: map[int]int{}, last: map[string]int{}}
	w.clients = append(w.clients, c)
	for range w.IntN(3) {
		c.groups[w.groups[w.IntN(len(w.groups))]] = true
	}
	full := w.full(c)
	w.deeds++
	c.peer = w.rig.Dial()
	request := strings.Replace(fuzzUpgrade, "/fuzz", "/model?"+strconv.Itoa(number), 1)
	if w.IntN(2) == 0 {
		request = strings.Replace(request, "permessage-deflate", "nothing", 1)
	}
	c.peer.Write([]byte(request))
	w.rig.Settle()
	answer := string(c.peer.Read())
	refused := strings.HasPrefix(answer, "HTTP/1.1 503")
	// A session may have ended while this one began.
	if !refused && (!strings.HasPrefix(answer, "HTTP/1.1 101") || full && w.full(c)) || refused && !full {
		w.t.Fatalf("deed %d: full: %v; the answer is %q", w.deeds, full, answer)
	}
	if refused {
		w.clients = w.clients[:number]
		c.peer.Close()
		w.rig.Settle()
	}
	if !refused && (c.session == Session{} || c.ended) {
		w.t.Fatalf("deed %d: the handler has not heard of session %d", w.deeds, number)
	}
}

// full reports whether the others leave no place for a client.
func (w *modelWorld) full(one *modelClient) bool {
	inHub := w.count(func(c *modelClient) bool { return c != one })
	ofUser := w.count(func(c *modelClient) bool { return c != one && c.user == one.user })
	limits, hub := w.config.Limits, w.config.Hubs[0]
	exceeded := func(n, limit int) bool { return limit > 0 && n >= limit }
	return exceeded(inHub, limits.Sessions) || exceeded(inHub, hub.Sessions) || exceeded(ofUser, hub.SessionsPerUser)
}

// count returns how many of those whose session has not ended fit, less one
// who has no session yet.
func (w *modelWorld) count(fits func(*modelClient) bool) int {
	n := 0
	for _, c := range w.clients {
		if !c.ended && c.peer != nil && fits(c) {
			n++
		}
	}
	return n
}

// authorize gives a client the identity that the model has for it.
func (w *modelWorld) authorize(r *Request) error {
	number, err := strconv.Atoi(r.Query)
	if err != nil {
		return err
	}
	c := w.clients[number]
	r.Identity.User = c.user
	for name := range c.groups {
		r.Identity.Groups = append(r.Identity.Groups, name)
	}
	if number%2 == 1 {
		r.Identity.Metadata = map[string]string{"parity": "odd"}
	}
	return nil
}

// modelHandler is the program of the round's hub.
type modelHandler modelWorld

func (h *modelHandler) Open(s Session, r *Request) {
	number, _ := strconv.Atoi(r.Query)
	h.clients[number].session = s
}

func (h *modelHandler) Message(Session, Message) { (*modelWorld)(h).tell() }

func (h *modelHandler) Close(s Session, r Reason) {
	w := (*modelWorld)(h)
	for _, c := range w.clients {
		if c.session != s {
			continue
		}
		if c.ended {
			w.t.Errorf("deed %d: client %d ends twice", w.deeds, c.number)
		}
		c.ended, c.reason = true, r
		clear(c.groups)
		switch {
		case r == ReasonSlowConsumer && c.overloaded:
			w.slowEnds++
			c.life = doomed
		case c.life == living || c.life == closing4000 && r != ReasonClosedByHandler:
			w.t.Errorf("deed %d: client %d ends with %v; %d bytes and %d messages are unread", w.deeds, c.number, r, c.unread, c.unreadCount)
			c.life = doomed
		}
	}
}

// leave ends memberships.
func (c *modelClient) leave(names ...string) {
	if c.life != living {
		return
	}
	for _, name := range names {
		delete(c.groups, name)
	}
}

// write sends a frame.
func (c *modelClient) write(w *modelWorld, op ws.OpCode, payload []byte) {
	if c.ended || c.hungUp {
		return
	}
	if op == ws.OpPing {
		c.pongs += 2 + len(payload)
	}
	if _, err := c.peer.Write(codec.AppendMaskedFrame(nil, op, payload, [4]byte{1, 2, 3, 4})); err != nil && err != syscall.EAGAIN && c.life != doomed {
		w.t.Errorf("deed %d: client %d cannot write: %v", w.deeds, c.number, err)
	}
}

// read reads at most n bytes, unless the client has stopped.
func (c *modelClient) read(w *modelWorld, n int) (some bool) {
	if c.stopped || c.hungUp {
		return false
	}
	data := c.peer.ReadN(n)
	c.wire = append(c.wire, data...)
	limits := codec.Limits{Message: 1 << 24, Side: codec.Client, Compression: true}
	for len(c.wire) > 0 {
		unit, used, err := c.decoder.Next(c.wire, &limits)
		if err != nil {
			w.t.Fatalf("deed %d: client %d must refuse what it was sent: %v", w.deeds, c.number, err)
		}
		c.wire = c.wire[used:]
		if unit.Complete() {
			c.take(w, unit)
		}
	}
	if c.peer.AtEOF() || c.peer.WasReset() {
		c.hungUp = true
		c.peer.Close()
	}
	return len(data) > 0
}

// take notes what the client has received.
func (c *modelClient) take(w *modelWorld, u codec.Unit) {
	if c.closed {
		w.t.Errorf("deed %d: client %d receives something after its close frame", w.deeds, c.number)
	}
	switch u.Opcode {
	case ws.OpPong: // not every ping is answered while the client does not read
	case ws.OpClose:
		c.closed = true
		c.peer.Write(codec.AppendMaskedFrame(nil, ws.OpClose, u.Payload, [4]byte{1, 2, 3, 4}))
	default:
		payload := u.Payload
		if u.Compressed {
			var err error
			if payload, err = codec.Inflate(nil, payload, 1<<24); err != nil {
				w.t.Fatal(err)
			}
		}
		c.receive(w, payload)
	}
}

func (c *modelClient) receive(w *modelWorld, payload []byte) {
	id, err := strconv.Atoi(string(payload[:8]))
	at, isOwed := c.at[id]
	if err != nil || !isOwed {
		w.t.Errorf("deed %d: client %d receives %.20q, which it is not owed", w.deeds, c.number, payload)
		return
	}
	o := &c.owed[at]
	switch {
	case o.received:
		w.t.Errorf("deed %d: client %d receives message %d of %s twice", w.deeds, c.number, id, o.stream)
	case c.last[o.stream] > id:
		w.t.Errorf("deed %d: client %d receives message %d of %s after %d", w.deeds, c.number, id, o.stream, c.last[o.stream])
	case codec.Encode(ws.OpText, payload).Len() != o.size:
		w.t.Errorf("deed %d: client %d receives message %d damaged", w.deeds, c.number, id)
	}
	c.last[o.stream] = id
	o.received = true
	c.unread -= o.size
	c.unreadCount--
	c.queueing = c.queueing && c.unread > 0
}

// settle closes the account of what was owed, once everything was read.
func (c *modelClient) settle(w *modelWorld) {
	latest := map[string]int{}
	for i, o := range c.owed {
		latest[o.stream+"\x00"+o.key] = i
	}
	var lost uint64
	for i, o := range c.owed {
		book := w.book(o.class)
		switch {
		case c.life == doomed && !o.received:
			book.unknown++
			continue
		case o.received:
			book.offered++
			book.received++
			continue
		}
		book.offered++
		book.dropped++
		lost++
		may := o.mayDrop && (o.policy == DropNewest || o.policy == DropOldest) ||
			o.policy == Conflate && o.mayConflate && latest[o.stream+"\x00"+o.key] > i
		if !may {
			w.t.Errorf("deed %d: client %d (%v) misses message %+v", w.deeds, c.number, c.reason, *o.modelMessage)
		}
	}
	c.dropped += lost
	c.owed, c.at = nil, map[int]int{}
	c.unread, c.unreadCount, c.pongs, c.overdue, c.overloaded, c.queueing = 0, 0, 0, false, false, false
}

func (w *modelWorld) book(class string) *modelBook {
	if w.books[class] == nil {
		w.books[class] = new(modelBook)
	}
	return w.books[class]
}

func (c *modelClient) String() string { return fmt.Sprintf("client %d", c.number) }
