package buf

import (
	"bytes"

	"github.com/cloudwego/netpoll"
)

// Chain is the output that a peer has not taken yet: slices in order, some
// copied, some shared with other chains. It belongs to the loop of its
// connection. Make one with [NewChain].
type Chain struct {
	link *netpoll.LinkBuffer
}

// NewChain returns an empty chain.
func NewChain() *Chain { return &Chain{netpoll.NewLinkBuffer()} }

// Len returns the number of bytes in the chain.
func (c *Chain) Len() int { return c.link.Len() }

// Append adds a copy of p, which it borrows.
func (c *Chain) Append(p []byte) {
	// LinkBuffer's own copying writes must not be mixed with WriteDirect.
	c.AppendShared(bytes.Clone(p))
}

// AppendShared adds p without copying. It keeps p until it was sent; p must
// never change again.
func (c *Chain) AppendShared(p []byte) {
	c.link.WriteDirect(p, 0)
	c.link.Flush()
}

// Slices fills into with the first slices of the chain and returns those
// filled, at most cap(into). The caller borrows them until the next call of
// another method.
func (c *Chain) Slices(into [][]byte) [][]byte {
	return c.link.GetBytes(into[:cap(into)])
}

// Skip drops the first n bytes, which have been sent; n is at most Len.
func (c *Chain) Skip(n int) {
	c.link.Skip(n)
	c.link.Release()
}

// Close gives back what the chain holds. It must not be used again.
func (c *Chain) Close() { c.link.Close() }
