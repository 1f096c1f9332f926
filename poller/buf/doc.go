// Package buf holds bytes in flight: segments that input is read into, and
// chains of output that a peer has not taken yet.
//
// An idle connection holds neither. Input lives in a [Segment] of its loop
// until the last message in it has been handled; output is written straight
// from where it was framed, and only what the kernel refuses enters a [Chain].
package buf
