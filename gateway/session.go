package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// Session names one WebSocket client. It is a small comparable value: copy it,
// keep it for ever, use it as a map key and from any goroutine. Once the client
// has gone it names nobody; it never comes to name another one.
type Session struct {
	shard  *shard
	handle poller.Handle
}

// Kinds of letters to sessions: what programs ask for, and from letterEnd on what the
// gateway tells itself.
const (
	letterMessage   poller.Kind = iota // Bytes: an encoded data frame
	letterFrame                        // Ref: a codec.Frame
	letterOwed                         // Bytes: an encoded data frame that no policy drops
	letterOwedFrame                    // Ref: a codec.Frame likewise
	letterLeave                        // Ref: the Group
	letterLeaveAll                     // all groups
	letterClose                        // Bytes: a close payload
	letterEnd                          // Ref: the *verdict that ends the session
	letterFault                        // Ref: the error that a message of the peer has ended in
	letterPanic                        // the session's handler panicked
)

// sharedFrom is the payload size from which a send is encoded into memory of
// its own rather than through the mailbox: bytes that the kernel does not take
// at once can then be kept without a copy.
const sharedFrom = 16 << 10

// Send sends one message. It borrows payload and never blocks. Messages sent
// from one goroutine arrive in order, with those of [Session.SendFrame].
//
// No error means that the message is on its way to the session's loop: the
// client may be gone, or be too slow (see [Limits].Outbound), by the time it
// gets there. The errors are [ErrEnded], [ErrBusy] and [ErrMessageType].
func (s Session) Send(t MessageType, payload []byte) error {
	return s.mail(t, payload, letterMessage, letterFrame)
}

// SendOwed is Send for a message that the session must not miss: without room for it
// the session ends with [ReasonSlowConsumer], whatever the policy of its hub.
func (s Session) SendOwed(t MessageType, payload []byte) error {
	return s.mail(t, payload, letterOwed, letterOwedFrame)
}

// mail sends a message in a letter, of a kind that depends on its size.
func (s Session) mail(t MessageType, payload []byte, small, large poller.Kind) error {
	if err := t.check(); err != nil {
		return err
	}
	if s.shard == nil {
		return ErrEnded
	}
	if len(payload) >= sharedFrom {
		f := codec.Encode(ws.OpCode(t), payload)
		return sendError(s.shard.loop.PostRef(s.handle, large, f, f.Len()))
	}
	var header [codec.MaxHeader]byte
	head := codec.AppendHeader(header[:0], ws.Header{Fin: true, OpCode: ws.OpCode(t), Length: int64(len(payload))})
	return sendError(s.shard.loop.Post(s.handle, small, head, payload))
}

// SendFrame sends a message that was encoded once, with [codec.Encode], and is
// shared by all sessions it is sent to. Otherwise it is [Session.Send]. The zero
// Frame has no type: it is refused with [ErrMessageType].
func (s Session) SendFrame(f codec.Frame) error {
	if f.Len() == 0 {
		return ErrMessageType
	}
	if s.shard == nil {
		return ErrEnded
	}
	return sendError(s.shard.loop.PostRef(s.handle, letterFrame, f, f.Len()))
}

// Publish is [Session.Send] for a message with a key, or one that the session may
// be excepted from.
func (s Session) Publish(p Publication) error {
	made, err := encode(&p)
	if err != nil {
		return err
	}
	return s.publish(made)
}

// Deliver is Publish, and waits to learn what became of the message: whether it
// waits for the session, was dropped, or has ended it. It must not be called on
// a loop.
func (s Session) Deliver(ctx context.Context, p Publication) (Reach, error) {
	made, err := encode(&p)
	if err != nil {
		return Reach{}, err
	}
	if s.shard == nil {
		return Reach{}, ErrEnded
	}
	return made.deliver(ctx, s.shard.gateway, s.publish)
}

// Close begins the close handshake, after what was sent and published before
// (RFC 6455 §5.5.1): to send a last message and then close, do just that. code is
// 1000, 1001, 1003 or 1007 for a message of a type or with a content that a
// subprotocol does not allow, 1008 for a policy that the client has violated, 1011
// for a fault of the program's, 1012 for a restart, 1013 for a client that should try
// again later, or 3000 to 4999 for meanings of the program's own; reason is cut to
// 123 bytes. It does not wait. However much waits for the session's loop, the close gets
// through: it makes room.
func (s Session) Close(code ws.StatusCode, reason string) error {
	if err := checkCloseCode(code); err != nil {
		return err
	}
	if s.shard == nil {
		return ErrEnded
	}
	payload := codec.AppendClose(nil, code, reason)
	err := sendError(s.shard.loop.Post(s.handle, letterClose, nil, payload))
	if err == ErrBusy {
		err = s.summon(poller.Letter{Kind: letterClose, Bytes: payload})
	}
	return err
}

// checkCloseCode returns an error for a code that is not a program's to send. The
// others of RFC 6455 §7.4 and of the IANA registry tell what the gateway itself has
// found, or may not be sent at all.
func checkCloseCode(code ws.StatusCode) error {
	switch code {
	case ws.StatusNormalClosure, ws.StatusGoingAway, ws.StatusUnsupportedData, ws.StatusInvalidFramePayloadData,
		ws.StatusPolicyViolation, ws.StatusInternalServerError, statusServiceRestart, statusTryAgainLater:
		return nil
	}
	if code < 3000 || code > 4999 {
		return fmt.Errorf("gateway: close a session: code %d: use 1000, 1001, 1003, 1007, 1008, 1011, 1012, 1013 or 3000 to 4999", code)
	}
	return nil
}

func sendError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, poller.ErrMailboxFull):
		return ErrBusy
	}
	return ErrEnded
}

// publish sends a publication to the session. It may be called from any
// goroutine.
func (s Session) publish(p *publication) error {
	if s.shard == nil {
		return ErrEnded
	}
	return p.post(s.shard.loop, &direct{p, s})
}

// direct is a publication on its way to one session.
type direct struct {
	message *publication
	session Session
}

// directScope tells the keys of messages to single sessions from those of
// shares.
const directScope = 0

// Run sends the message.
func (d *direct) Run(l *poller.Loop) {
	m := d.message
	defer m.receipt.finish()
	s, c := d.session.shard, l.Conn(d.session.handle)
	if c == nil {
		s.counts.undelivered++
		return
	}
	x := s.sessions.At(c.Slot())
	if receives(c, x) && !m.isFor(s, c, x) {
		return
	}
	became := s.give(c, x, m, directScope)
	if became == outcomeGone {
		s.counts.undelivered++
	}
	m.receipt.note(became)
}
