// Package codec turns the bytes of RFC 6455 into values and values into bytes:
// frame headers, masking, messages assembled from frames, UTF-8, close payloads,
// the HTTP text of the opening handshake, and the compression of RFC 7692.
//
// It is not a connection. It reads no socket and no clock, starts no goroutine,
// takes no lock and logs nothing. Functions work on the slices they are given;
// the one type with a memory of its own is [Decoder].
//
// # Receiving
//
// A [Decoder] takes bytes as they come, cut anywhere, and hands out one complete
// message or control frame at a time. A frame that lies wholly in the bytes is
// unmasked where it lies and not copied: for a text message of 64 bytes this
// takes 40 ns and no allocation. What did not come in one piece is assembled
// in memory that grows with what arrived, whatever length a header claims.
// Between messages a Decoder is one nil pointer.
//
// [ParseHeader], [Check], [Unmask], [UTF8] and [ParseClose] are the parts it is
// made of, for those who need one alone.
//
// # Sending
//
// [AppendFrame] writes a frame behind other output. [Encode] makes a [Frame],
// encoded once and shared by all the sessions it goes to.
//
// # Compression
//
// [NegotiateDeflate] picks one of the client's offers, and a session keeps the
// one byte of its [Deflate]. A message that is worth it goes through
// [Deflate.AppendMessage] and then [AppendCompressedFrame], or [EncodeCompressed]
// once for all sessions of the same Deflate. Set Compression in the [Limits] of
// the decoder, and what comes out with Compressed set goes through [InflateText]
// or [Inflate], under a limit of its own; the decoder's is on what was received.
//
// No context is taken over from message to message. Compressors and
// decompressors therefore belong to nobody: they are pooled, and a session
// without a message in hand holds none.
//
// # The opening handshake
//
// [HeadEnd] finds where a request head ends, [ParseRequest] reads it,
// [Request.CheckUpgrade] holds it against RFC 6455 §4.2.1, and [AppendUpgrade]
// answers. A head of broken syntax is refused even if it asks for no upgrade, so
// that nobody behind this parser reads it another way.
//
// # Errors
//
// What a peer does wrong after the handshake is an [*Error], which carries the
// close code to answer with; before, it is a [*HeadError], which carries the HTTP
// status. No input causes a panic.
//
// # Bytes
//
// Of every byte slice the documentation says one of three words. A function
// borrows a slice that it does not keep after it returns, or whose part it
// returns for the caller to use while the slice keeps. It takes a slice that is
// the caller's no more, as append does; use what comes back. It returns owned
// what belongs to the caller from then on.
//
// Strings are never borrowed: those of a [Request] are a copy.
//
// # Goroutines
//
// A [Frame] may be read by any goroutine at any time. A [Decoder], a [UTF8] and
// the bytes given to a call belong to one goroutine at a time, which need not
// always be the same.
package codec
