// Package subprotocol is the bytes and the rules of the Web PubSub client protocols:
// what a client may ask for over its WebSocket, what it is answered, and what the
// gateway has to remember for it.
//
// It knows no session, hub or connection, reads no clock and starts no goroutine. A
// session's handler holds its values and does what the requests ask for.
//
// # Protocols
//
// [Lookup] turns the name that was negotiated into a [Protocol]: an [Encoding], and
// whether it is reliable.
//
//	json.webpubsub.azure.v1               JSON
//	json.reliable.webpubsub.azure.v1      JSON, Reliable
//	protobuf.webpubsub.azure.v1           Protobuf
//	protobuf.reliable.webpubsub.azure.v1  Protobuf, Reliable
//	any other, or none                    Simple
//
// A handler sees nothing of the encoding. [Encoding.Parse] makes a [Request] of a
// message. [Message], [Ack], [InvokeResponse], [StreamClosed], [Connected],
// [Disconnected] and [Pong] each have an Append for what goes back; [Encoding.OpCode] says in which kind of frame. Between
// the two a [Payload] is of one of four types, and any client can be sent any of
// them.
//
// # One request
//
// After Parse, a handler
//
//  1. closes with [Error].Close if that is set, or refuses with [AckBadRequest];
//  2. answers [AckDuplicate] to an ack id that has [Acks.Succeeded];
//  3. asks [Permissions.Allow], and answers [AckForbidden] if that says no;
//  4. does it, answers [AckSuccess], and tells [Acks.Add].
//
// A request without an ack id gets no answer, whatever becomes of it, but for
// [OpInvoke], whose answer is an [InvokeResponse], and for the beginning of a stream,
// which is refused with a [StreamClosed].
//
// What cannot be read closes the session with 1007, as the service does: broken JSON
// or protobuf, a field that is missing, of the wrong type or given twice, a type of
// request that is unknown or not served here (streams' data, group state). A
// frame of the wrong kind closes it with 1003. What can be read and breaks a limit is
// refused and the session stays: a group or an event with a name that cannot be, a
// ttlSeconds above 300, more than 64 entries of metadata, or the beginning of a
// stream. Members that mean nothing are passed over.
//
// # One message for many
//
// [Message.Append] is called once for each encoding that a group's members have. A
// session that is not reliable is sent these bytes. For one that is,
// [Replay.Add] keeps a reference to them and gives the sequence id, with which
// [Encoding.AppendStamped] makes the session's own frame. An [OpSequenceAck] goes to
// [Replay.Ack]. Beyond 1000 messages or 16 MiB Add fails with [ErrReplayFull], and
// the session ends with 1008.
//
// # Recovery
//
// [Recovery.Mint] makes the token of [Connected], and [Recovery.Verify] checks it when
// the client comes back. Then all of [Replay.All] is stamped and sent again, and
// what is new after that. The Replay, the Acks and the Permissions are those of
// before.
//
// # Roles
//
// [Roles.Permissions] reads the roles of a token or of a connect event.
//
//	webpubsub.sendToGroup             any group; joinLeaveGroup likewise
//	webpubsub.sendToGroup.news        the group news
//	webpubsub.sendToGroups.news.*     groups whose names match
//
// [Permissions.Grant] and [Permissions.Revoke] change them for one group at a time. A
// session without roles has two nil pointers, and sessions with the same roles share
// what these take.
//
// # Bytes
//
// As in package codec, a function borrows, takes or returns owned. A [Request] borrows
// from the message it was parsed from, and keeps what it had to unescape or decode in
// memory of its own, which the next Parse uses again. Append takes dst and borrows
// everything else.
//
// # Goroutines and cost
//
// [Roles] and [Recovery] may be used by any goroutine. Everything else belongs to one
// at a time.
//
// Neither parsing nor appending allocates, apart from errors, what a Request keeps,
// and the mending of text that is not UTF-8 (BenchmarkParseJSON and others, one core
// of an AMD EPYC that others were using too):
//
//	parse sendToGroup   290 ns   126 bytes of JSON; 4 KiB of text 1.2 µs
//	                    260 ns   the same in protobuf
//	append a message     80 ns   once for each encoding
//	stamp it             25 ns   once for each reliable session
//	Allow                 4 ns   with a general role; a group 10 ns, a pattern 50 ns
//	Verify              830 ns
//
// A session that is reliable holds 40 bytes for each message that is not acknowledged,
// and the message itself for as long as any session does. Acks take 16 bytes, and as
// much again for each failure among the last 1000 requests.
package subprotocol
