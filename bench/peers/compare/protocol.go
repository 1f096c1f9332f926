package main

import (
	"bufio"
	"fmt"
	"net"
)

// protocol is what publishers and members speak with a server of groups. Any
// goroutine may use it.
type protocol interface {
	// join makes the client on conn, whose input is in, a user and a member of
	// group. When it returns, what is published to the group is delivered.
	join(conn net.Conn, in *bufio.Reader, user, group string) error
	// receive returns the text that a frame delivers, and the payload of the frame
	// that answers it; nil if there is none. It borrows payload, as delivered does.
	receive(payload []byte) (delivered, answer []byte)
	// request returns the HTTP request that publishes text to a group. The text
	// needs no escapes and stands in the request as it is.
	request(address, group, text string) []byte
	// accepted reports whether that is what a request was answered with.
	accepted(status int, body []byte) bool
}

// post returns an HTTP request with a body; authorization is a header field.
func post(address, target, authorization, media, body string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: compare\r\n%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		target, address, authorization, media, len(body), body)
}
