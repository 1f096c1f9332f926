package gateway

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

// bytesFor returns the messages as a session is sent them that has agreed on
// what x has.
func (b *batch) bytesFor(s *shard, x *session) []byte {
	if x.deflate == 0 {
		return b.plain
	}
	if b.deflated == nil {
		b.deflated = new([windows][]byte)
	}
	form := &b.deflated[x.deflate%windows]
	if *form != nil {
		return *form
	}
	if len(b.messages) == 1 {
		*form = s.compress(x, b.messages[0].outgoing(0)).frame
		return *form
	}
	whole := make([]byte, 0, len(b.plain))
	for _, m := range b.messages {
		whole = append(whole, s.compress(x, m.outgoing(0)).frame...)
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
