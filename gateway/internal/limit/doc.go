// Package limit holds what decides whether a peer may have one more.
//
//   - [Count] and [Keyed] bound how many of something there are at once: in all,
//     and for each key.
//   - [Bucket] and [SharedBucket] bound how many come in a second. They hold what
//     was spent; the [Rate] is the caller's, so that a million sessions share one.
//     [Buckets] has one for each key.
//   - [Access] says which addresses are let in, by lists of networks
//     ([Prefixes]). [Mask] says which addresses count as one peer.
//
// Nothing here has a goroutine, a timer or a clock: the time is an argument. Zero
// values are ready. A type may be used from any goroutine unless it says
// otherwise.
package limit
