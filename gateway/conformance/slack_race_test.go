//go:build race

package conformance_test

// slack stretches the time limits on echoes: the race detector makes the server
// 5 to 10 times slower.
const slack = 5
