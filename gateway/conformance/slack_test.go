//go:build !race

package conformance_test

// slack stretches the time limits on echoes.
const slack = 1
