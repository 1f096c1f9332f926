package gateway

import "github.com/sluicegate/sluice/codec"

// batch is messages laid end to end, once for all who are sent all of them.
type batch struct {
	messages  []*publication
	selective bool // not everyone is sent all
	plain     []byte
	deflated  *[windows][]byte // by what was agreed; nil: not made yet
}

// endToEnd returns a batch of messages, which it takes.
func endToEnd(messages []*publication) batch {
	b := batch{messages: messages}
	size := 0
	for _, m := range messages {
		size += m.frame.Len()
		b.selective = b.selective || m.selective()
	}
	if len(messages) == 1 {
		b.plain = messages[0].frame.Bytes()
		return b
	}
	b.plain = make([]byte, 0, size)
	for _, m := range messages {
		b.plain = append(b.plain, m.frame.Bytes()...)
	}
	return b
}

// bytesFor returns the messages as a session is sent them that has agreed on d.
func (b *batch) bytesFor(rt *route, d codec.Deflate) []byte {
	if d == 0 {
		return b.plain
	}
	if b.deflated == nil {
		b.deflated = new([windows][]byte)
	}
	form := &b.deflated[d%windows]
	if *form != nil {
		return *form
	}
	if len(b.messages) == 1 {
		*form = rt.compress(d, b.messages[0].outgoing(0)).frame
		return *form
	}
	whole := make([]byte, 0, len(b.plain))
	for _, m := range b.messages {
		whole = append(whole, rt.compress(d, m.outgoing(0)).frame...)
	}
	*form = whole
	return whole
}

// noteAll counts one outcome for every message.
func (b *batch) noteAll(o outcome) {
	for _, m := range b.messages {
		m.receipt.note(o)
	}
}
