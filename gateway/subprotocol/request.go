package subprotocol

import (
	"bytes"
	"unicode/utf8"
)

// Op is what a client asks for.
type Op uint8

const (
	// OpPing wants a [Pong]. It is no ping of RFC 6455.
	OpPing Op = iota + 1
	// OpJoinGroup and OpLeaveGroup have a Group.
	OpJoinGroup
	OpLeaveGroup
	// OpSendToGroup has a Group, a Payload, Metadata, NoEcho and TTL.
	OpSendToGroup
	// OpEvent has an Event, a Payload and Metadata, for the upstream.
	OpEvent
	// OpSequenceAck has a Sequence, up to which a reliable client has received all
	// messages. Without a [Replay] it means nothing.
	OpSequenceAck
	// OpInvoke has an Invocation, an Event, a Payload and Metadata, for the upstream.
	// It wants an [InvokeResponse].
	OpInvoke
	// OpCancelInvocation has an Invocation whose response the client no longer wants.
	OpCancelInvocation
)

// Request is one client message, parsed. A Request is meant to be used again for
// the next one: it keeps the memory that escaped strings, base64 and metadata have
// needed, up to a few kilobytes.
type Request struct {
	Op Op
	// HasAck says that the client wants an [Ack] with AckID.
	HasAck bool
	// NoEcho says that the sender itself is not to get the message.
	NoEcho bool
	// TTL is for how long the message is worth sending, in seconds: 1 to 300, or 0
	// for ever.
	TTL      uint16
	AckID    uint64
	Sequence uint64
	// Group and Event are names that have passed [CheckGroup] and [CheckEvent].
	// They are borrowed, as Payload and Metadata are, until the message or the
	// Request is used again.
	Group, Event []byte
	Payload      Payload
	// Invocation is not empty; the client has chosen it. Stream is that of a stream
	// which the client means to begin, and empty in other requests: such a request is
	// refused, and a [StreamClosed] tells the client. Borrowed likewise.
	Invocation, Stream []byte
	// Metadata are at most 64 pairs whose keys differ.
	Metadata []Pair

	scratch []byte // what could not be borrowed from the message
}

// Pair is one entry of a message's metadata.
type Pair struct{ Key, Value []byte }

const (
	maxName     = 1024 // characters of a group's name
	maxEvent    = 128  // bytes of an event's name
	maxTTL      = 300  // seconds
	maxMetadata = 64   // pairs
	keptScratch = 4 << 10
)

func (r *Request) reset() {
	clear(r.Metadata) // which would keep the message before
	scratch, metadata := r.scratch[:0], r.Metadata[:0]
	if cap(scratch) > keptScratch {
		scratch = nil
	}
	*r = Request{Metadata: metadata, scratch: scratch}
}

// check holds a request that could be read against the limits of the service.
func (r *Request) check() error {
	switch r.Op {
	case OpJoinGroup, OpLeaveGroup, OpSendToGroup:
		if err := CheckGroup(r.Group); err != nil {
			return err
		}
	case OpEvent, OpInvoke:
		if err := CheckEvent(r.Event); err != nil {
			return err
		}
	}
	if r.TTL > maxTTL {
		return refused("ttlSeconds", "must be 0 to 300")
	}
	return nil
}

// addMetadata refuses a key that is there already: of two values one would be
// lost, and not every reader would lose the same.
func (r *Request) addMetadata(p Pair) error {
	if len(r.Metadata) == maxMetadata {
		return refused("metadata", "must not have more than 64 entries")
	}
	for i := range r.Metadata {
		if bytes.Equal(r.Metadata[i].Key, p.Key) {
			return malformed("metadata", "has "+quoted(p.Key)+" twice")
		}
	}
	r.Metadata = append(r.Metadata, p)
	return nil
}

// CheckGroup reports whether a group may have this name: 1 to 1024 characters,
// not only white space. The error is an [*Error].
func CheckGroup(name []byte) error {
	if len(bytes.TrimSpace(name)) == 0 {
		return refused("group", "must not be empty or blank")
	}
	if len(name) > maxName && utf8.RuneCount(name) > maxName {
		return refused("group", "must not have more than 1024 characters")
	}
	return nil
}

// CheckEvent reports whether a user event may have this name: a letter, then
// letters, digits, '_', '.' and '-', at most 128 of ASCII. The error is an
// [*Error].
func CheckEvent(name []byte) error {
	if len(name) == 0 || len(name) > maxEvent {
		return refused("event", "must have 1 to 128 characters")
	}
	for i, c := range name {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		other := '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-'
		if !letter && (i == 0 || !other) {
			return refused("event", "must be a letter, then letters, digits, '_', '.' or '-'")
		}
	}
	return nil
}
