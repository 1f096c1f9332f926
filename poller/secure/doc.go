// Package secure makes TLS connections of bytes, for event loops that hold many
// of them and cannot wait for any.
//
// crypto/tls does the handshake, on a goroutine that ends with it
// ([Handshake]). What is left is to seal and open records, and for TLS 1.3 that
// is done here ([Session]): keys, sequence numbers and, between two reads, the
// bytes of an unfinished record. An idle connection takes some 300 bytes of
// memory, where a crypto/tls one was measured to take 6 to 11 KB. TLS 1.2
// connections stay with crypto/tls.
//
// The package does no I/O of its own and knows no sockets.
package secure
