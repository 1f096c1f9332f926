package subprotocol

// Message is what a group, a user, a session or a whole hub is sent. All slices are
// borrowed by the call that appends it.
type Message struct {
	// Group is the group that the message was sent to; empty for a message from the
	// server.
	Group string
	// User is the user id of the session that has sent it; empty if it has none, and
	// for a message from the server. Protobuf has no place for it.
	User    string
	Payload Payload
	// Metadata are pairs whose keys differ.
	Metadata []Pair
}

// Append appends the frame for members that are not reliable. The same bytes serve
// all members of one encoding, and [Encoding.AppendStamped] makes of them what a
// reliable one gets. A simple client gets the payload alone.
func (m *Message) Append(dst []byte, e Encoding) []byte {
	switch e {
	case JSON:
		return m.appendJSON(dst)
	case Protobuf:
		return m.appendProtobuf(dst)
	}
	if m.Payload.Type == JSONData || m.Payload.Type == Text {
		return appendUTF8(dst, m.Payload.Data)
	}
	return append(dst, m.Payload.Data...)
}

// AppendStamped appends a message with its sequence id. It borrows shared, which is
// what [Message.Append] has made in the same encoding. Simple clients have no
// sequence ids: theirs is appended as it is.
func (e Encoding) AppendStamped(dst, shared []byte, sequence uint64) []byte {
	switch e {
	case JSON:
		return stampJSON(dst, shared, sequence)
	case Protobuf:
		return stampProtobuf(dst, shared, sequence)
	}
	return append(dst, shared...)
}

// AckResult is how a request with an ack id has ended.
type AckResult uint8

const (
	// AckSuccess is the only one that [Acks] is to be told of.
	AckSuccess AckResult = iota
	// AckForbidden: the session's [Permissions] do not allow it.
	AckForbidden
	// AckDuplicate: it was done before. The clients' libraries count that as
	// success.
	AckDuplicate
	// AckBadRequest: it is refused by an [*Error] that does not close.
	AckBadRequest
	// AckInternalServerError: the upstream or the gateway has failed.
	AckInternalServerError
)

var ackResults = [...]string{
	AckSuccess:             "Success",
	AckForbidden:           "Forbidden",
	AckDuplicate:           "Duplicate",
	AckBadRequest:          "BadRequest",
	AckInternalServerError: "InternalServerError",
}

// String returns the name that an ack's error has, for example "Forbidden".
func (a AckResult) String() string { return ackResults[a] }

// Ack answers a request that has an ack id.
type Ack struct {
	ID     uint64
	Result AckResult
	// Text says what was wrong; it is sent unless the result is AckSuccess.
	Text string
}

// Append appends the frame; nothing for simple clients.
func (a Ack) Append(dst []byte, e Encoding) []byte { return appendNotice(dst, e, a) }

// InvokeResponse answers [OpInvoke].
type InvokeResponse struct {
	Invocation string
	// Result is [AckSuccess], or what was wrong, which Text says.
	Result AckResult
	Text   string
	// Payload is the upstream's answer, if the result is AckSuccess; without data
	// there is none.
	Payload Payload
}

// Append appends the frame; nothing for clients that do not speak JSON, who cannot
// invoke.
func (i InvokeResponse) Append(dst []byte, e Encoding) []byte { return appendNotice(dst, e, i) }

// StreamClosed tells a client that a stream it has begun is none.
type StreamClosed struct {
	Stream string
	Result AckResult // not AckSuccess
	Text   string
}

// Append appends the frame; nothing for simple clients.
func (s StreamClosed) Append(dst []byte, e Encoding) []byte { return appendNotice(dst, e, s) }

// Connected is the first frame of a session. After a recovery none is needed.
type Connected struct {
	Connection string
	User       string // empty if the session has none
	// Token is what [Recovery.Mint] gives for reliable clients; empty for others.
	Token string
}

// Append appends the frame; nothing for simple clients.
func (c Connected) Append(dst []byte, e Encoding) []byte { return appendNotice(dst, e, c) }

// Disconnected is the last frame before the server closes.
type Disconnected struct {
	Reason string
}

// Append appends the frame; nothing for simple clients.
func (d Disconnected) Append(dst []byte, e Encoding) []byte { return appendNotice(dst, e, d) }

// Pong answers [OpPing].
type Pong struct{}

// Append appends the frame; nothing for simple clients.
func (p Pong) Append(dst []byte, e Encoding) []byte { return appendNotice(dst, e, p) }

// notice is a frame that is no message.
type notice interface {
	appendJSON(dst []byte) []byte
	appendProtobuf(dst []byte) []byte
}

// appendNotice has a type of its own for each notice: an interface would allocate.
func appendNotice[N notice](dst []byte, e Encoding, n N) []byte {
	switch e {
	case JSON:
		return n.appendJSON(dst)
	case Protobuf:
		return n.appendProtobuf(dst)
	}
	return dst
}
