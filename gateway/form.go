package gateway

import (
	"sync"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/codec"
	"github.com/sluicegate/sluice/poller"
)

// Form tells apart sessions that are sent one message in different bytes, because
// they speak different subprotocols. What each number stands for is the program's
// to say. A session has one from its beginning: [Request].Form. Form 0 is that of
// sessions that are sent a payload as it is.
type Form uint8

// Forms is the number of forms: 0 to 7.
const Forms = 8

// Content is a message before it has a form. It is shared by several loops, so it
// must not change.
type Content interface {
	// Append appends the message in a form other than 0 to dst, which it takes, and
	// returns the extended slice and the type of the message. If that is neither
	// [Text] nor [Binary], sessions of the form are not sent the message.
	//
	// It is called once for each form that a session has which the message is for,
	// on the loop of the first such session, and for different forms on several
	// loops at once. It must not block. One that panics withholds the message.
	Append(dst []byte, form Form) ([]byte, MessageType)
}

// Encoder makes the bytes of messages with a [Content] for one session alone,
// which may differ from any other's: they may carry a number that counts the
// session's messages. It is called on the session's loop, once for each message
// and in their order, and must not block. What it makes is sent: no policy drops
// it, and a session too slow for it ends with 1013. An encoder that panics ends
// its session with 1011.
//
// Handlers may run on workers at the same time: state that both use needs a lock.
type Encoder interface {
	// Append appends the message to dst, which it takes, and returns the extended
	// slice and the type, as [Content].Append does. m is the message in the session's
	// form. It is made once for all sessions of the form: m.Payload is borrowed for
	// the call, and must not be written to.
	Append(dst []byte, m Message, of Content) ([]byte, MessageType)
}

// encoded is a message in one form. Without a frame, it is withheld from sessions
// of the form.
type encoded struct {
	frame    codec.Frame
	deflated *deflated // nil: no receiver has agreed on compression
}

// forms is a message in the forms other than 0: each is made once, by the first
// loop that needs it.
type forms struct {
	// Fixed once published.
	content    Content
	compressed bool // receivers may have agreed on compression

	made [Forms - 1]struct {
		once sync.Once
		encoded
	}
}

// in returns the message in a form.
func (p *publication) in(s *shard, form Form) *encoded {
	if p.forms == nil || form == 0 {
		return &p.plain
	}
	return p.forms.in(s, form)
}

func (f *forms) in(s *shard, form Form) *encoded {
	one := &f.made[form-1]
	one.once.Do(func() {
		one.frame = f.encode(s, form)
		if f.compressed {
			one.deflated = new(deflated)
		}
	})
	return &one.encoded
}

// encode asks the program for the message in one form.
func (f *forms) encode(s *shard, form Form) (frame codec.Frame) {
	defer func() {
		if fault := recover(); fault != nil {
			s.gateway.journal.panicked("Content.Append", Session{}, fault)
		}
	}()
	payload, t := f.content.Append(s.small[:0], form)
	s.keepSmall(payload)
	if t.check() != nil {
		return codec.Frame{}
	}
	return codec.Encode(ws.OpCode(t), payload)
}

// formed reports whether a session may be sent other bytes than those of form 0.
func (x *session) formed() bool { return x.form != 0 || x.flags&flagEncoder != 0 }

// form makes of m, a message in form 0, what a session is sent for it. It reports
// false if that is nothing.
func (s *shard) form(c *poller.Conn, x *session, f *forms, m *outgoing) bool {
	if x.form != 0 {
		e := f.in(s, x.form)
		m.frame, m.deflated = e.frame.Bytes(), e.deflated
	}
	if len(m.frame) == 0 || !receives(c, x) {
		return false
	}
	return x.flags&flagEncoder == 0 || s.encodeFor(c, x, f, m)
}

// encodeFor has the session's own encoder make the message.
func (s *shard) encodeFor(c *poller.Conn, x *session, f *forms, m *outgoing) (made bool) {
	defer func() {
		if fault := recover(); fault != nil {
			s.gateway.journal.panicked("Encoder.Append", s.session(c), fault)
			s.endWith(c, x, ReasonHandlerPanic)
		}
	}()
	header, start, _ := codec.ParseHeader(m.frame)
	shared := Message{MessageType(header.OpCode), m.frame[start:len(m.frame):len(m.frame)]}
	payload, t := s.rarities.Get(c.Slot()).encoder.Append(s.small[:0], shared, f.content)
	s.keepSmall(payload)
	if t.check() != nil {
		return false
	}
	m.owed, m.deflated = true, nil
	if len(payload) >= sharedFrom {
		m.frame = codec.Encode(ws.OpCode(t), payload).Bytes()
		return true
	}
	s.reserve(codec.MaxHeader + len(payload))
	at := len(s.responses)
	s.responses = codec.AppendFrame(s.responses, ws.OpCode(t), payload)
	m.frame, m.shared = s.responses[at:], false
	return true
}

// keptSmall bounds what a shard keeps for the next message that it makes or
// compresses.
const keptSmall = 64 << 10

// keepSmall keeps the memory of a message that was made for the next one.
func (s *shard) keepSmall(p []byte) {
	s.small = p[:0]
	if cap(p) > keptSmall {
		s.small = nil
	}
}
